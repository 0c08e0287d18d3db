#include "proto_http/grpc_client.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/grpc_framing.hpp"
#include "tests/support/grpc_server.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::grpc_server;
using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

constexpr std::uint32_t cancel = 8;
constexpr auto long_enough = std::chrono::milliseconds(10s);
/// Short enough for a test.
constexpr auto soon = 30ms;

asio::awaitable<grpc_result<std::vector<std::string>>> read_some(grpc_stream& stream)
{
    std::vector<std::string> messages;
    const std::function<void(std::string_view)> take = [&messages](std::string_view one) {
        messages.emplace_back(one);
    };
    const auto some = co_await stream.read(take);
    if (!some)
        co_return some.error();
    co_return messages;
}

/// The only message of a call.
asio::awaitable<grpc_result<std::string>> whole(grpc_client& client, std::string request,
                                                std::chrono::milliseconds limit)
{
    std::string message;
    const grpc_client::piece_sink sink = [&message](std::string_view piece) {
        message += piece;
        return error_code{};
    };
    const auto done = co_await client.call("/service/Method", std::move(request), limit, sink);
    if (!done)
        co_return done.error();
    co_return message;
}

class GrpcClient : public testing::Test {
protected:
    using call = grpc_server::call;

    ~GrpcClient() override
    {
        if (carrying) { // the client must outlive it
            carrying->cancel();
            EXPECT_TRUE(support::run_until(io, [this] { return carrying->is_done(); }));
        }
        serving.cancel();
        server.drop_connections();
        EXPECT_TRUE(support::run_until(io, [this] { return serving.is_done(); }));
        EXPECT_TRUE(support::run_until(io, [this] { return server.connections() == 0; }));
    }

    result<grpc_client> try_connect()
    {
        return support::run(io,
                            grpc_client::connect(io.get_executor(), unix_address{directory / "server.sock"}, limits));
    }

    /// Connects, and carries what there is.
    void connect()
    {
        client.emplace(try_connect().value());
        carrying.emplace(io, client->run());
    }

    grpc_result<std::string> ask(std::string request = "question", std::chrono::milliseconds limit = long_enough)
    {
        return support::run(io, whole(*client, std::move(request), limit));
    }

    [[nodiscard]] bool until(const std::function<bool()>& holds) { return support::run_until(io, holds); }

    void hang_up()
    {
        carrying->cancel();
        EXPECT_TRUE(until([this] { return carrying->is_done(); }));
    }

    asio::io_context io{1};
    support::temporary_directory directory;
    std::function<void(call&)> script = [](call& asked) { asked.answer("answer to " + asked.request); };
    grpc_server server{io.get_executor(), directory / "server.sock", [this](call& asked) { script(asked); }};
    support::running<void> serving{io, server.run()};
    grpc_limits limits;
    std::optional<grpc_client> client;
    std::optional<support::running<error_code>> carrying;
};

TEST_F(GrpcClient, HandsOnAMessageAsItArrives)
{
    const std::string large(3'000'000, 'x');
    script = [&large](call& asked) { asked.answer(large); };
    connect();
    std::vector<std::size_t> pieces;
    const grpc_client::piece_sink sink = [&pieces](std::string_view piece) {
        pieces.push_back(piece.size());
        return error_code{};
    };
    EXPECT_TRUE(support::run(io, client->call("/service/Method", "", long_enough, sink)));
    EXPECT_EQ(std::accumulate(pieces.begin(), pieces.end(), std::size_t{0}), large.size());
    EXPECT_LT(*std::max_element(pieces.begin(), pieces.end()), large.size() / 2);
    hang_up();
}

TEST_F(GrpcClient, EndsACallWithTheErrorOfItsSink)
{
    connect();
    const grpc_client::piece_sink refuses = [](std::string_view) { return make_error_code(errc::bad_address); };
    EXPECT_EQ(support::run(io, client->call("/service/Method", "", long_enough, refuses)).error().code,
              errc::bad_address);
    const grpc_client::piece_sink has_no_room = [](std::string_view) -> error_code { throw std::bad_alloc(); };
    EXPECT_EQ(support::run(io, client->call("/service/Method", "", long_enough, has_no_room)).error().code,
              asio::error::no_memory);
    EXPECT_EQ(ask().value(), "answer to question") << "other calls are not concerned";
    hang_up();
}

TEST_F(GrpcClient, CallsAMethodAndGetsItsAnswer)
{
    connect();
    EXPECT_EQ(ask().value(), "answer to question");
    const auto& asked = server.calls.front();
    EXPECT_EQ(asked.method, "/service/Method");
    EXPECT_THAT(asked.fields, Contains(Pair("content-type", "application/grpc")));
    EXPECT_THAT(asked.fields, Contains(Pair("te", "trailers")));
    EXPECT_THAT(asked.fields, Contains(Pair("grpc-timeout", "10000m")));
    hang_up();
}

TEST_F(GrpcClient, TakesAnEmptyMessageForAnAnswer)
{
    script = [](call& asked) { asked.answer(""); };
    connect();
    EXPECT_EQ(ask("").value(), "");
    hang_up();
}

TEST_F(GrpcClient, TakesAnswersLargerThanItsWindow)
{
    script = [](call& asked) { asked.answer(std::string(40'000'000, 'a')); };
    connect();
    EXPECT_EQ(ask().value().size(), 40'000'000U);
    hang_up();
}

TEST_F(GrpcClient, SendsRequestsLargerThanTheServersWindow)
{
    connect();
    EXPECT_EQ(ask(std::string(1'000'000, 'q')).value().size(), 1'000'010U);
    hang_up();
}

TEST_F(GrpcClient, CarriesSeveralCallsAtOnce)
{
    std::vector<call*> asked;
    script = [&asked](call& one) { asked.push_back(&one); };
    connect();
    std::vector<std::unique_ptr<support::running<grpc_result<std::string>>>> calls;
    for (int number = 0; number < 50; ++number)
        calls.push_back(std::make_unique<support::running<grpc_result<std::string>>>(
            io, whole(*client, std::to_string(number), long_enough)));
    ASSERT_TRUE(until([&] { return asked.size() == 50; }));
    for (auto one = asked.rbegin(); one != asked.rend(); ++one)
        (*one)->answer((*one)->request);
    for (std::size_t number = 0; number < 50; ++number)
        EXPECT_EQ(calls[number]->get().value(), std::to_string(number));
    hang_up();
}

TEST_F(GrpcClient, SaysWhatTheServerSaid)
{
    script = [](call& asked) { asked.end(2, "context%20canceled"); };
    connect();
    const auto got = ask();
    EXPECT_EQ(got.error().code, error_code(2, grpc_category()));
    EXPECT_EQ(got.error().message, "context canceled");
    EXPECT_EQ(got.error().code.message(), "unknown");
    hang_up();
}

TEST_F(GrpcClient, TakesAStatusThatComesWithTheHead)
{
    script = [](call& asked) { asked.refuse({{"grpc-status", "12"}, {"grpc-message", "unknown method"}}); };
    connect();
    const auto got = ask();
    EXPECT_EQ(got.error().code, error_code(12, grpc_category()));
    EXPECT_EQ(got.error().message, "unknown method");
    hang_up();
}

TEST_F(GrpcClient, DoesNotTakeAMessageForAnAnswerWhenTheCallFailedAfterIt)
{
    script = [](call& asked) {
        asked.send("half the truth");
        asked.end(14, "leader lost");
    };
    connect();
    const auto got = ask();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, "leader lost");
    hang_up();
}

TEST_F(GrpcClient, TakesNoAnswerThatIsNoGrpc)
{
    connect();
    script = [](call& asked) { asked.refuse({}, 503); };
    EXPECT_EQ(ask().error().code, errc::bad_message);
    script = [](call& asked) { asked.refuse({}); }; // no status
    EXPECT_EQ(ask().error().code, error_code(2, grpc_category()));
    for (const auto* const odd : {"", "x", "0x", "0 0", "99999999999999999999"}) {
        script = [odd](call& asked) { asked.refuse({{"grpc-status", odd}}); };
        EXPECT_EQ(ask().error().code, error_code(2, grpc_category())) << odd;
    }
    script = [](call& asked) { asked.refuse({{"grpc-status", "99"}}); };
    EXPECT_EQ(ask().error().code.message(), "status 99");
    hang_up();
}

TEST_F(GrpcClient, FailsACallWhoseAnswerBreaksTheRules)
{
    script = [](call& asked) { asked.refuse({{"grpc-status", "0 "}}); }; // RFC 9113 §8.2.1: no blank at the end
    connect();
    EXPECT_EQ(ask().error().code, errc::stream_reset);
    hang_up();
}

TEST_F(GrpcClient, TakesNoOtherNumberOfMessagesThanOne)
{
    connect();
    script = [](call& asked) { asked.end(); };
    EXPECT_EQ(ask().error().code, errc::bad_message);
    script = [](call& asked) {
        asked.send("one");
        asked.send("two");
        asked.end();
    };
    EXPECT_EQ(ask().error().code, errc::bad_message);
    script = [](call& asked) {
        asked.send("one");
        asked.send_bytes("\0\0\0\0\7half"s);
        asked.end();
    };
    EXPECT_EQ(ask().error().code, errc::bad_message);
    script = [](call& asked) {
        asked.send_bytes("\0\0\0\0\7half"s);
        asked.end();
    };
    EXPECT_EQ(ask().error().code, errc::bad_message);
    hang_up();
}

TEST_F(GrpcClient, RefusesWhatIsCompressed)
{
    script = [](call& asked) { asked.send_bytes("\1\0\0\0\1x"s); };
    connect();
    EXPECT_EQ(ask().error().code, errc::bad_message);
    EXPECT_TRUE(until([this] { return server.calls.front().given_up() == cancel; }));
    hang_up();
}

TEST_F(GrpcClient, RefusesAMessageBeyondItsLimitAtOnce)
{
    limits.message_bytes = 1000;
    script = [](call& asked) { asked.send_bytes("\0\0\0\3\351"s); };
    connect();
    EXPECT_EQ(ask().error().code, errc::body_too_large);
    EXPECT_TRUE(until([this] { return server.calls.front().given_up() == cancel; }));

    script = [](call& asked) { asked.answer(std::string(1000, 'a')); };
    EXPECT_EQ(ask().value().size(), 1000U) << "one of exactly the limit is taken";
    hang_up();
}

TEST_F(GrpcClient, RefusesMoreThanOneMessageBeyondTheLimitOfAll)
{
    limits.message_bytes = 1000;
    script = [](call& asked) {
        asked.send(std::string(900, 'a'));
        asked.send(std::string(900, 'a'));
    };
    connect();
    EXPECT_FALSE(ask());
    hang_up();
}

TEST_F(GrpcClient, GivesUpAfterItsTimeAndTellsTheServer)
{
    script = [](call&) {};
    connect();
    EXPECT_EQ(ask("question", soon).error().code, asio::error::timed_out);
    EXPECT_TRUE(until([this] { return server.calls.front().given_up() == cancel; }));

    script = [](call& asked) { asked.answer("later"); };
    EXPECT_EQ(ask().value(), "later") << "the connection goes on";
    hang_up();
}

TEST_F(GrpcClient, GivesUpInTheMiddleOfAnAnswer)
{
    script = [](call& asked) { asked.send_bytes("\0\0\0\0\7half"s); };
    connect();
    EXPECT_EQ(ask("question", soon).error().code, asio::error::timed_out);
    EXPECT_TRUE(until([this] { return server.calls.front().given_up() == cancel; }));
    hang_up();
}

TEST_F(GrpcClient, TellsTheServerWhenACallIsCancelled)
{
    script = [](call&) {};
    connect();
    support::running<grpc_result<std::string>> asking(io, whole(*client, "question", long_enough));
    ASSERT_TRUE(until([this] { return server.calls.size() == 1; }));
    asking.cancel();
    EXPECT_EQ(asking.get().error().code, asio::error::operation_aborted);
    EXPECT_TRUE(until([this] { return server.calls.front().given_up() == cancel; }));
    hang_up();
}

TEST_F(GrpcClient, CanBeCancelledAtEveryMoment)
{
    bool was_done = false;
    for (int handlers = 0; !was_done && handlers < 1000; ++handlers) {
        auto attempt = [this]() -> asio::awaitable<std::string> {
            const address where = unix_address{directory / "server.sock"};
            auto made = co_await grpc_client::connect(io.get_executor(), where);
            if (!made)
                co_return made.error().message();
            client.emplace(*std::move(made));
            carrying.emplace(io, client->run());
            const auto got = co_await whole(*client, "question", long_enough);
            co_return got ? *got : got.error().code.message();
        };
        support::running<std::string> trying(io, attempt());
        support::run_handlers(io, handlers, [&] { return trying.is_done(); });
        was_done = trying.is_done();
        trying.cancel();
        ASSERT_TRUE(until([&] { return trying.is_done(); }));
        if (carrying)
            hang_up();
        carrying.reset();
        client.reset();
    }
    EXPECT_TRUE(was_done);
    EXPECT_TRUE(until([this] { return server.connections() == 0; }));
}

TEST_F(GrpcClient, FailsItsCallsWhenTheConnectionIsCut)
{
    script = [](call& asked) { asked.send_bytes("\0\0\0\0\7half"s); };
    connect();
    support::running<grpc_result<std::string>> one(io, whole(*client, "", long_enough));
    support::running<grpc_result<std::string>> two(io, whole(*client, "", long_enough));
    ASSERT_TRUE(until([this] { return server.calls.size() == 2; }));
    server.drop_connections();
    const auto why = carrying->get();
    EXPECT_TRUE(why);
    EXPECT_EQ(one.get().error().code, why);
    EXPECT_EQ(two.get().error().code, why);
    EXPECT_EQ(why, errc::closed_early) << "nobody said goodbye";
}

TEST_F(GrpcClient, FailsACallAfterTheConnectionHasEnded)
{
    connect();
    ASSERT_TRUE(ask());
    server.drop_connections();
    const auto why = carrying->get();
    EXPECT_EQ(ask().error().code, why);
    EXPECT_EQ(client->open_stream("/service/Stream", "").error().code, why);
}

TEST_F(GrpcClient, FailsItsCallsWhenItIsNotCarriedAnyMore)
{
    script = [](call&) {};
    connect();
    support::running<grpc_result<std::string>> asking(io, whole(*client, "", long_enough));
    ASSERT_TRUE(until([this] { return server.calls.size() == 1; }));
    hang_up();
    EXPECT_EQ(asking.get().error().code, asio::error::operation_aborted);
    EXPECT_EQ(ask().error().code, asio::error::operation_aborted);
}

TEST_F(GrpcClient, FailsWhatTheServerGivesUp)
{
    script = [](call& asked) { asked.reset(2); };
    connect();
    EXPECT_EQ(ask().error().code, errc::stream_reset);
    script = [](call& asked) { asked.answer("fine"); };
    EXPECT_EQ(ask().value(), "fine");
    hang_up();
}

TEST_F(GrpcClient, FinishesWhatIsUnderWayWhenTheServerGoesAway)
{
    call* asked = nullptr;
    script = [&asked](call& one) { asked = &one; };
    connect();
    support::running<grpc_result<std::string>> asking(io, whole(*client, "", long_enough));
    ASSERT_TRUE(until([&] { return asked != nullptr; }));
    server.go_away();
    support::running<grpc_result<std::string>> late(io, whole(*client, "", long_enough));
    EXPECT_FALSE(late.get()) << "nothing new is answered";
    asked->answer("the last");
    EXPECT_EQ(asking.get().value(), "the last");
    EXPECT_EQ(carrying->get(), errc::closed_early);
}

TEST_F(GrpcClient, GivesTheAnswerThatComesTogetherWithTheEnd)
{
    script = [this](call& asked) {
        asked.end(2, "context canceled");
        server.go_away();
    };
    connect();
    support::running<grpc_result<std::string>> asking(io, whole(*client, "", long_enough));
    EXPECT_EQ(asking.get().error().message, "context canceled");
    (void)carrying->get();
}

TEST_F(GrpcClient, EndsWhenTheServerBreaksTheRules)
{
    script = [this](call&) { server.send_raw("\0\0\4\0\0\0\0\0\143data"s); }; // on a stream that nobody opened
    connect();
    support::running<grpc_result<std::string>> asking(io, whole(*client, "", long_enough));
    EXPECT_EQ(asking.get().error().code, errc::bad_http2);
    EXPECT_EQ(carrying->get(), errc::bad_http2);
}

TEST_F(GrpcClient, ConnectsToNobodyWhereThereIsNoServer)
{
    server.close();
    EXPECT_EQ(try_connect().error(), boost::system::errc::no_such_file_or_directory);
}

TEST_F(GrpcClient, DoesNotTakePlainTextForTls)
{
    server.shows = grpc_server::front::plain_text;
    const auto made = try_connect();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(), errc::not_tls) << made.error().message();
}

TEST_F(GrpcClient, DoesNotWaitForAHandshakeForEver)
{
    limits.connect = soon;
    server.shows = grpc_server::front::silent;
    EXPECT_EQ(try_connect().error(), asio::error::timed_out);
}

TEST_F(GrpcClient, SpeaksHttp2WhereTheServerSettlesOnNothing)
{
    server.shows = grpc_server::front::tls_without_alpn;
    connect();
    EXPECT_TRUE(ask());
}

// --- Streams ---

class GrpcStream : public GrpcClient {
protected:
    GrpcStream()
    {
        script = [this](call& one) { asked = &one; };
    }

    void open()
    {
        connect();
        stream.emplace(client->open_stream("/service/Stream", "request").value());
        ASSERT_TRUE(until([this] { return asked != nullptr; }));
    }

    grpc_result<std::vector<std::string>> read() { return support::run(io, read_some(*stream)); }

    call* asked = nullptr;
    std::optional<grpc_stream> stream;
};

TEST_F(GrpcStream, HandsOverMessagesAsTheyCome)
{
    open();
    EXPECT_EQ(asked->request, "request");
    for (const auto& [name, value] : asked->fields)
        EXPECT_NE(name, "grpc-timeout");
    asked->send("");
    EXPECT_THAT(read().value(), ElementsAre(""));
    asked->send("one");
    asked->send("two");
    EXPECT_THAT(read().value(), ElementsAre("one", "two"));
    for (int number = 0; number < 100; ++number) {
        asked->send(std::to_string(number));
        EXPECT_THAT(read().value(), ElementsAre(std::to_string(number)));
    }
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, WaitsForTheRestOfAMessage)
{
    open();
    asked->send_bytes(grpc_frame("one") + grpc_frame("two").substr(0, 6));
    EXPECT_THAT(read().value(), ElementsAre("one"));
    support::running<grpc_result<std::vector<std::string>>> reading(io, read_some(*stream));
    asked->send_bytes(grpc_frame("two").substr(6));
    EXPECT_THAT(reading.get().value(), ElementsAre("two"));
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, CarriesAnyNumberOfBytes)
{
    open();
    std::size_t count = 0;
    for (int round = 0; round < 50; ++round) {
        asked->send(std::string(1'000'000, 'm'));
        for (const auto& one : read().value())
            count += one.size();
    }
    EXPECT_EQ(count, 50'000'000U);
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, SaysWhyItEnded)
{
    open();
    asked->send("last");
    asked->end(2, "context canceled");
    EXPECT_THAT(read().value(), ElementsAre("last"));
    const auto end = read();
    EXPECT_EQ(end.error().code, error_code(2, grpc_category()));
    EXPECT_EQ(end.error().message, "context canceled");
    EXPECT_FALSE(read()) << "again";
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, SaysThatItEndedWell)
{
    open();
    asked->end();
    EXPECT_EQ(read().error().code, asio::error::eof);
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, EndsWithTheConnection)
{
    open();
    support::running<grpc_result<std::vector<std::string>>> reading(io, read_some(*stream));
    server.drop_connections();
    EXPECT_EQ(reading.get().error().code, carrying->get());
    stream.reset();
}

TEST_F(GrpcStream, EndsAtAMessageBeyondTheLimit)
{
    limits.message_bytes = 1000;
    open();
    asked->send(std::string(1000, 'm'));
    EXPECT_EQ(read().value().size(), 1U);
    asked->send(std::string(1001, 'm'));
    EXPECT_EQ(read().error().code, errc::body_too_large);
    stream.reset();
    EXPECT_TRUE(until([this] { return asked->given_up() == cancel; }));
    hang_up();
}

TEST_F(GrpcStream, IsEndedAtTheServerByItsDestruction)
{
    open();
    stream.reset();
    EXPECT_TRUE(until([this] { return asked->given_up() == cancel; }));
    hang_up();
}

TEST_F(GrpcStream, CanBeReadOnAfterAReadWasCancelled)
{
    open();
    support::running<grpc_result<std::vector<std::string>>> reading(io, read_some(*stream));
    support::run_handlers(io, 5, [] { return false; });
    reading.cancel();
    EXPECT_THROW(reading.get(), boost::system::system_error);
    asked->send("kept");
    EXPECT_THAT(read().value(), ElementsAre("kept"));
    stream.reset();
    hang_up();
}

TEST_F(GrpcStream, GoesOnBesideCalls)
{
    open();
    auto* const streaming = asked;
    script = [](call& one) { one.answer("answer"); };
    for (int round = 0; round < 10; ++round) {
        streaming->send("message");
        EXPECT_EQ(ask().value(), "answer");
        EXPECT_THAT(read().value(), ElementsAre("message"));
    }
    stream.reset();
    hang_up();
}

} // namespace
} // namespace proto_http
