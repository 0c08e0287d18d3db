// What may go wrong between the agent and its engine or disk: the last good targets stay, and it recovers by itself.
#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/text_file.hpp"
#include "tests/support/tls_front.hpp"

#include <filesystem>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::made_up_service;
using support::made_up_task;

const std::string one_target = "[\n{\"targets\":[\"10.0.1.2:6767\"],\"labels\":{\"task\":\"accountservice\"}}\n]\n";
const std::string two_targets =
    "[\n{\"targets\":[\"10.0.1.2:6767\",\"10.0.1.3:6767\"],\"labels\":{\"task\":\"accountservice\"}}\n]\n";

class Faults : public testing::Test {
protected:
    Faults()
    {
        harness_.settings.rules.endpoints.meta = agent::core::meta_labels::none;
        harness_.settings.resync_interval = 50ms;
        harness_.engine.state.services["s1"] = to_json(made_up_service{"s1", "accountservice", 1, 6767});
        harness_.engine.state.tasks["t1"] = to_json(made_up_task{"t1", "s1"});
    }

    void start()
    {
        harness_.start();
        ASSERT_TRUE(harness_.until_ready());
        ASSERT_EQ(harness_.file(), one_target);
    }

    void add_second_task()
    {
        harness_.engine.state.tasks["t2"] = to_json(made_up_task{"t2", "s1", "node1", "10.0.1.3"});
    }

    [[nodiscard]] double failures() { return harness_.metric(R"(swarm_sd_read_failures_total{what="everything"})"); }

    agent_harness harness_;
};

using canned = support::fake_engine::canned;

std::string test_name(const testing::TestParamInfo<canned>& info)
{
    return std::to_string(info.index) + "_status_" + std::to_string(info.param.status);
}

/// Answers to one list that carry no information.
class BadAnswer : public Faults, public testing::WithParamInterface<canned> {};

TEST_P(BadAnswer, KeepsTheTargets)
{
    for (const auto* path : {"/services", "/nodes", "/tasks"}) {
        SCOPED_TRACE(path);
        if (!harness_.agent)
            start();
        harness_.engine.state.tasks["t1"] = to_json(made_up_task{"t1", "s1"});
        harness_.engine.state.tasks.erase("t2");
        ASSERT_TRUE(harness_.until_file_is(one_target));

        harness_.engine.instead[path] = GetParam();
        add_second_task();
        const auto before = failures();
        ASSERT_TRUE(harness_.until([&] { return failures() > before; }));
        EXPECT_EQ(harness_.file(), one_target);

        harness_.engine.instead.clear();
        EXPECT_TRUE(harness_.until_file_is(two_targets)) << "it recovers";
    }
}

INSTANTIATE_TEST_SUITE_P(Of, BadAnswer,
                         testing::Values(canned{500, R"({"message":"The swarm does not have a leader."})"},
                                         canned{503, R"({"message":"This node is not a swarm manager."})"},
                                         canned{403, "<html><body>403 Forbidden</body></html>", "text/html"},
                                         canned{301, ""}, canned{404, "page not found"}, canned{200, "null"},
                                         canned{200, "{}"}, canned{200, ""}, canned{200, R"([{"ID":"s1"},{)"},
                                         canned{200, R"([{"Name":"no ID"}])"}, canned{204, ""}),
                         test_name);

TEST_F(Faults, AStreamThatEndsIsOpenedAgainAndEverythingIsListed)
{
    harness_.settings.resync_interval = 1h;
    start();
    harness_.engine.end_streams();
    ASSERT_TRUE(harness_.until([this] { return harness_.engine.streams() == 0; }));
    add_second_task();
    EXPECT_TRUE(harness_.until_file_is(two_targets));
    EXPECT_EQ(harness_.metric(R"(swarm_sd_stream_losses_total{cause="eof"})"), 1);
    EXPECT_EQ(harness_.metric("swarm_sd_stream_connected"), 1);
}

TEST_F(Faults, ConnectionsThatBreakAreMadeAgain)
{
    start();
    harness_.engine.drop_connections();
    add_second_task();
    EXPECT_TRUE(harness_.until_file_is(two_targets));
}

TEST_F(Faults, AReadThatHangsKeepsNoStreamFromBeingOpenedAgain)
{
    start();
    harness_.engine.hanging = {"/tasks"};
    const auto lists = harness_.engine.count("/tasks");
    ASSERT_TRUE(harness_.until([&] { return harness_.engine.count("/tasks") > lists; }));
    harness_.engine.end_streams();
    EXPECT_TRUE(harness_.until([this] { return harness_.engine.count("/events") == 2; }));
}

TEST_F(Faults, WithoutAStreamListsGoOn)
{
    harness_.engine.instead["/events"] = {403, "<html>no</html>", "text/html"};
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    add_second_task();
    EXPECT_TRUE(harness_.until_file_is(two_targets));
    EXPECT_GE(harness_.metric(R"(swarm_sd_stream_losses_total{cause="rejected"})"), 1);
}

TEST_F(Faults, AnEngineThatIsNotThereYetIsWaitedFor)
{
    harness_.settings.engine = proto_http::unix_address{harness_.directory.path() / "later.sock"};
    harness_.start();
    ASSERT_TRUE(
        harness_.until([this] { return harness_.metric(R"(swarm_sd_stream_losses_total{cause="refused"})") >= 2; }));
    EXPECT_FALSE(std::filesystem::exists(harness_.output())) << "no list, no write";
    EXPECT_THAT(harness_.page("/-/ready"), testing::HasSubstr("no complete list"));

    std::filesystem::rename(harness_.directory.path() / "engine.sock", harness_.directory.path() / "later.sock");
    EXPECT_TRUE(harness_.until_file_is(one_target));
}

TEST_F(Faults, AnEngineWhoseCertificateExpiredKeepsTheFileUntilItHasANewOne)
{
    const support::certificate_authority authority;
    const auto valid = authority.issue({.names = {"IP:127.0.0.1"}});
    const proto_http::address behind = proto_http::unix_address{harness_.directory.path() / "engine.sock"};
    std::optional<support::tls_front> front;
    front.emplace(harness_.io, behind, support::tls_front::settings{.own = valid});
    proto_http::tls_settings trusted;
    trusted.roots = proto_http::pem{"ca.pem", authority.root()};
    harness_.settings.engine = {front->address(), proto_http::tls_context(trusted)};
    start();
    EXPECT_EQ(harness_.metric("swarm_sd_stream_connected"), 1);

    front->show(authority.issue({.names = {"IP:127.0.0.1"}, .is_expired = true}));
    harness_.engine.drop_connections();
    add_second_task();
    ASSERT_TRUE(
        harness_.until([this] { return harness_.metric(R"(swarm_sd_stream_losses_total{cause="tls"})") >= 2; }));
    EXPECT_EQ(harness_.file(), one_target);
    EXPECT_EQ(harness_.metric("swarm_sd_stream_connected"), 0);

    front->show(valid);
    EXPECT_TRUE(harness_.until_file_is(two_targets));
    EXPECT_TRUE(harness_.until([this] { return harness_.metric("swarm_sd_stream_connected") == 1; }));
    harness_.stop();
}

TEST_F(Faults, ADemotedManagerKeepsTheFileUntilItIsPromoted)
{
    start();
    harness_.engine.swarm = "active/worker";
    for (const auto* path : {"/services", "/nodes", "/tasks"})
        harness_.engine.instead[path] = {503, R"({"message":"This node is not a swarm manager."})"};
    harness_.engine.state.tasks.clear();
    const auto before = failures();
    ASSERT_TRUE(harness_.until([&] { return failures() >= before + 2; }));
    EXPECT_EQ(harness_.file(), one_target);

    harness_.engine.instead.clear();
    harness_.engine.swarm = "active/manager";
    harness_.engine.state.tasks["t1"] = to_json(made_up_task{"t1", "s1"});
    add_second_task();
    EXPECT_TRUE(harness_.until_file_is(two_targets));
}

TEST_F(Faults, AnEngineThatIsTooOldEndsTheAgent)
{
    harness_.engine.api_version = "1.39";
    harness_.start();
    EXPECT_TRUE(harness_.until([this] { return !harness_.running; }));
    EXPECT_EQ(harness_.file(), "");
}

TEST_F(Faults, AnUpgradedEngineIsSpokenToInItsNewVersion)
{
    start();
    harness_.engine.api_version = "1.44";
    harness_.engine.end_streams();
    EXPECT_TRUE(harness_.until([this] {
        return !harness_.engine.requests.empty() && harness_.engine.requests.back().target.starts_with("/v1.44/");
    }));
}

TEST_F(Faults, RecordsThatAreNoEventsCauseAList)
{
    harness_.settings.resync_interval = 1h;
    start();
    add_second_task();
    harness_.engine.emit("not json");
    EXPECT_TRUE(harness_.until_file_is(two_targets));
    EXPECT_EQ(harness_.metric("swarm_sd_events_dropped_total"), 1);
}

TEST_F(Faults, AChangeThatNoEventToldIsFoundByTheNextList)
{
    start();
    add_second_task();
    EXPECT_TRUE(harness_.until_file_is(two_targets));
}

TEST_F(Faults, AStreamThatKeepsSilentAboutAServiceIsRecycled)
{
    start();
    harness_.engine.state.services["s1"] = to_json(made_up_service{"s1", "accountservice", 2, 6767});
    EXPECT_TRUE(
        harness_.until([this] { return harness_.metric(R"(swarm_sd_missed_changes_total{announced="true"})") == 1; }));
    EXPECT_TRUE(harness_.until([this] { return harness_.engine.count("/events") == 2; }));
    EXPECT_EQ(harness_.metric(R"(swarm_sd_stream_losses_total{cause="silent"})"), 1);
}

TEST_F(Faults, F44_ADirectoryThatVanishesIsWaitedFor)
{
    start();
    std::filesystem::remove_all(harness_.output().parent_path());
    ASSERT_TRUE(harness_.until(
        [this] { return harness_.metric(R"(swarm_sd_file_writes_total{result="failed",role="endpoints"})") >= 1; }));
    EXPECT_THAT(harness_.page("/-/ready"), testing::HasSubstr("could not be brought up to date"));
    std::filesystem::create_directory(harness_.output().parent_path());
    EXPECT_TRUE(harness_.until_file_is(one_target));
    EXPECT_TRUE(harness_.until([this] { return harness_.page("/-/ready") == "ready\n"; }))
        << "the file is there a moment before its writer says so";
}

TEST_F(Faults, AnOutputThatCannotBeWrittenIsSaidAtOnce)
{
    harness_.settings.outputs.front().path = harness_.directory.path() / "missing" / "endpoints.json";
    try {
        harness_.start();
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("missing/endpoints.json"));
        EXPECT_THAT(error.what(), testing::HasSubstr("must exist"));
    }
}

TEST_F(Faults, AListenAddressThatIsTakenIsSaidAtOnce)
{
    start();
    agent::shell::options second = harness_.settings;
    second.outputs.front().path = harness_.directory.path() / "sd" / "second.json";
    second.listen_address = "127.0.0.1:" + std::to_string(harness_.agent->port());
    EXPECT_THROW(agent::shell::daemon(harness_.io.get_executor(), second, harness_.log), std::runtime_error);
}

TEST_F(Faults, F49_ASecondAgentWithTheSameFileIsNotReadyUntilTheFirstIsGone)
{
    start();
    agent_harness second;
    second.settings.rules.endpoints.meta = agent::core::meta_labels::none;
    second.settings.outputs = harness_.settings.outputs;
    second.engine.state = harness_.engine.state;
    second.start();
    ASSERT_TRUE(second.until(
        [&] { return second.metric(R"(swarm_sd_file_writes_total{result="failed",role="endpoints"})") >= 1; }));
    EXPECT_TRUE(second.agent->not_ready_because());
    EXPECT_EQ(harness_.file(), one_target);

    harness_.stop();
    harness_.agent.reset();
    EXPECT_TRUE(second.until_ready());
    second.stop();
}

} // namespace
