// What may go wrong between the agent and its disk, or its start. Its engine: tests/faults/engine.
#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::made_up_service;
using support::made_up_task;

const std::string one_target = "[\n{\"targets\":[\"10.0.1.2:6767\"],\"labels\":{\"task\":\"accountservice\"}}\n]\n";

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

    agent_harness harness_;
};

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
