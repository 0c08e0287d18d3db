#include "proto_http/client.hpp"

#include "proto_http/errc.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/testdata.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <new>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using support::answer;
using support::script;
using support::scripted_server;
namespace step = support::step;

/// Short enough for a test, long enough for a busy machine where they must not be hit.
constexpr auto soon = 30ms;

std::string wire(std::string_view name)
{
    return support::read_testdata("wire/" + std::string(name) + ".http");
}

std::string body_of(const std::string& message)
{
    return message.substr(message.find("\r\n\r\n") + 4);
}

struct fixture : ::testing::Test {
    asio::io_context io{1};
    scripted_server server{io};
    client_limits limits;

    client connect() { return client(io.get_executor(), server.address(), limits); }

    result<response> get(client& from, std::string target = "/tasks")
    {
        return support::run(io, from.get(std::move(target)));
    }

    /// One GET on a connection of its own.
    result<response> get_once(script steps)
    {
        server.play(std::move(steps));
        auto from = connect();
        return get(from);
    }
};

using Client = fixture;

TEST_F(Client, SendsARequestAndReadsTheResponse)
{
    const auto got = get_once(answer(wire("task")));
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->head.status, 200U);
    EXPECT_EQ(got->head.field("api-version"), "1.41");
    EXPECT_EQ(got->head.field("nothing"), "");
    EXPECT_EQ(got->body, body_of(wire("task")));
    EXPECT_THAT(server.requests(), ElementsAre("GET /tasks HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

TEST_F(Client, ReadsEveryRecordedAnswerInPiecesOfAnySize)
{
    for (const auto* name : {"bad-filter-key", "bad-filter", "containers", "events-bad-since", "events-replay-services",
                             "events-replay", "http10-tasks", "networks", "nodes", "page-not-found", "ping",
                             "services-status", "task-not-found", "task", "tasks", "version-too-new", "version"}) {
        const auto bytes = wire(name);
        const auto whole = get_once(answer(bytes));
        ASSERT_TRUE(whole) << name << whole.error();
        EXPECT_EQ(std::to_string(whole->head.status), bytes.substr(9, 3)) << name;
        for (const std::size_t piece : {1U, 2U, 7U, 100U, 4096U}) {
            const auto got = get_once(answer(bytes, piece));
            ASSERT_TRUE(got) << name << " in pieces of " << piece << ": " << got.error();
            EXPECT_EQ(got->body, whole->body) << name << " in pieces of " << piece;
        }
    }
}

TEST_F(Client, ReadsAResponseCutInTwoAnywhere)
{
    const auto bytes = wire("events-replay-services");
    const auto whole = get_once(answer(bytes));
    ASSERT_TRUE(whole);
    EXPECT_THAT(whole->body, HasSubstr("\n{"));
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        auto steps = answer(bytes.substr(0, cut));
        steps.steps.emplace_back(step::send{bytes.substr(cut)});
        const auto got = get_once(std::move(steps));
        ASSERT_TRUE(got) << cut << got.error();
        EXPECT_EQ(got->body, whole->body) << cut;
    }
}

TEST_F(Client, KnowsAResponseThatEndsTooSoon)
{
    for (const auto* name : {"events-replay-services", "ping", "task-not-found"}) {
        const auto bytes = wire(name);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            const auto got = get_once(answer(bytes.substr(0, cut)));
            ASSERT_FALSE(got) << name << " cut at " << cut;
            EXPECT_EQ(got.error(), errc::closed_early) << name << " cut at " << cut;
        }
    }
}

TEST_F(Client, TakesTheEndOfTheConnectionForTheEndOfABodyWithoutLength)
{
    const auto bytes = wire("http10-tasks");
    const auto got = get_once(answer(bytes));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, body_of(bytes));
    EXPECT_EQ(get_once(answer(bytes.substr(0, 40))).error(), errc::closed_early);
}

TEST_F(Client, KeepsTheConnection)
{
    const auto bytes = wire("keep-alive-two-requests");
    const auto second = bytes.find("HTTP/1.1", 1);
    server.play(answer(bytes.substr(0, second)) + answer(bytes.substr(second)));
    auto from = connect();
    EXPECT_EQ(get(from)->body.size(), 1867U);
    EXPECT_THAT(get(from)->body, StartsWith("{\"ID\""));
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Client, ClosesTheConnectionWhenTheServerSaysSo)
{
    server.play(answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok") + step::stay{});
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
    EXPECT_TRUE(get(from));
    EXPECT_EQ(server.connections(), 2U);
}

TEST_F(Client, OpensANewConnectionWhenTheOldOneWasClosed)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
    EXPECT_EQ(get(from)->body, "new");
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(Client, SendsARequestOnceMoreWhenAKeptConnectionIsClosedMeanwhile)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + answer(""));
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_EQ(get(from)->body, "new");
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(Client, SendsARequestOnlyOnceMore)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + answer(""));
    server.play(answer(""));
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_EQ(get(from).error(), errc::closed_early);
    EXPECT_EQ(server.connections(), 2U);
}

TEST_F(Client, DoesNotRepeatARequestThatWasAnsweredInPart)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + answer("H"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_EQ(get(from).error(), errc::closed_early);
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Client, DoesNotRepeatTheFirstRequestOfAConnection)
{
    EXPECT_EQ(get_once(answer("")).error(), errc::closed_early);
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Client, DoesNotTakeUnaskedBytesForAnAnswer)
{
    auto steps = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    steps.steps.emplace_back(step::send{"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"});
    auto together = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 408 Request Timeout\r\n\r\n");
    for (const auto& unasked : {steps, together}) {
        // Nobody reads them, so the server does not wait for that.
        scripted_server tcp(io, scripted_server::kind::tcp);
        tcp.play(unasked);
        tcp.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
        client from(io.get_executor(), tcp.address());
        EXPECT_EQ(get(from)->body, "ok");
        EXPECT_TRUE(support::run_until(io, [&tcp] { return tcp.open_connections() == 0; }));
        EXPECT_EQ(get(from)->body, "new");
    }
}

TEST_F(Client, NoticesAResetAndConnectsAgain)
{
    scripted_server tcp(io, scripted_server::kind::tcp);
    tcp.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + script(step::take_request{}) + step::reset{});
    tcp.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    client from(io.get_executor(), tcp.address());
    EXPECT_TRUE(get(from));
    EXPECT_EQ(get(from)->body, "new");
    EXPECT_THAT(tcp.requests().front(), HasSubstr("\r\nHost: 127.0.0.1:"));
}

TEST_F(Client, ConnectsAnewAfterClose)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + answer(""));
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    auto from = connect();
    EXPECT_TRUE(get(from));
    from.close();
    EXPECT_EQ(get(from)->body, "new");
}

TEST_F(Client, ReadsNoBodyBehindHead)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n") +
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + answer(wire("ping-head")));
    auto from = connect();
    for (int request = 0; request < 3; ++request) {
        const auto got = support::run(io, from.head("/_ping"));
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->head.status, 200U);
        EXPECT_EQ(got->body, "");
    }
    EXPECT_EQ(server.connections(), 1U);
    EXPECT_THAT(server.requests().front(), StartsWith("HEAD /_ping HTTP/1.1\r\n"));
}

TEST_F(Client, PassesOverInterimResponses)
{
    const auto bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"s;
    for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
        const auto got = get_once(answer(bytes, piece));
        ASSERT_TRUE(got);
        EXPECT_EQ(got->head.status, 200U);
        EXPECT_EQ(got->body, "ok");
    }
}

TEST_F(Client, ReadsResponsesWithoutBody)
{
    server.play(answer("HTTP/1.1 204 No Content\r\n\r\n") + answer("HTTP/1.1 304 Not Modified\r\n\r\n") +
                answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    auto from = connect();
    EXPECT_EQ(get(from)->head.status, 204U);
    EXPECT_EQ(get(from)->head.status, 304U);
    EXPECT_EQ(get(from)->head.status, 200U);
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Client, GivesRedirectsBackAsTheyAre)
{
    const auto got = get_once(answer("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(got->head.status, 302U);
    EXPECT_EQ(got->head.field("Location"), "/other");
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(Client, UnderstandsOneByteChunksExtensionsAndTrailers)
{
    const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                       "1\r\na\r\n1;name=\"v;w\"\r\nb\r\n0003\r\ncde\r\n0;last\r\nExpires: never\r\n\r\n"s;
    for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{5}}) {
        server.play(answer(bytes, piece) + answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        auto from = connect();
        EXPECT_EQ(get(from)->body, "abcde") << piece;
        EXPECT_EQ(get(from)->body, "ok") << piece;
    }
    EXPECT_EQ(server.connections(), 3U);
}

TEST_F(Client, RefusesWhatIsNotHttp)
{
    for (const auto* bytes : {
             "SSH-2.0-OpenSSH_9.2\r\n\r\n",
             "HTTP/2 200 OK\r\n\r\n",
             "HTTP/1.1 20 OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
         }) {
        const auto got = get_once(answer(bytes) + step::stay{});
        ASSERT_FALSE(got) << bytes;
        EXPECT_EQ(got.error(), errc::bad_message) << bytes;
    }
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(Client, LimitsTheHead)
{
    limits.head_bytes = 1024;
    const auto long_field = "HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'a') + "\r\nContent-Length: 0\r\n\r\n";
    EXPECT_EQ(get_once(answer(long_field)).error(), errc::head_too_large);
    EXPECT_EQ(get_once(answer(long_field, 100)).error(), errc::head_too_large);
    EXPECT_EQ(get_once(answer("HTTP/1.1 200 " + std::string(100'000, 'a'))).error(), errc::head_too_large);
}

TEST_F(Client, LimitsChunkHeadersAndTrailers)
{
    const auto start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"s;
    const std::string endless(300'000, 'a');
    scripted_server tcp(io, scripted_server::kind::tcp); // the client will not read it all
    for (const auto& rest : {"1;x=" + endless, "0\r\nA: " + endless}) {
        tcp.play(answer(start + rest));
        client from(io.get_executor(), tcp.address());
        EXPECT_EQ(get(from).error(), errc::bad_message);
    }
}

TEST_F(Client, RefusesABodyBeyondTheLimit)
{
    limits.body_bytes = 10;
    const auto fits = get_once(answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"));
    EXPECT_EQ(fits->body, "0123456789");
    for (const auto* bytes : {
             "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n67890\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n01234567890",
             "HTTP/1.0 200 OK\r\n\r\n01234567890",
         })
        EXPECT_EQ(get_once(answer(bytes) + step::stay{}).error(), errc::body_too_large) << bytes;
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(Client, CutsTheBodyOfAnError)
{
    limits.error_body_bytes = 10;
    for (const auto* bytes : {
             "HTTP/1.1 500 Oh\r\nContent-Length: 999999999999\r\n\r\n01234567890",
             "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n67890\r\n",
             "HTTP/1.0 404 Not Found\r\n\r\n01234567890",
         }) {
        const auto got = get_once(answer(bytes) + step::stay{});
        ASSERT_TRUE(got) << bytes;
        EXPECT_NE(got->head.status, 200U);
        EXPECT_EQ(got->body, "0123456789") << bytes;
    }
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(Client, ReadsALargeBodyWhole)
{
    const std::string large(20'000'000, 'x');
    const auto length = std::to_string(large.size());
    EXPECT_EQ(get_once(answer("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n" + large))->body, large);
    EXPECT_EQ(
        get_once(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1312d00\r\n" + large + "\r\n0\r\n\r\n"))
            ->body,
        large);
}

/// One GET whose body goes to a sink.
struct piecewise : fixture {
    std::vector<std::string> pieces;
    error_code answer_of_sink;

    result<response> get_pieces(script steps)
    {
        pieces.clear();
        server.play(std::move(steps));
        auto from = connect();
        return get_pieces(from);
    }

    result<response> get_pieces(client& from)
    {
        return support::run(io, from.get("/tasks", [this](std::string_view piece) {
            pieces.emplace_back(piece);
            return answer_of_sink;
        }));
    }

    [[nodiscard]] std::string joined() const { return std::accumulate(pieces.begin(), pieces.end(), std::string{}); }
};

using ClientWithASink = piecewise;

TEST_F(ClientWithASink, HandsOnWhatAGetWouldKeep)
{
    for (const auto* name : {"containers", "events-replay", "http10-tasks", "networks", "nodes", "ping", "tasks"}) {
        const auto bytes = wire(name);
        const auto whole = get_once(answer(bytes));
        ASSERT_TRUE(whole) << name << whole.error();
        for (const std::size_t piece : {1U, 2U, 7U, 100U, 100'000U}) {
            const auto got = get_pieces(answer(bytes, piece));
            ASSERT_TRUE(got) << name << " in pieces of " << piece << ": " << got.error();
            EXPECT_EQ(got->body, "") << name;
            EXPECT_EQ(joined(), whole->body) << name << " in pieces of " << piece;
        }
    }
}

TEST_F(ClientWithASink, HandsOnChunksCutInTwoAnywhere)
{
    const auto bytes = wire("events-replay-services");
    const auto whole = get_once(answer(bytes));
    ASSERT_TRUE(whole);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        const auto got = get_pieces(answer(bytes.substr(0, cut)) + step::send{bytes.substr(cut)});
        ASSERT_TRUE(got) << cut << got.error();
        EXPECT_EQ(joined(), whole->body) << cut;
    }
}

TEST_F(ClientWithASink, HandsOnBytesWithoutWaitingForMore)
{
    const auto seen = [this] { return joined() == "first"; };
    const auto got = get_pieces(answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst") + step::wait_until{seen} +
                                step::send{"other"});
    ASSERT_TRUE(got) << got.error();
    EXPECT_THAT(pieces, ElementsAre("first", "other"));
}

TEST_F(ClientWithASink, NeverHoldsMoreThanWhatArrivedAtOnce)
{
    const std::string body(1'000'000, 'x');
    const auto got =
        get_pieces(answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(joined(), body);
    for (const auto& piece : pieces)
        EXPECT_LE(piece.size(), 64U * 1024);
}

TEST_F(ClientWithASink, KnowsABodyThatEndsTooSoon)
{
    const auto bytes = wire("events-replay-services");
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        EXPECT_EQ(get_pieces(answer(bytes.substr(0, cut))).error(), errc::closed_early) << cut;
}

TEST_F(ClientWithASink, RefusesABodyBeyondTheLimit)
{
    limits.body_bytes = 10;
    EXPECT_TRUE(get_pieces(answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")));
    for (const auto* framing : {"Content-Length: 11\r\n\r\n0123456789A", "\r\n0123456789A",
                                "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n6789A\r\n0\r\n\r\n"}) {
        const auto got = get_pieces(answer("HTTP/1.1 200 OK\r\n" + std::string(framing)));
        EXPECT_EQ(got.error(), errc::body_too_large) << framing;
        EXPECT_LE(joined().size(), 10U) << framing;
    }
}

TEST_F(ClientWithASink, EndsWithTheErrorOfTheSinkAndIsUsableAfterwards)
{
    const auto ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"s;
    server.play(answer(ok) + step::stay{});
    server.play(answer(ok));
    auto from = connect();
    answer_of_sink = errc::bad_message;
    EXPECT_EQ(get_pieces(from).error(), errc::bad_message);
    answer_of_sink = {};
    EXPECT_TRUE(get_pieces(from));
    EXPECT_EQ(server.connections(), 2U) << "the rest of a body is of no use to the next request";
}

TEST_F(ClientWithASink, TakesASinkWithoutMemoryForAnError)
{
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    auto from = connect();
    const auto throws = [](std::string_view) -> error_code { throw std::bad_alloc(); };
    EXPECT_EQ(support::run(io, from.get("/tasks", throws)).error(), asio::error::no_memory);
}

TEST_F(ClientWithASink, KeepsTheBodyOfAnError)
{
    const auto got = get_pieces(answer("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nwhy"));
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->body, "why");
    EXPECT_THAT(pieces, IsEmpty());
}

TEST_F(ClientWithASink, GetsNothingOfAKeptConnectionThatWasClosed)
{
    const auto ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"s;
    server.play(answer(ok) + step::take_request{});
    server.play(answer(ok));
    auto from = connect();
    EXPECT_TRUE(get_pieces(from));
    pieces.clear();
    EXPECT_TRUE(get_pieces(from));
    EXPECT_EQ(joined(), "ok");
}

TEST_F(ClientWithASink, GivesUpOnABodyThatDoesNotProgress)
{
    limits.progress = soon;
    const auto got = get_pieces(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc") + step::stay{});
    EXPECT_EQ(got.error(), asio::error::timed_out);
    EXPECT_EQ(joined(), "abc");
}

TEST_F(Client, RefusesTargetsThatWouldBeAnotherRequest)
{
    auto from = connect();
    for (const auto* target : {"", "tasks", "/a b", "/a\r\nX: y", "/\x7f", "/\xc3\xa9"})
        EXPECT_EQ(get(from, target).error(), asio::error::invalid_argument) << target;
    EXPECT_EQ(server.connections(), 0U);
}

TEST_F(Client, RefusesARequestWhileAnotherIsUnderWay)
{
    bool may_answer = false;
    server.play(script(step::take_request{}) + step::wait_until{[&may_answer] { return may_answer; }} +
                step::send{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    auto from = connect();
    support::running first(io, from.get("/tasks"));
    ASSERT_TRUE(support::run_until(io, [this] { return server.requests().size() == 1; }));
    EXPECT_EQ(get(from).error(), asio::error::already_started);
    may_answer = true;
    EXPECT_EQ(first.get()->body, "ok");
}

// --- Addresses ---

TEST_F(Client, ReportsWhyItCannotConnect)
{
    const support::temporary_directory directory;
    client nowhere(io.get_executor(), unix_address{(directory.path() / "none").string()});
    EXPECT_EQ(get(nowhere).error(), boost::system::errc::no_such_file_or_directory);

    scripted_server tcp(io, scripted_server::kind::tcp);
    tcp.stop_listening();
    client refused(io.get_executor(), tcp.address());
    EXPECT_EQ(get(refused).error(), asio::error::connection_refused);
}

TEST_F(Client, TakesSocketPathsUpTo107Bytes)
{
    const support::temporary_directory directory;
    const auto start = directory.path().string() + "/";
    asio::local::stream_protocol::acceptor longest(io, start + std::string(107 - start.size(), 'a'));
    limits.exchange = soon;
    client fits(io.get_executor(), unix_address{longest.local_endpoint().path()}, limits);
    EXPECT_EQ(get(fits).error(), asio::error::timed_out); // connected, that is

    for (const auto& path : {""s, start + std::string(108 - start.size(), 'a'), "/a\0b"s}) {
        client from(io.get_executor(), unix_address{path});
        EXPECT_EQ(get(from).error(), errc::bad_address) << path;
    }
}

TEST_F(Client, ResolvesNames)
{
    scripted_server tcp(io, scripted_server::kind::tcp);
    tcp.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    client local(io.get_executor(), tcp_address{"localhost", std::get<tcp_address>(tcp.address()).port});
    EXPECT_EQ(get(local)->body, "ok");

    client empty(io.get_executor(), tcp_address{"", 80});
    EXPECT_EQ(get(empty).error(), errc::bad_address);
}

TEST_F(Client, DoesNotWaitForTheResolverWhenCancelled)
{
    client from(io.get_executor(), tcp_address{"name.invalid", 80});
    support::running lookup(io, from.get("/"));
    io.poll();
    lookup.cancel();
    EXPECT_EQ(lookup.get().error(), asio::error::operation_aborted);
}

// --- Time ---

/// A server whose queue is full (listen(2)) as long as `first` is not taken out of it.
struct full_server {
    explicit full_server(asio::io_context& io) : acceptor(io), first(io)
    {
        const asio::local::stream_protocol::endpoint where((directory.path() / "s").string());
        acceptor.open(where.protocol());
        acceptor.bind(where);
        acceptor.listen(0);
        first.connect(where);
    }

    support::temporary_directory directory;
    asio::local::stream_protocol::acceptor acceptor;
    asio::local::stream_protocol::socket first;
};

TEST_F(Client, GivesUpConnecting)
{
    full_server full(io);
    limits.connect = soon;
    client from(io.get_executor(), unix_address{(full.directory.path() / "s").string()}, limits);
    EXPECT_EQ(get(from).error(), asio::error::timed_out);
}

TEST_F(Client, ConnectsWhenAFullQueueGetsShorter)
{
    full_server full(io);
    limits.exchange = soon;
    client from(io.get_executor(), unix_address{(full.directory.path() / "s").string()}, limits);
    support::running request(io, from.get("/"));
    io.poll();
    const auto accepted = full.acceptor.accept();
    const auto second = full.acceptor.async_accept(asio::use_future);
    EXPECT_EQ(request.get().error(), asio::error::timed_out);
    EXPECT_EQ(second.wait_for(0s), std::future_status::ready);
}

TEST_F(Client, GivesUpWaitingForAHead)
{
    limits.exchange = soon;
    for (const auto* bytes : {"", "H", "HTTP/1.1 200 OK\r\n"})
        EXPECT_EQ(get_once(answer(bytes) + step::stay{}).error(), asio::error::timed_out);
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(Client, GivesUpOnABodyThatDoesNotProgress)
{
    limits.progress = soon;
    const auto bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning"s;
    EXPECT_EQ(get_once(answer(bytes) + step::stay{}).error(), asio::error::timed_out);
}

TEST_F(Client, GivesUpOnABodyThatProgressesForever)
{
    limits.exchange = soon;
    auto steps = answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    bool is_over = false;
    for (int piece = 0; piece < 1000; ++piece) {
        steps.steps.emplace_back(step::send{"x"});
        steps.steps.emplace_back(step::wait_until{[passed = false]() mutable { return std::exchange(passed, true); }});
    }
    steps.steps.emplace_back(step::wait_until{[&is_over] { return is_over; }});
    EXPECT_EQ(get_once(std::move(steps)).error(), asio::error::timed_out);
    is_over = true;
}

TEST_F(Client, IsUsableAfterATimeout)
{
    limits.exchange = soon;
    server.play(answer("") + step::stay{});
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"));
    auto from = connect();
    EXPECT_EQ(get(from).error(), asio::error::timed_out);
    EXPECT_EQ(get(from)->body, "new");
}

TEST_F(Client, DoesNotRepeatARequestThatTookTooLong)
{
    limits.exchange = soon;
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") + answer("") + step::stay{});
    auto from = connect();
    EXPECT_TRUE(get(from));
    EXPECT_EQ(get(from).error(), asio::error::timed_out);
    EXPECT_EQ(server.connections(), 1U);
}

// --- Cancellation ---

TEST_F(Client, EndsWithOperationAbortedWhereverItIsCancelled)
{
    for (const auto* bytes : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
        bool is_sent = false;
        auto steps = answer(bytes);
        steps.steps.emplace_back(step::wait_until{[&is_sent] { return is_sent = true; }});
        steps.steps.emplace_back(step::stay{});
        server.play(std::move(steps));
        auto from = connect();
        support::running request(io, from.get("/"));
        ASSERT_TRUE(support::run_until(io, [&is_sent] { return is_sent; }));
        EXPECT_FALSE(request.is_done());
        request.cancel();
        EXPECT_EQ(request.get().error(), asio::error::operation_aborted) << bytes;
        EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; })) << bytes;
    }
}

/// Cancels `start()` after each number of handlers that can run before it ends by itself.
template <class Start, class Check>
void cancel_everywhere(asio::io_context& io, Start start, Check check)
{
    bool is_whole = false;
    for (int handlers = 0; !is_whole; ++handlers) {
        auto work = start();
        support::run_handlers(io, handlers, [&work] { return work.is_done(); });
        is_whole = work.is_done();
        work.cancel();
        check(work.get(), is_whole);
    }
}

TEST_F(Client, CanBeCancelledAtAnyMoment)
{
    const auto bytes = wire("events-replay-services");
    auto from = connect();
    const auto start = [&] {
        from.close();
        server.play(answer(bytes, 100));
        return support::running(io, from.get("/"));
    };
    cancel_everywhere(io, start, [](const result<response>& got, bool is_whole) {
        EXPECT_TRUE(got || (!is_whole && got.error() == asio::error::operation_aborted)) << got.error();
    });
}

// --- response_stream ---

struct stream_fixture : fixture {
    result<response_stream> open() { return open(server.address()); }

    result<response_stream> open(address where)
    {
        return support::run(io, response_stream::open(io.get_executor(), std::move(where), "/events", limits));
    }

    result<std::string> read(response_stream& from)
    {
        const auto piece = support::run(io, from.read());
        if (!piece)
            return piece.error();
        return std::string(*piece);
    }

    /// Everything up to the clean end, or nothing but the error.
    result<std::string> read_all(response_stream& from)
    {
        std::string all;
        while (true) {
            const auto piece = read(from);
            if (!piece)
                return piece.error();
            if (piece->empty())
                return all;
            all += *piece;
        }
    }
};

using ResponseStream = stream_fixture;

constexpr auto stream_head = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(ResponseStream, IsOpenAsSoonAsTheHeadIsThere)
{
    server.play(answer(stream_head) + step::stay{});
    const auto stream = open();
    ASSERT_TRUE(stream) << stream.error();
    EXPECT_EQ(stream->head().status, 200U);
    EXPECT_EQ(stream->head().field("api-version"), "1.41");
    EXPECT_THAT(server.requests(), ElementsAre("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

TEST_F(ResponseStream, DeliversEveryByteAtOnce)
{
    // Half a chunk, the rest of it, one byte, nothing but framing and then a byte.
    std::string expected;
    auto steps = answer(stream_head);
    int sent = 0;
    int wanted = 0;
    for (const auto* bytes : {"a\r\n01234", "56789", "\r\n2\r\na", "b\r\n1\r\n", "c", "\r\n3\r\nd"}) {
        steps.steps.emplace_back(step::send{bytes});
        ++sent;
        steps.steps.emplace_back(step::wait_until{[&wanted, sent] { return wanted >= sent; }});
    }
    server.play(std::move(steps) + step::stay{});
    auto stream = open();
    ASSERT_TRUE(stream);
    for (const auto* piece : {"01234", "56789", "a"}) {
        EXPECT_EQ(*read(*stream), piece);
        ++wanted;
    }
    EXPECT_EQ(*read(*stream), "b");
    ++wanted;
    EXPECT_EQ(*read(*stream), "c");
    ++wanted;
    EXPECT_EQ(*read(*stream), "d");
}

TEST_F(ResponseStream, DeliversAllChunksOfOneRead)
{
    server.play(answer(stream_head + "2\r\na\n\r\n2\r\nb\n\r\n3\r\nc"s) + step::stay{});
    auto stream = open();
    ASSERT_TRUE(stream);
    EXPECT_EQ(*read(*stream), "a\nb\nc");
}

TEST_F(ResponseStream, ReadsRecordedEventsInPiecesOfAnySize)
{
    const auto bytes = wire("events-replay");
    const auto expected = get_once(answer(bytes))->body;
    for (const std::size_t piece : {1U, 3U, 64U, 4644U, 100'000U}) {
        server.play(answer(bytes, piece));
        auto stream = open();
        ASSERT_TRUE(stream);
        EXPECT_EQ(*read_all(*stream), expected) << piece;
        EXPECT_EQ(*read(*stream), "") << "the end stays the end";
    }
}

TEST_F(ResponseStream, TellsABreakFromAnEnd)
{
    const auto bytes = wire("events-replay-services");
    for (std::size_t cut = bytes.find("\r\n\r\n") + 4; cut < bytes.size(); ++cut) {
        server.play(answer(bytes.substr(0, cut)));
        auto stream = open();
        ASSERT_TRUE(stream) << cut;
        EXPECT_EQ(read_all(*stream).error(), errc::closed_early) << cut;
        EXPECT_EQ(read(*stream).error(), errc::closed_early) << cut;
    }
}

TEST_F(ResponseStream, DeliversWhatPrecedesBrokenFraming)
{
    server.play(answer(stream_head + "3\r\nabc\r\nrubbish\r\n"s));
    auto stream = open();
    ASSERT_TRUE(stream);
    EXPECT_EQ(*read(*stream), "abc");
    EXPECT_EQ(read(*stream).error(), errc::bad_message);
}

TEST_F(ResponseStream, TakesAnyFraming)
{
    for (const auto* bytes : {"HTTP/1.0 200 OK\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"}) {
        server.play(answer(bytes));
        auto stream = open();
        ASSERT_TRUE(stream);
        EXPECT_EQ(*read_all(*stream), "abc") << bytes;
    }
    server.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc"));
    auto stream = open();
    EXPECT_EQ(*read(*stream), "abc");
}

TEST_F(ResponseStream, HasNoLimitOfBytesOrTime)
{
    limits.body_bytes = 10;
    limits.exchange = soon;
    limits.progress = soon;
    const auto end = std::chrono::steady_clock::now() + 3 * soon;
    const auto later = [end] { return std::chrono::steady_clock::now() >= end; };
    server.play(answer(stream_head + "14\r\n01234567890123456789\r\n"s) + step::wait_until{later} +
                step::send{"1\r\nx\r\n0\r\n\r\n"});
    auto stream = open();
    ASSERT_TRUE(stream) << stream.error();
    EXPECT_EQ(*read_all(*stream), "01234567890123456789x");
}

TEST_F(ResponseStream, OpensWhateverTheStatusIs)
{
    server.play(answer(wire("bad-filter")));
    auto stream = open();
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->head().status, 500U);
    EXPECT_EQ(*read_all(*stream), body_of(wire("bad-filter")));
}

TEST_F(ResponseStream, GivesUpWaitingForAHead)
{
    limits.exchange = soon;
    server.play(answer("HTTP/1.1 200 OK\r\n") + step::stay{});
    EXPECT_EQ(open().error(), asio::error::timed_out);
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(ResponseStream, DoesNotOpenWithoutAHead)
{
    server.play(answer(""));
    EXPECT_EQ(open().error(), errc::closed_early);
    server.play(answer("rubbish\r\n\r\n"));
    EXPECT_EQ(open().error(), errc::bad_message);
    EXPECT_EQ(open(unix_address{"/nonexistent/s"}).error(), boost::system::errc::no_such_file_or_directory);
}

TEST_F(ResponseStream, EndsWithOperationAbortedWhenCancelled)
{
    server.play(answer("") + step::stay{});
    support::running opening(io, response_stream::open(io.get_executor(), server.address(), "/events"));
    ASSERT_TRUE(support::run_until(io, [this] { return server.requests().size() == 1; }));
    opening.cancel();
    EXPECT_EQ(opening.get().error(), asio::error::operation_aborted);

    server.play(answer(stream_head) + step::stay{});
    auto stream = open();
    ASSERT_TRUE(stream);
    support::running reading(io, stream->read());
    io.poll();
    reading.cancel();
    EXPECT_EQ(reading.get().error(), asio::error::operation_aborted);
    EXPECT_TRUE(support::run_until(io, [this] { return server.open_connections() == 0; }));
}

TEST_F(ResponseStream, CanBeCancelledAtAnyMoment)
{
    const auto bytes = wire("events-replay-services");
    const auto open_and_read = [](asio::any_io_executor executor,
                                  address where) -> asio::awaitable<result<std::string>> {
        auto stream = co_await response_stream::open(std::move(executor), std::move(where), "/events");
        if (!stream)
            co_return stream.error();
        const auto piece = co_await stream->read();
        if (!piece)
            co_return piece.error();
        co_return std::string(*piece);
    };
    const auto start = [&] {
        server.play(answer(bytes, 100));
        return support::running(io, open_and_read(io.get_executor(), server.address()));
    };
    cancel_everywhere(io, start, [](const result<std::string>& got, bool is_whole) {
        EXPECT_TRUE(got || (!is_whole && got.error() == asio::error::operation_aborted)) << got.error();
    });
}

} // namespace
} // namespace proto_http
