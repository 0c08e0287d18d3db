#include "proto_http/server.hpp"

#include "proto_http/client.hpp"
#include "proto_http/doorbell.hpp"
#include "proto_http/errc.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <list>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

using support::raw_client;

/// Short enough for a test, long enough for a busy machine where they must not be hit.
constexpr auto soon = 30ms;

asio::awaitable<reply> say_hello(request asked)
{
    reply answer;
    answer.body = "hello " + std::string(asked.param("name")) + std::string(asked.query_value("mark")) + "\n";
    co_return answer;
}

asio::awaitable<reply> echo(request asked)
{
    reply answer;
    answer.content_type = asked.field("Content-Type");
    answer.body = std::move(asked.body);
    answer.fields.emplace_back("X-Method", asked.method);
    co_return answer;
}

asio::awaitable<reply> fail(request)
{
    throw std::runtime_error("no such luck");
    co_return reply{};
}

/// Answers with the status that is asked for, and with a header field.
asio::awaitable<reply> with_status(request asked)
{
    reply answer;
    answer.status = static_cast<unsigned>(std::stoul(std::string(asked.param("status"))));
    answer.body = "body\n";
    answer.fields.emplace_back("X-Echo", asked.query_value("echo"));
    co_return answer;
}

std::string get_text(std::string_view target, std::string_view more = "")
{
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

/// The status of each response in what a server sent.
std::vector<std::string> statuses(const std::string& received)
{
    static const std::regex line("HTTP/1\\.1 ([0-9]{3}) [A-Z][A-Za-z -]*\r\n");
    std::vector<std::string> found;
    for (std::sregex_iterator at(received.begin(), received.end(), line), end; at != end; ++at)
        found.push_back((*at)[1]);
    return found;
}

struct fixture : ::testing::Test {
    asio::io_context io{1};
    server_limits limits;
    std::vector<std::pair<std::string, std::string>> errors;
    error_page own_errors;
    std::optional<server> serving;
    std::optional<support::running<void>> service;
    address where;

    bool is_released = false; ///< lets the handler of `/slow` go on
    int slow_requests = 0;

    void start(std::string_view listen = "127.0.0.1:0")
    {
        const auto slow = [this](request asked) { return answer_slowly(std::move(asked)); };
        serving.emplace(
            router({
                {"hello", "GET", "/hello/{name}", say_hello},
                {"echo", "POST", "/echo", echo},
                {"echo", "PUT", "/echo", echo},
                {"fail", "GET", "/fail", fail},
                {"status", "GET", "/status/{status}", with_status},
                {"slow", "GET", "/slow", slow},
            }),
            limits, [this](std::string_view route, std::string_view what) { errors.emplace_back(route, what); },
            own_errors);
        auto on = listener::bind(io.get_executor(), listen).value();
        where = tcp_address{"127.0.0.1", on.port()};
        service.emplace(io, serving->serve(std::move(on)));
    }

    asio::awaitable<reply> answer_slowly(request)
    {
        ++slow_requests;
        asio::steady_timer timer(co_await asio::this_coro::executor);
        while (!is_released) {
            timer.expires_after(1ms);
            co_await timer.async_wait(use_result);
        }
        reply answer;
        answer.body = "at last\n";
        co_return answer;
    }

    /// Sends `bytes` on a new connection; everything that comes until the server closes it.
    std::string exchange(std::string bytes)
    {
        if (!serving)
            start();
        raw_client peer(io);
        auto received = support::run(io, peer.exchange(where, std::move(bytes)));
        EXPECT_FALSE(peer.was_reset());
        return received;
    }

    /// Sends a request that the server takes and closes behind.
    std::string last_exchange(std::string_view target) { return exchange(get_text(target, "Connection: close\r\n")); }

    /// A connection with `bytes` sent.
    raw_client open(std::string bytes = "")
    {
        raw_client peer(io);
        support::run(io, peer.connect(where));
        if (!bytes.empty())
            support::run(io, peer.send(std::move(bytes)));
        return peer;
    }

    std::string receive_all(raw_client& peer) { return support::run(io, peer.receive_all()); }
    std::string receive_until(raw_client& peer, std::string end, std::size_t count = 1)
    {
        return support::run(io, peer.receive_until(std::move(end), count));
    }

    bool wait_for_connections(std::size_t count)
    {
        return support::run_until(io, [&] { return serving->connections() == count; });
    }

    /// Stops the server and waits until it has.
    void stop()
    {
        service->cancel();
        service->get();
    }
};

using Server = fixture;

// --- Answers ---

TEST_F(Server, AnswersARequest)
{
    const auto received = last_exchange("/hello/you?mark=%21");
    EXPECT_THAT(received, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nContent-Length: 11\r\n"));
    EXPECT_THAT(received, EndsWith("\r\n\r\nhello you!\n"));
}

TEST_F(Server, SendsADate)
{
    EXPECT_TRUE(
        std::regex_search(last_exchange("/hello/you"),
                          std::regex("\r\nDate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} "
                                     "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT\r\n")));
}

TEST_F(Server, SpeaksWithOurClient)
{
    start();
    client from(io.get_executor(), where);
    for (int request = 0; request < 3; ++request) {
        const auto got = support::run(io, from.get("/hello/client"));
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->body, "hello client\n");
    }
    EXPECT_EQ(support::run(io, from.get("/nothing"))->head.status, 404U);
    EXPECT_EQ(serving->connections(), 1U);
}

TEST_F(Server, AnswersHeadWithTheLengthButNoBody)
{
    const auto received =
        exchange("HEAD /hello/you HTTP/1.1\r\nHost: a\r\n\r\n" + get_text("/hello/me", "Connection: close\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nContent-Length: 10\r\n"));
    EXPECT_THAT(received, Not(HasSubstr("hello you")));
    EXPECT_THAT(statuses(received), ElementsAre("200", "200"));
}

TEST_F(Server, KnowsNoOtherPath)
{
    const auto received = last_exchange("/nothing");
    EXPECT_THAT(received, StartsWith("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_THAT(received, EndsWith("\r\n\r\n404 Not Found\n"));
    EXPECT_THAT(received, Not(HasSubstr("Allow")));
}

TEST_F(Server, NamesTheMethodsOfAPath)
{
    const auto received = exchange("DELETE /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(received, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nAllow: POST, PUT\r\n"));
}

TEST_F(Server, DoesNotKnowUnheardOfMethods)
{
    EXPECT_THAT(statuses(exchange("BREW /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")),
                ElementsAre("501"));
}

TEST_F(Server, SendsNoBodyWhereNoneMayBe)
{
    for (const auto* status : {"204", "304"}) {
        const auto received = last_exchange("/status/"s + status);
        EXPECT_THAT(statuses(received), ElementsAre(status));
        EXPECT_THAT(received, EndsWith("\r\n\r\n")) << status;
        EXPECT_THAT(received, Not(HasSubstr("Content-Length"))) << status;
    }
}

TEST_F(Server, LetsNobodyWriteHeaderLines)
{
    EXPECT_THAT(last_exchange("/status/200?echo=fine"), HasSubstr("\r\nX-Echo: fine\r\n"));
    for (const auto* target : {"/status/200?echo=a%0d%0aSet-Cookie:%20b", "/status/200?echo=%0a",
                               "/status/200?echo=%00", "/status/99", "/status/1000"}) {
        const auto received = last_exchange(target);
        EXPECT_THAT(statuses(received), ElementsAre("500")) << target;
        EXPECT_THAT(received, Not(HasSubstr("Set-Cookie"))) << target;
    }
    EXPECT_EQ(errors.size(), 5U);
}

TEST_F(Server, SurvivesAHandlerThatThrows)
{
    const auto received = exchange(get_text("/fail") + get_text("/hello/you"));
    EXPECT_THAT(statuses(received), ElementsAre("500"));
    EXPECT_THAT(received, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(errors, ElementsAre(Pair("fail", "no such luck")));
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    EXPECT_THAT(statuses(last_exchange("/status/rubbish")), ElementsAre("500"));
}

TEST_F(Server, LetsItsUserWordItsErrors)
{
    own_errors = [](unsigned status) {
        reply answer;
        answer.content_type = "application/json";
        answer.body = "{\"status\":" + std::to_string(status) + "}";
        return answer;
    };
    EXPECT_THAT(last_exchange("/nothing"),
                AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"), HasSubstr("\r\nContent-Type: application/json\r\n"),
                      EndsWith("\r\n\r\n{\"status\":404}")));
    EXPECT_THAT(exchange("DELETE /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                AllOf(HasSubstr("\r\nAllow: POST, PUT\r\n"), EndsWith("{\"status\":405}")));
    EXPECT_THAT(exchange("nonsense\r\n\r\n"), EndsWith("{\"status\":400}"));
    EXPECT_THAT(last_exchange("/fail"), EndsWith("{\"status\":500}"));
}

// --- Streams ---

/// Writes a greeting, then what the test says, when it says it.
struct scripted_stream : fixture {
    std::optional<doorbell> more;
    std::vector<std::string> pieces; ///< to be sent next
    bool is_last = false;            ///< end after them
    bool is_lost = false;            ///< throw after them
    int begun = 0;
    int ended = 0;

    void start_streams()
    {
        more.emplace(io.get_executor());
        const auto stream = [this](request) -> asio::awaitable<reply> {
            reply answer;
            answer.content_type = "text/event-stream";
            answer.farewell = "bye\n";
            answer.stream = [this](piece_sender send) { return write(std::move(send)); };
            co_return answer;
        };
        serving.emplace(router({{"stream", "GET", "/stream", stream}, {"hello", "GET", "/hello/{name}", say_hello}}),
                        limits,
                        [this](std::string_view route, std::string_view what) { errors.emplace_back(route, what); });
        auto on = listener::bind(io.get_executor(), "127.0.0.1:0").value();
        where = tcp_address{"127.0.0.1", on.port()};
        service.emplace(io, serving->serve(std::move(on)));
    }

    asio::awaitable<void> write(piece_sender send)
    {
        ++begun;
        const std::unique_ptr<int, void (*)(int*)> at_end(&ended, [](int* count) { ++*count; });
        bool is_read = co_await send("hello\n");
        while (is_read && !is_last) {
            if (pieces.empty())
                co_await more->wait();
            for (auto& piece : std::exchange(pieces, {}))
                is_read = is_read && co_await send(std::move(piece));
            if (is_lost)
                throw std::runtime_error("lost the thread");
        }
    }

    void say(std::string piece, bool last = false)
    {
        pieces.push_back(std::move(piece));
        is_last = last;
        more->ring();
    }

    /// A connection whose stream has begun; its head and greeting are in `received`.
    raw_client read_stream()
    {
        auto peer = open(get_text("/stream"));
        received = receive_until(peer, "hello\n\r\n");
        return peer;
    }
    std::string received;
};

using Streams = scripted_stream;

TEST_F(Streams, AreSentInChunksAsTheyCome)
{
    start_streams();
    auto peer = read_stream();
    EXPECT_THAT(received, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nContent-Type: text/event-stream\r\n"));
    EXPECT_THAT(received, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_THAT(received, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(received, EndsWith("\r\n\r\n6\r\nhello\n\r\n"));
    EXPECT_EQ(serving->streams(), 1U);

    say("0123456789abcdef");
    EXPECT_EQ(receive_until(peer, "f\r\n"), "10\r\n0123456789abcdef\r\n");
    say("");
    say("end", true);
    EXPECT_EQ(receive_all(peer), "3\r\nend\r\n0\r\n\r\n");
    EXPECT_FALSE(peer.was_reset());
    EXPECT_TRUE(wait_for_connections(0));
    EXPECT_EQ(serving->streams(), 0U);
    EXPECT_TRUE(errors.empty());
}

TEST_F(Streams, AreUnderstoodByOurClient)
{
    start_streams();
    client from(io.get_executor(), where);
    is_last = true;
    const auto got = support::run(io, from.get("/stream"));
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->body, "hello\n");
}

TEST_F(Streams, EndWithTheConnectionForHttp10)
{
    start_streams();
    is_last = true;
    const auto text = exchange("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_THAT(text, EndsWith("\r\n\r\nhello\n"));
    EXPECT_THAT(text, Not(HasSubstr("chunked")));
}

TEST_F(Streams, HaveAHeadOfTheirOwn)
{
    start_streams();
    const auto text = exchange("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(text, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_THAT(text, EndsWith("\r\n\r\n"));
    EXPECT_EQ(begun, 0);
}

TEST_F(Streams, EndWithLastWordsWhenTheServerStops)
{
    start_streams();
    auto peer = read_stream();
    auto other = read_stream();
    const auto begin = std::chrono::steady_clock::now();
    service->cancel();
    EXPECT_EQ(receive_all(peer), "4\r\nbye\n\r\n0\r\n\r\n");
    peer.close();
    EXPECT_EQ(receive_all(other), "4\r\nbye\n\r\n0\r\n\r\n");
    other.close();
    service->get();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, limits.drain) << "nothing had to be cancelled";
    EXPECT_EQ(serving->connections(), 0U);
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(errors.empty());
}

TEST_F(Streams, EndWhenTheirReaderHasGone)
{
    start_streams();
    auto peer = read_stream();
    peer.close();
    EXPECT_TRUE(wait_for_connections(0));
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(errors.empty());
}

TEST_F(Streams, DoNotListenToTheirReader)
{
    start_streams();
    auto peer = read_stream();
    support::run(io, peer.send(get_text("/hello/you") + std::string(100'000, 'x')));
    say("more", true);
    EXPECT_EQ(receive_all(peer), "4\r\nmore\r\n0\r\n\r\n");
}

TEST_F(Streams, BreakOffWhenTheirWriterFails)
{
    start_streams();
    auto peer = read_stream();
    is_lost = true;
    say("some");
    EXPECT_EQ(receive_all(peer), "4\r\nsome\r\n") << "no last chunk: something is missing";
    EXPECT_THAT(errors, ElementsAre(Pair("stream", "lost the thread")));
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
}

TEST_F(Streams, AreSoManyAtMost)
{
    limits.streams = 2;
    start_streams();
    auto first = read_stream();
    auto second = read_stream();
    const auto refused = exchange(get_text("/stream", "Connection: close\r\n"));
    EXPECT_THAT(statuses(refused), ElementsAre("503"));
    EXPECT_THAT(refused, HasSubstr("\r\nRetry-After: "));
    EXPECT_EQ(begun, 2);
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    first.close();
    EXPECT_TRUE(wait_for_connections(1));
    auto third = read_stream();
    EXPECT_THAT(statuses(received), ElementsAre("200"));
}

TEST_F(Streams, WaitForASlowReaderAndDropItInTheEnd)
{
    limits.write = 5 * soon;
    start_streams();
    auto peer = read_stream();
    constexpr int count = 1'000;
    pieces.assign(count, std::string(100'000, 'a'));
    more->ring();
    EXPECT_TRUE(wait_for_connections(0));
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(errors.empty());
    const auto text = receive_all(peer);
    EXPECT_LT(text.size(), 50'000'000U) << "no more than the kernel holds";
    EXPECT_THAT(text, Not(EndsWith("0\r\n\r\n")));
}

TEST_F(Streams, LetOthersHaveTheirTurn)
{
    start_streams();
    auto peer = read_stream();
    pieces.assign(500, std::string(50'000, 'a'));
    is_last = true;
    more->ring();
    support::running reading(io, peer.receive_all());
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    EXPECT_FALSE(reading.is_done());
    EXPECT_THAT(reading.get(), EndsWith("aaa\r\n0\r\n\r\n"));
}

TEST_F(Streams, MayBeStoppedAtAnyMoment)
{
    int moments_at_rest = 0;
    for (int handlers = 0; moments_at_rest < 3; ++handlers) {
        pieces = {"more"};
        start_streams();
        raw_client peer(io);
        support::running request(io, peer.exchange(where, get_text("/stream")));
        support::run_handlers(io, handlers, [&request] { return request.is_done(); });
        moments_at_rest += pieces.empty() ? 1 : 0;
        service->cancel();
        try {
            request.get();
        } catch (const boost::system::system_error&) {
            // Stopped before the connection was accepted.
        }
        peer.close();
        service->get();
        EXPECT_EQ(serving->connections(), 0U);
        EXPECT_EQ(serving->streams(), 0U);
        EXPECT_EQ(begun, ended);
    }
    EXPECT_GT(begun, 0);
    EXPECT_TRUE(errors.empty());
}

// --- Requests ---

TEST_F(Server, ReadsBodies)
{
    limits.body_bytes = 100;
    const auto length = "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"s;
    const auto chunked =
        "Content-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n"s;
    for (const auto& rest : {length, chunked}) {
        const auto received = exchange("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + rest);
        EXPECT_THAT(statuses(received), ElementsAre("200"));
        EXPECT_THAT(received, HasSubstr("\r\nContent-Type: a/b\r\n"));
        EXPECT_THAT(received, EndsWith("\r\n\r\nhello"));
    }
}

TEST_F(Server, AnswersTheSameHoweverTheBytesArrive)
{
    limits.body_bytes = 100;
    start();
    const auto bytes =
        "\r\n" + get_text("/hello/you") +
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" +
        "\r\n\r\n" + get_text("/nothing", "Connection: close\r\n");
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        auto peer = open(bytes.substr(0, cut));
        io.poll();
        support::run(io, peer.send(bytes.substr(cut)));
        EXPECT_THAT(statuses(receive_all(peer)), ElementsAre("200", "200", "404")) << cut;
    }
    auto peer = open();
    for (const char byte : bytes)
        support::run(io, peer.send(std::string(1, byte)));
    EXPECT_THAT(statuses(receive_all(peer)), ElementsAre("200", "200", "404"));
}

TEST_F(Server, AnswersPipelinedRequestsInOrder)
{
    const auto received = exchange(get_text("/hello/1") + get_text("/nothing") + get_text("/hello/2") +
                                   get_text("/hello/3", "Connection: close\r\n") + get_text("/hello/4"));
    EXPECT_THAT(statuses(received), ElementsAre("200", "404", "200", "200"));
    EXPECT_LT(received.find("hello 1"), received.find("hello 2"));
    EXPECT_LT(received.find("hello 2"), received.find("hello 3"));
    EXPECT_THAT(received, Not(HasSubstr("hello 4")));
}

TEST_F(Server, KeepsHttp10ConnectionsOnlyWhenAsked)
{
    EXPECT_THAT(exchange("GET /hello/you HTTP/1.0\r\n\r\n"), HasSubstr("\r\nConnection: close\r\n"));
    const auto received =
        exchange("GET /hello/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello/2 HTTP/1.0\r\n\r\n");
    EXPECT_THAT(statuses(received), ElementsAre("200", "200"));
    EXPECT_THAT(received, HasSubstr("\r\nConnection: keep-alive\r\n"));
}

TEST_F(Server, UnderstandsTheAbsoluteForm)
{
    EXPECT_THAT(last_exchange("http://test/hello/you"), EndsWith("hello you\n"));
    EXPECT_THAT(statuses(last_exchange("HTTP://test")), ElementsAre("404"));
}

TEST_F(Server, TakesEveryFormOfAHost)
{
    for (const auto* host : {"a", "a.b:80", "a:", "127.0.0.1:6767", "[::1]", "[::1]:80", "a_b", "%41"})
        EXPECT_THAT(statuses(exchange("GET /hello/you HTTP/1.1\r\nConnection: close\r\nHost: "s + host + "\r\n\r\n")),
                    ElementsAre("200"))
            << host;
    for (const auto* bytes : {"GET http://A:80/hello/you HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
                              "GET http://a/hello/you HTTP/1.0\r\n\r\n"})
        EXPECT_THAT(statuses(exchange(bytes)), ElementsAre("200")) << bytes;
}

TEST_F(Server, DoesNotSpeakAnythingElse)
{
    const auto received = exchange(get_text("/hello/you", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                                          "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n") +
                                   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    EXPECT_THAT(statuses(received), ElementsAre("200", "505")) << "an upgrade is an offer (RFC 9110 §7.8)";
    EXPECT_THAT(statuses(exchange(get_text("/hello/you", "Connection: Upgrade, close\r\nUpgrade: websocket\r\n"))),
                ElementsAre("200"));
}

TEST_F(Server, SaysContinueOnlyWhenTheBodyIsWelcome)
{
    limits.body_bytes = 10;
    start();
    const auto head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: "s;
    auto peer = open(head + "5\r\n\r\n");
    EXPECT_EQ(receive_until(peer, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    support::run(io, peer.send("hello"));
    EXPECT_THAT(receive_all(peer), EndsWith("hello"));

    EXPECT_THAT(statuses(exchange(head + "11\r\n\r\n")), ElementsAre("413"));
    EXPECT_THAT(statuses(exchange(head + "5\r\n\r\nhello")), ElementsAre("200")) << "it came without being asked for";
    EXPECT_THAT(statuses(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n")),
                ElementsAre("417"));
}

struct bad_request {
    const char* name;
    std::string bytes;
    const char* status = "400";
};

class BadRequest : public fixture, public ::testing::WithParamInterface<bad_request> {};

TEST_P(BadRequest, IsRefusedAndTheConnectionClosed)
{
    limits.body_bytes = 1000;
    // Whoever reads the request differently would take this for an answer to somebody else.
    const auto received = exchange(GetParam().bytes + get_text("/hello/smuggled"));
    EXPECT_THAT(statuses(received), ElementsAre(GetParam().status));
    EXPECT_THAT(received, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(received, Not(HasSubstr("smuggled")));
}

TEST_P(BadRequest, IsRefusedByteByByte)
{
    limits.body_bytes = 1000;
    start();
    auto peer = open();
    for (const char byte : GetParam().bytes) {
        support::run(io, peer.send(std::string(1, byte)));
        if (io.poll(); peer.socket().available() > 0)
            break;
    }
    EXPECT_THAT(statuses(receive_all(peer)), ElementsAre(GetParam().status));
}

std::vector<bad_request> bad_requests()
{
    const auto post = "POST /echo HTTP/1.1\r\nHost: a\r\n"s;
    const auto chunks = "\r\n5\r\nhello\r\n0\r\n\r\n"s;
    return {
        {"LengthAndChunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + chunks},
        {"ChunkedAndLength", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + chunks},
        {"TwoLengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
        {"LengthList", post + "Content-Length: 5, 6\r\n\r\nhello"},
        {"LengthWithPlus", post + "Content-Length: +3\r\n\r\nabc"},
        {"NegativeLength", post + "Content-Length: -1\r\n\r\n"},
        {"HexLength", post + "Content-Length: 0x5\r\n\r\nhello"},
        {"EmptyLength", post + "Content-Length:\r\n\r\nhello"},
        {"HugeLength", post + "Content-Length: 99999999999999999999999\r\n\r\n"},
        {"BareLineFeed", "GET /hello/you HTTP/1.1\nHost: a\n\n"},
        {"BareLineFeedInFields", "GET /hello/you HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
        {"BareCarriageReturn", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: y\rz: 1\r\n\r\n"},
        {"ChunkedOnHttp10", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + chunks},
        {"ForeignCoding", post + "Transfer-Encoding: gzip\r\n\r\n"},
        {"ForeignCodingWithLength", post + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"},
        {"ForeignCodingAfterChunked", post + "Transfer-Encoding: chunked, gzip\r\n" + chunks},
        {"ForeignCodingBeforeChunked", post + "Transfer-Encoding: gzip, chunked\r\n" + chunks},
        {"ChunkedTwice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + chunks},
        {"ChunkedTwiceInOne", post + "Transfer-Encoding: chunked, chunked\r\n" + chunks},
        {"EmptyCoding", post + "Transfer-Encoding:\r\n" + chunks},
        {"QuotedCoding", post + "Transfer-Encoding: \"chunked\"\r\n" + chunks},
        {"BlankBeforeColon", post + "Transfer-Encoding : chunked\r\n" + chunks},
        {"BadChunkSize", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n"},
        {"BadChunkExtension", post + "Transfer-Encoding: chunked\r\n\r\n5;\x01\r\nhello\r\n0\r\n\r\n"},
        {"BadChunkEnd", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"},
        {"FoldedField", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"},
        {"FoldedCoding", post + "Transfer-Encoding:\r\n chunked\r\n" + chunks},
        {"FoldedByTab", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n"},
        {"FoldedFirstField", "GET /hello/you HTTP/1.1\r\n Host: a\r\n\r\n"},
        {"NoHost", "GET /hello/you HTTP/1.1\r\n\r\n"},
        {"TwoHosts", "GET /hello/you HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"TwoHostsOnHttp10", "GET /hello/you HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
        {"EmptyHost", "GET /hello/you HTTP/1.1\r\nHost:\r\n\r\n"},
        {"HostWithPath", "GET /hello/you HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"HostWithUser", "GET /hello/you HTTP/1.1\r\nHost: a@b\r\n\r\n"},
        {"HostList", "GET /hello/you HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {"BodyOnGet", "GET /hello/you HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
        {"ChunksOnGet", "GET /hello/you HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + chunks},
        {"BodyOnHead", "HEAD /hello/you HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
        {"NoColon", "GET /hello/you HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"},
        {"NoName", "GET /hello/you HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
        {"NulInField", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: a"s + '\0' + "b\r\n\r\n"},
        {"NulInTarget", "GET /hello/"s + '\0' + " HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TwoBlanks", "GET  /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"BlankInTarget", "GET /hello you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"NoVersion", "GET /hello/you\r\nHost: a\r\n\r\n"},
        {"BadMethod", "G(T /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"RelativeTarget", "GET hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"FragmentInTarget", "GET /hello/you#here HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"BadEscape", "GET /hello/%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"Authority", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TlsHello", "\x16\x03\x01\x02\n\n"},
        {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
        {"NewerVersion", "GET /hello/you HTTP/1.2\r\nHost: a\r\n\r\n", "505"},
        {"OlderVersion", "GET /hello/you HTTP/0.9\r\n\r\n", "505"},
        {"LargeBody", post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'a'), "413"},
        {"LargeChunk", post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'a') + "\r\n", "413"},
        {"LargeChunks",
         post + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1000, 'a') + "\r\n1\r\na\r\n0\r\n\r\n",
         "413"},
        {"LongTarget", "GET /" + std::string(2048, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
        {"EndlessTarget", "GET /" + std::string(9000, 'a'), "414"},
        {"EndlessMethod", std::string(9000, 'A'), "414"},
        {"LongField", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(8192, 'a') + "\r\n\r\n", "431"},
        {"ManyFields",
         [] {
             auto bytes = "GET / HTTP/1.1\r\nHost: a\r\n"s;
             for (int count = 0; count < 100; ++count)
                 bytes += "X: y\r\n";
             return bytes + "\r\n";
         }(),
         "431"},
        {"TwoEqualLengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
        {"EqualLengthList", post + "Content-Length: 5, 5\r\n\r\nhello"},
        {"LengthWithBlank", post + "Content-Length: 1 5\r\n\r\nhello"},
        {"LengthWithUnit", post + "Content-Length: 5b\r\n\r\nhello"},
        {"LengthWithFraction", post + "Content-Length: 5.0\r\n\r\nhello"},
        {"BlankBeforeColonOfLength", post + "Content-Length : 5\r\n\r\nhello"},
        {"TabBeforeColon", post + "Transfer-Encoding\t: chunked\r\n" + chunks},
        {"BlankBeforeName", post + " Transfer-Encoding: chunked\r\n" + chunks},
        {"UnknownCoding", post + "Transfer-Encoding: xchunked\r\n" + chunks},
        {"IdentityCoding", post + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"},
        {"CodingWithParameter", post + "Transfer-Encoding: chunked;q=1\r\n" + chunks},
        {"CodingWithComma", post + "Transfer-Encoding: ,chunked\r\n" + chunks},
        {"CodingBehindVerticalTab", post + "Transfer-Encoding: \x0b" + "chunked\r\n" + chunks},
        {"CodingBeforeNul", post + "Transfer-Encoding: chunked"s + '\0' + "\r\n" + chunks},
        {"CodingBehindLineFeed", post + "X: y\nTransfer-Encoding: chunked\r\n" + chunks},
        {"CodingBehindCarriageReturn", post + "X: y\rTransfer-Encoding: chunked\r\n" + chunks},
        {"CodingTwice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + chunks},
        {"LengthAndChunkedOnHttp10",
         "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + chunks},
        {"NegativeChunk", post + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"},
        {"PositiveChunk", post + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"},
        {"HexChunk", post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
        {"BlankBeforeChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n"},
        {"BlankBehindChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"},
        {"EmptyChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"},
        {"ChunkOfExtensionOnly", post + "Transfer-Encoding: chunked\r\n\r\n;x=y\r\nhello\r\n0\r\n\r\n"},
        {"ChunkSizeBeyond64Bits", post + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"LargestChunkSize", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n", "413"},
        {"EndlessChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n" + std::string(40'000, '0')},
        {"LineFeedBehindChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"},
        {"CarriageReturnBehindChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n"},
        {"LineFeedInChunkExtension", post + "Transfer-Encoding: chunked\r\n\r\n5;x\nhello\r\n0\r\n\r\n"},
        {"CarriageReturnInChunkExtension", post + "Transfer-Encoding: chunked\r\n\r\n5;x\ry\r\nhello\r\n0\r\n\r\n"},
        {"NulInChunkExtension", post + "Transfer-Encoding: chunked\r\n\r\n5;x"s + '\0' + "\r\nhello\r\n0\r\n\r\n"},
        {"LineFeedBehindChunk", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n"},
        {"NothingBehindChunk", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n"},
        {"LineFeedBehindLastChunk", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\n"},
        {"LengthInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"},
        {"CodingInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\ntransfer-encoding: chunked\r\n\r\n"},
        {"HostInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nHOST: b\r\n\r\n"},
        {"TrailerInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: X\r\n\r\n"},
        {"TypeInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Type: a/b\r\n\r\n"},
        {"NoNameInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n: b\r\n\r\n"},
        {"BadNameInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\na(b: c\r\n\r\n"},
        {"BlankBeforeColonInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\na : c\r\n\r\n"},
        {"FoldedTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\na: b\r\n c\r\n\r\n"},
        {"NoColonInTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nGET / HTTP/1.1\r\n\r\n"},
        {"HostWithTwoPorts", "GET /hello/you HTTP/1.1\r\nHost: a:1:2\r\n\r\n"},
        {"HostWithBadPort", "GET /hello/you HTTP/1.1\r\nHost: a:b\r\n\r\n"},
        {"HostWithHugePort", "GET /hello/you HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
        {"HostOfPortOnly", "GET /hello/you HTTP/1.1\r\nHost: :80\r\n\r\n"},
        {"HostWithOpenBracket", "GET /hello/you HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {"HostWithTextBehindBracket", "GET /hello/you HTTP/1.1\r\nHost: [::1]a\r\n\r\n"},
        {"HostWithQuestionMark", "GET /hello/you HTTP/1.1\r\nHost: a?b\r\n\r\n"},
        {"HostWithUmlaut", "GET /hello/you HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"},
        {"HostBehindBlankName", "GET /hello/you HTTP/1.1\r\nHost : a\r\n\r\n"},
        {"OtherHostThanTarget", "GET http://b/hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"OtherPortThanTarget", "GET http://a:81/hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TargetWithUser", "GET http://a@b/hello/you HTTP/1.1\r\nHost: b\r\n\r\n"},
        {"TargetWithoutHost", "GET http:///hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TargetOfOtherScheme", "GET ftp://a/hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"ControlInValue", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n"},
        {"DeleteInValue", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"},
        {"NulInName", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX"s + '\0' + "Y: a\r\n\r\n"},
        {"BracketInName", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX(Y: a\r\n\r\n"},
        {"UmlautInName", "GET /hello/you HTTP/1.1\r\nHost: a\r\nX\xc3\xa4: a\r\n\r\n"},
        {"TwoCarriageReturns", "GET /hello/you HTTP/1.1\r\r\nHost: a\r\n\r\n"},
        {"TwoCarriageReturnsBehindField", "GET /hello/you HTTP/1.1\r\nHost: a\r\r\n\r\n"},
        {"CarriageReturnBeforeEnd", "GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n"},
        {"TabInRequestLine", "GET\t/hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"TabBeforeVersion", "GET /hello/you\tHTTP/1.1\r\nHost: a\r\n\r\n"},
        {"BlankBehindVersion", "GET /hello/you HTTP/1.1 \r\nHost: a\r\n\r\n"},
        {"BlankBeforeMethod", " GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"LineFeedBeforeMethod", "\nGET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"NoMethod", "/hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"UmlautInMethod", "G\xc3\xa4T /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"UmlautInTarget", "GET /hello/\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"DeleteInTarget", "GET /hello/\x7f HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"NoTarget", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"EmptyTarget", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"NulTerminatedTarget", "GET /hello/you%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"VersionWithoutDot", "GET /hello/you HTTP/11\r\nHost: a\r\n\r\n"},
        {"VersionOfTwoDigits", "GET /hello/you HTTP/1.10\r\nHost: a\r\n\r\n"},
        {"VersionOfLetters", "GET /hello/you HTTP/a.b\r\nHost: a\r\n\r\n"},
        {"ShortVersion", "GET /hello/you HTTP/1\r\nHost: a\r\n\r\n"},
        {"LowerCaseVersion", "GET /hello/you http/1.1\r\nHost: a\r\n\r\n"},
        {"OtherProtocol", "GET /hello/you ICAP/1.1\r\nHost: a\r\n\r\n"},
        {"Http09", "GET /hello/you\r\n\r\n"},
        {"NextHttp", "GET /hello/you HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
        {"RealTlsHello", "\x16\x03\x01\x02" + std::string(508, '\0')},
        {"Binary", "\x80\x01"},
        {"ProxyHeader", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"EndlessChunkExtension", post + "Transfer-Encoding: chunked\r\n\r\n1;x=" + std::string(40'000, 'a')},
        {"EndlessTrailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(40'000, 'a')},
    };
}

INSTANTIATE_TEST_SUITE_P(Table, BadRequest, ::testing::ValuesIn(bad_requests()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Server, TakesWhatIsJustWithinTheLimits)
{
    const auto longest = "/" + std::string(2047, 'a');
    EXPECT_THAT(statuses(last_exchange(longest)), ElementsAre("404"));

    auto bytes = "GET /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"s;
    for (int count = 0; count < 98; ++count)
        bytes += "X: y\r\n";
    EXPECT_THAT(statuses(exchange(bytes + "\r\n")), ElementsAre("200"));

    const auto start = "GET /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: "s;
    EXPECT_THAT(statuses(exchange(start + std::string(8192 - start.size() - 4, 'x') + "\r\n\r\n")), ElementsAre("200"));
    EXPECT_THAT(statuses(exchange("GET /hello/you HTTP/1.0\r\nContent-Length: 0\r\n\r\n")), ElementsAre("200"));
}

TEST_F(Server, RefusesEveryBodyByDefault)
{
    EXPECT_THAT(statuses(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")), ElementsAre("413"));
    EXPECT_THAT(statuses(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")),
                ElementsAre("413"));
    EXPECT_THAT(statuses(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
                ElementsAre("200"));
}

TEST_F(Server, SaysWhatIsWrongToAClientThatIsStillSending)
{
    // More than the kernel's buffers hold: a server that just closed would reset the connection.
    EXPECT_THAT(statuses(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
                                  std::string(200'000, 'a'))),
                ElementsAre("413"));
}

// --- Time and number ---

TEST_F(Server, ClosesIdleConnections)
{
    limits.idle = soon;
    start();
    auto silent = open();
    EXPECT_EQ(receive_all(silent), "");
    auto served = open(get_text("/hello/you"));
    EXPECT_THAT(statuses(receive_all(served)), ElementsAre("200"));
    EXPECT_TRUE(wait_for_connections(0));
}

TEST_F(Server, ClosesConnectionsWhoseRequestTakesTooLong)
{
    limits.head = soon;
    limits.body_bytes = 100;
    start();
    for (const auto* bytes :
         {"G", "GET / HTTP/1.1\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"}) {
        auto peer = open(bytes);
        EXPECT_EQ(receive_all(peer), "") << bytes;
    }
}

asio::awaitable<void> drip(raw_client& peer)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    co_await peer.send("GET / HTTP/1.1\r\n");
    for (int line = 0; line < 10'000; ++line) {
        co_await peer.send("X");
        timer.expires_after(1ms);
        co_await timer.async_wait(use_result);
    }
}

TEST_F(Server, IsNotHeldUpByOneByteAtATime)
{
    limits.head = soon;
    start();
    auto peer = open();
    support::running dripping(io, drip(peer));
    EXPECT_THROW(dripping.get(), boost::system::system_error);
}

TEST_F(Server, AnswersAmongManyWhoNeverFinish)
{
    constexpr std::size_t many = 200;
    limits.head = 2s;
    start();
    std::list<raw_client> peers;
    std::list<support::running<void>> dripping;
    for (std::size_t count = 0; count < many; ++count)
        support::run(io, peers.emplace_back(io).connect(where));
    for (auto& each : peers)
        dripping.emplace_back(io, drip(each));
    EXPECT_TRUE(wait_for_connections(many));
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    EXPECT_GE(serving->connections(), many) << "it was answered in the midst of them";
    EXPECT_TRUE(wait_for_connections(0));
    for (auto& each : dripping)
        EXPECT_THROW(each.get(), boost::system::system_error);
}

TEST_F(Server, DoesNotCountTheTimeOfAHandler)
{
    limits.head = limits.idle = limits.write = soon;
    start();
    auto peer = open(get_text("/slow"));
    const auto end = std::chrono::steady_clock::now() + 3 * soon;
    EXPECT_TRUE(support::run_until(io, [end] { return std::chrono::steady_clock::now() > end; }));
    is_released = true;
    EXPECT_THAT(receive_all(peer), EndsWith("at last\n"));
}

TEST_F(Server, GivesUpOnAClientThatDoesNotRead)
{
    limits.write = soon;
    const std::string large(50'000'000, 'a');
    const auto send_large = [&large](request) -> asio::awaitable<reply> {
        reply answer;
        answer.body = large;
        co_return answer;
    };
    serving.emplace(router({{"large", "GET", "/", send_large}}), limits);
    auto on = listener::bind(io.get_executor(), "127.0.0.1:0").value();
    where = tcp_address{"127.0.0.1", on.port()};
    service.emplace(io, serving->serve(std::move(on)));
    auto peer = open(get_text("/"));
    EXPECT_TRUE(wait_for_connections(1));
    EXPECT_TRUE(wait_for_connections(0));
}

TEST_F(Server, MakesRoomForAConnectionBeyondTheLimitByClosingTheOneThatWasIdleLongest)
{
    limits.connections = 2;
    start();
    auto first = open();
    EXPECT_TRUE(wait_for_connections(1));
    auto second = open();
    EXPECT_TRUE(wait_for_connections(2));
    // From here on the second one has been idle longer.
    const auto is_served = [this](raw_client& peer) {
        support::run(io, peer.send(get_text("/hello/you")));
        return receive_until(peer, "hello you\n").starts_with("HTTP/1.1 200 ");
    };
    EXPECT_TRUE(is_served(first));
    auto third = open();
    EXPECT_TRUE(is_served(third));
    EXPECT_EQ(receive_all(second), "");
    EXPECT_TRUE(is_served(first)) << "it has stayed";
    EXPECT_EQ(serving->counts().accepted, 3U);
    EXPECT_EQ(serving->counts().displaced, 1U);
    EXPECT_EQ(serving->counts().refused, 0U);
}

TEST_F(Server, ClosesAConnectionBeyondTheLimitWhileNoneIsIdle)
{
    limits.connections = 2;
    start();
    auto first = open("GET /");
    auto second = open("GET /");
    EXPECT_TRUE(wait_for_connections(2));
    io.poll();
    auto third = open();
    EXPECT_EQ(receive_all(third), "");
    EXPECT_EQ(serving->counts().accepted, 2U);
    EXPECT_EQ(serving->counts().refused, 1U);
    EXPECT_EQ(serving->counts().displaced, 0U);
    first.close();
    EXPECT_TRUE(wait_for_connections(1));
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
}

TEST_F(Server, KnowsHowManyWaitToBeAccepted)
{
    start();
    io.poll();
    ASSERT_TRUE(serving->accept_queue());
    EXPECT_EQ(serving->accept_queue()->length, 0U);
    EXPECT_GT(serving->accept_queue()->limit, 0U);

    const auto& [host, port] = std::get<tcp_address>(where);
    std::list<asio::ip::tcp::socket> waiting;
    for (int count = 0; count < 3; ++count)
        waiting.emplace_back(io).connect({asio::ip::make_address(host), port});
    EXPECT_EQ(serving->accept_queue()->length, 3U);
    EXPECT_TRUE(wait_for_connections(3));
    EXPECT_EQ(serving->accept_queue()->length, 0U);
    stop();
    EXPECT_FALSE(serving->accept_queue());
}

/// Takes all file descriptors but those given back.
class no_descriptors {
public:
    no_descriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        auto now = before_;
        now.rlim_cur = static_cast<rlim_t>(next);
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_F(Server, GoesOnAfterRunningOutOfFileDescriptors)
{
    start();
    raw_client peer(io);
    peer.socket().open(asio::ip::tcp::v4());
    {
        const no_descriptors for_a_while;
        const auto& [host, port] = std::get<tcp_address>(where);
        peer.socket().connect(asio::ip::tcp::endpoint(asio::ip::make_address(host), port));
        for (int turn = 0; turn < 10; ++turn)
            io.run_one_for(5ms);
        EXPECT_EQ(serving->connections(), 0U);
        EXPECT_FALSE(service->is_done());
    }
    EXPECT_GE(serving->counts().accept_failures, 1U);
    support::run(io, peer.send(get_text("/hello/you", "Connection: close\r\n")));
    EXPECT_THAT(statuses(receive_all(peer)), ElementsAre("200"));
}

// --- Stopping ---

TEST_F(Server, StopsAtOnceWhenNothingIsInProgress)
{
    start();
    auto silent = open();
    auto idle = open(get_text("/hello/you"));
    receive_until(idle, "hello you\n");
    EXPECT_EQ(serving->connections(), 2U);
    const auto begin = std::chrono::steady_clock::now();
    stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    EXPECT_EQ(serving->connections(), 0U);
    EXPECT_EQ(receive_all(silent), "");
    EXPECT_EQ(receive_all(idle), "");

    raw_client late(io);
    EXPECT_THROW(support::run(io, late.connect(where)), boost::system::system_error);
}

TEST_F(Server, FinishesRequestsInProgressWhenStopped)
{
    start();
    auto peer = open(get_text("/slow"));
    EXPECT_TRUE(support::run_until(io, [this] { return slow_requests == 1; }));
    service->cancel();
    io.poll();
    EXPECT_FALSE(service->is_done());
    is_released = true;
    const auto received = receive_all(peer);
    EXPECT_THAT(received, EndsWith("at last\n"));
    EXPECT_THAT(received, HasSubstr("\r\nConnection: close\r\n"));
    service->get();
    EXPECT_EQ(serving->connections(), 0U);
}

TEST_F(Server, CancelsRequestsThatOutlastTheDrain)
{
    limits.drain = soon;
    start();
    auto peer = open(get_text("/slow"));
    auto half = open("GET /slow HTT");
    EXPECT_TRUE(support::run_until(io, [this] { return slow_requests == 1; }));
    stop();
    EXPECT_EQ(serving->connections(), 0U);
    EXPECT_EQ(receive_all(peer), "");
    EXPECT_TRUE(errors.empty());
}

TEST_F(Server, CanServeAgain)
{
    start();
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    stop();
    auto on = listener::bind(io.get_executor(), "127.0.0.1:0").value();
    where = tcp_address{"127.0.0.1", on.port()};
    service.emplace(io, serving->serve(std::move(on)));
    EXPECT_THAT(exchange(get_text("/hello/1") + get_text("/hello/2", "Connection: close\r\n")), EndsWith("hello 2\n"));
}

TEST_F(Server, CanBeStoppedAtAnyMoment)
{
    is_released = true;
    bool is_answered = false;
    for (int handlers = 0; !is_answered; ++handlers) {
        start();
        raw_client peer(io);
        support::running request(io, peer.exchange(where, get_text("/slow", "Connection: close\r\n")));
        support::run_handlers(io, handlers, [&request] { return request.is_done(); });
        is_answered = request.is_done();
        service->cancel();
        service->get();
        EXPECT_EQ(serving->connections(), 0U);
        try {
            request.get();
        } catch (const boost::system::system_error&) {
            // Stopped before the connection was accepted.
        }
    }
    EXPECT_TRUE(errors.empty());
}

TEST(ServerLifetime, MayEndWithItsContextAtWork)
{
    support::temporary_directory directory;
    const auto path = (directory.path() / "s").string();
    asio::io_context io{1};
    server serving(router({{"hello", "GET", "/hello/{name}", say_hello}}));
    auto on = listener::bind(io.get_executor(), "unix://" + path).value();
    const support::running service(io, serving.serve(std::move(on)));
    raw_client silent(io);
    raw_client half(io);
    support::run(io, silent.connect(unix_address{path}));
    support::run(io, half.connect(unix_address{path}));
    support::run(io, half.send("GET /hel"));
    EXPECT_TRUE(support::run_until(io, [&serving] { return serving.connections() == 2; }));
}

TEST(ServerLifetime, OutlastsItsContext)
{
    server serving(router({{"hello", "GET", "/hello/{name}", say_hello}}));
    {
        asio::io_context io{1};
        auto on = listener::bind(io.get_executor(), "127.0.0.1:0").value();
        const support::running service(io, serving.serve(std::move(on)));
        io.poll();
        EXPECT_TRUE(serving.accept_queue());
    }
    EXPECT_FALSE(serving.accept_queue());
}

// --- Listeners ---

TEST(Listener, TakesHostAndPort)
{
    asio::io_context io{1};
    for (const auto* where : {"127.0.0.1:0", "localhost:0", ":0", "0.0.0.0:0"}) {
        const auto on = listener::bind(io.get_executor(), where);
        ASSERT_TRUE(on) << where << on.error();
        EXPECT_NE(on->port(), 0) << where;
    }
}

TEST(Listener, RefusesWhatItCannotRead)
{
    asio::io_context io{1};
    for (const auto* where : {"", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1",
                              "::1:80", "[::1]", "[::1:80", "[]:80", "a]:80", "unix://", "localhost:80 "})
        EXPECT_EQ(listener::bind(io.get_executor(), where).error(), errc::bad_address) << where;
    EXPECT_EQ(listener::bind(io.get_executor(), "unix://" + std::string(108, 'a')).error(), errc::bad_address);
}

TEST(Listener, SaysWhenItsPortIsTaken)
{
    asio::io_context io{1};
    const auto first = listener::bind(io.get_executor(), "127.0.0.1:0").value();
    const auto second = listener::bind(io.get_executor(), "127.0.0.1:" + std::to_string(first.port()));
    EXPECT_EQ(second.error(), asio::error::address_in_use);
}

TEST_F(Server, ListensOnAllAddresses)
{
    start(":0");
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
}

TEST_F(Server, ListensOnUnixSockets)
{
    const support::temporary_directory directory;
    const auto path = (directory.path() / "s").string();
    start("unix://" + path);
    io.poll();
    EXPECT_FALSE(serving->accept_queue()) << "the kernel does not tell";
    where = unix_address{path};
    EXPECT_THAT(statuses(last_exchange("/hello/you")), ElementsAre("200"));
    stop();
}

} // namespace
} // namespace proto_http
