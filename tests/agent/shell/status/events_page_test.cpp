#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <stdexcept>
#include <string>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EventsPage : public testing::Test {
protected:
    void start_with_service()
    {
        harness_.engine.state.services["s1"] = to_json(support::made_up_service{"s1", "accountservice", 1, 6767});
        harness_.engine.state.tasks["t1"] = to_json(support::made_up_task{"t1", "s1"});
        harness_.start();
        ASSERT_TRUE(harness_.until_ready());
    }

    /// A reader that has read the head.
    support::raw_client& reader(const std::string& target = "/api/v1/events", const std::string& more = "")
    {
        auto& peer = peers_.emplace_back(harness_.io);
        support::run(harness_.io, peer.connect(proto_http::tcp_address{"127.0.0.1", harness_.agent->port()}));
        support::run(harness_.io, peer.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n"));
        head_ = support::run(harness_.io, peer.receive_until("retry: 2000\n\n"));
        if (head_.find("200 OK") == std::string::npos)
            throw std::runtime_error(head_);
        return peer;
    }

    /// What a reader gets up to and with a text.
    std::string until(support::raw_client& peer, const std::string& text)
    {
        const auto most = support::run(harness_.io, peer.receive_until(text));
        return most + support::run(harness_.io, peer.receive_until("\n\n"));
    }

    /// The number of the last event in what was read.
    static std::string last_id(const std::string& events)
    {
        const auto at = events.rfind("id: ") + 4;
        return events.substr(at, events.find('\n', at) - at);
    }

    agent_harness harness_;
    std::list<support::raw_client> peers_;
    std::string head_;
};

TEST_F(EventsPage, TellsWhatWasHeardAndWhatCameOfIt)
{
    start_with_service();
    auto& peer = reader();
    EXPECT_THAT(head_, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Type: text/event-stream\r\n"),
                             HasSubstr("\r\nCache-Control: no-store\r\n")));
    harness_.engine.state.tasks["t2"] =
        to_json(support::made_up_task{.id = "t2", .service_id = "s1", .address = "10.0.1.9"});
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    const auto told = until(peer, R"("kind":"write")");
    EXPECT_THAT(told, HasSubstr(R"("kind":"heard","text":"service accountservice changed","from":"engine",)"
                                R"("object":"service","change":"changed","id":"s1","name":"accountservice")"));
    EXPECT_THAT(told, HasSubstr(R"("kind":"targets","text":"endpoints: the targets are new","role":"endpoints")"));
    EXPECT_THAT(told, HasSubstr(R"("result":"written","targets":2)"));
    EXPECT_THAT(told, HasSubstr(R"("added":1,"removed":0,"relabelled":0,)"
                                R"("changes":[{"change":"added","target":"10.0.1.9:6767","owner":"accountservice"}])"));
}

TEST_F(EventsPage, GoesOnWhereAReaderWas)
{
    start_with_service();
    auto& all = reader("/api/v1/events?after=0");
    const auto told = until(all, R"("kind":"write")");
    EXPECT_THAT(told, HasSubstr(R"("kind":"gap")")) << "numbers do not begin at 0";
    EXPECT_THAT(told, HasSubstr("the engine's event stream is open"));
    all.close();

    harness_.engine.emit(support::object_event("service", "update", "s1"));
    auto& again = reader("/api/v1/events?after=0", "Last-Event-ID: " + last_id(told) + "\r\n");
    const auto rest = until(again, R"("kind":"heard")");
    EXPECT_THAT(rest, Not(HasSubstr(R"("kind":"gap")")));
    EXPECT_THAT(rest, Not(HasSubstr(R"("kind":"write")")));
}

TEST_F(EventsPage, BeginsWithWhatIsToComeForAnyOtherNumber)
{
    start_with_service();
    for (const auto* after : {"", "-1", "x", "1x", "99999999999999999999999999"}) {
        auto& peer = reader("/api/v1/events?after=" + std::string(after));
        harness_.engine.emit(support::object_event("node", "update", "n1"));
        EXPECT_THAT(until(peer, R"("kind":"heard")"), Not(HasSubstr(R"("kind":"write")"))) << after;
        peer.close();
    }
}

TEST_F(EventsPage, SaysWhyTheEngineIsNotHeard)
{
    start_with_service();
    auto& peer = reader();
    harness_.engine.drop_connections();
    EXPECT_THAT(until(peer, R"("state":"lost")"),
                HasSubstr(R"("kind":"feed","text":"the engine's event stream was lost: )"));
    EXPECT_THAT(until(peer, R"("state":"open")"), HasSubstr("is open"));
}

TEST_F(EventsPage, EscapesWhatItTells)
{
    harness_.engine.state.services["s1"] =
        to_json(support::made_up_service{"s1", "\n\ndata: forged\u2028<b>", 1, 6767});
    harness_.engine.state.tasks["t1"] = to_json(support::made_up_task{"t1", "s1"});
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    auto& peer = reader();
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    const auto told = until(peer, R"("kind":"heard")");
    EXPECT_THAT(told, HasSubstr(R"(service \n\ndata: forged\u2028<b> changed)"));
}

TEST_F(EventsPage, TellsItsReadersThatTheAgentStops)
{
    start_with_service();
    auto& peer = reader();
    harness_.stop();
    const auto told = support::run(harness_.io, peer.receive_all());
    EXPECT_THAT(told, AllOf(HasSubstr("event: end\n"), testing::EndsWith("\r\n0\r\n\r\n")));
}

TEST_F(EventsPage, LetsGoOfAReaderThatIsTooSlow)
{
    start_with_service();
    auto& peer = reader();
    // More than the journal holds and the kernel takes, while nobody reads.
    const std::string error(4'000, 'n');
    for (int sent = 0; sent < 4'000; ++sent) {
        harness_.agent->diary().wrote({.at = std::chrono::system_clock::now(), .error = error});
        harness_.io.restart();
        harness_.io.poll();
    }
    EXPECT_EQ(harness_.agent->readers(), 1U);
    const auto told = support::run(harness_.io, peer.receive_all());
    EXPECT_LT(told.size(), 4'000U * error.size()) << "it was not kept for the reader";
    EXPECT_THAT(told, testing::EndsWith("\r\n0\r\n\r\n")) << "so that it may come again";
    peer.close();
    EXPECT_TRUE(harness_.until([this] { return harness_.agent->readers() == 0; }));

    auto& again = reader("/api/v1/events", "Last-Event-ID: " + last_id(told) + "\r\n");
    EXPECT_THAT(until(again, "gap"), HasSubstr("what happened before is not known any more"));
}

} // namespace
