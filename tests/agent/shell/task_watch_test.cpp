#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/fake_manager.hpp"
#include "tests/support/run_until.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::fake_manager;
using support::made_up_service;
using support::made_up_task;
using support::watch_event;
using testing::HasSubstr;

std::string file_with(const std::string& targets)
{
    return "[\n{\"targets\":[" + targets + R"(],"labels":{"task":"accountservice"}})" + "\n]\n";
}

const auto one_target = file_with(R"("10.0.1.2:6767")");
const auto two_targets = file_with(R"("10.0.1.2:6767","10.0.1.3:6767")");
const auto three_targets = file_with(R"("10.0.1.2:6767","10.0.1.3:6767","10.0.1.4:6767")");

/// An agent beside a manager: an engine and its control socket.
class DaemonOnAManager : public testing::Test {
protected:
    DaemonOnAManager()
    {
        harness.settings.rules.endpoints.meta = agent::core::meta_labels::none;
        harness.settings.task_watch.socket = harness.directory / "control.sock";
        harness.engine.state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
        harness.engine.state.services["s1"] = to_json(made_up_service{"s1", "accountservice", 1, 6767});
        put(first);
        start_manager();
    }

    ~DaemonOnAManager() override
    {
        harness.stop();
        stop_manager();
    }

    /// What the whole swarm agrees on.
    void put(const made_up_task& value) { harness.engine.state.tasks[value.id] = to_json(value); }

    /// A manager that knows what the engine knows.
    void start_manager()
    {
        manager = std::make_unique<fake_manager>(harness.io.get_executor(), harness.directory / "control.sock");
        for (const auto& [id, json] : harness.engine.state.nodes)
            manager->nodes[id] = support::node_message(json, 5);
        for (const auto& [id, json] : harness.engine.state.services)
            manager->services[id] = support::service_message(json, 10);
        for (const auto& [id, json] : harness.engine.state.tasks) {
            manager->tasks[id] = support::task_message(json, 15);
            manager->networks.merge(support::network_messages({json}));
        }
        serving.emplace(harness.io, manager->run());
    }

    void stop_manager()
    {
        if (!manager)
            return;
        serving->cancel();
        manager->server.drop_connections();
        EXPECT_TRUE(harness.until([this] { return serving->is_done() && manager->server.connections() == 0; }));
        manager->server.close();
        manager.reset();
    }

    void start()
    {
        harness.start();
        ASSERT_TRUE(harness.until_ready());
    }

    void start_watching()
    {
        start();
        ASSERT_TRUE(until_carried_by(agent::core::feed::watch));
    }

    [[nodiscard]] bool until_carried_by(agent::core::feed which)
    {
        return harness.until([this, which] { return harness.agent->state().carrier() == which; });
    }

    /// Tells what became of a task, in the watch alone or in the lists as well.
    void tell(const made_up_task& value, watch_event::change what, support::version changed)
    {
        const auto message = support::task_message(to_json(value), changed);
        if (what == watch_event::change::removed)
            manager->tasks.erase(value.id);
        else
            manager->tasks[value.id] = message;
        manager->tell({{what, watch_event::kind::task, message}});
    }

    agent_harness harness;
    std::unique_ptr<fake_manager> manager;
    std::optional<support::running<void>> serving;

    const made_up_task first{"t1", "s1"};
    const made_up_task second{"t2", "s1", "node1", "10.0.1.3"};
    const made_up_task third{"t3", "s1", "node1", "10.0.1.4"};
};

TEST_F(DaemonOnAManager, LearnsFromTheManagerAndListsNothingFromTheEngine)
{
    start_watching();
    EXPECT_EQ(harness.file(), one_target);
    EXPECT_EQ(harness.engine.count("/tasks"), 0U);
    EXPECT_EQ(harness.engine.count("/services"), 0U);
    EXPECT_EQ(harness.engine.count("/nodes"), 1U) << "to see that both are of one swarm";
    EXPECT_EQ(harness.metric(R"(swarm_sd_feed_active{feed="task_watch"})"), 1);
    EXPECT_EQ(harness.metric(R"(swarm_sd_feed_active{feed="engine"})"), 0);
    EXPECT_EQ(harness.metric("swarm_sd_watch_connected"), 1);
    EXPECT_EQ(harness.metric("swarm_sd_watch_changes_held_back"), 0);
    EXPECT_EQ(manager->asked.front(), "ListNodes");
}

TEST_F(DaemonOnAManager, TakesTheUsersWordForASocketThatWasNamed)
{
    harness.settings.task_watch.named = true;
    start_watching();
    EXPECT_EQ(harness.engine.count("/nodes"), 0U);
    EXPECT_EQ(manager->asked.front(), "Watch");
}

TEST_F(DaemonOnAManager, WritesWhatTheWatchTellsWithoutAskingAnybody)
{
    start_watching();
    const auto asked_before = harness.engine.requests.size();
    tell(second, watch_event::change::created, 20);
    EXPECT_TRUE(harness.until_file_is(two_targets));
    tell(second, watch_event::change::removed, 20);
    EXPECT_TRUE(harness.until_file_is(one_target));
    EXPECT_EQ(harness.engine.requests.size(), asked_before);
    EXPECT_EQ(harness.metric(R"(swarm_sd_watch_changes_total{type="task"})"), 2);
}

TEST_F(DaemonOnAManager, LosesNoChangeThatIsToldBeforeTheFirstList)
{
    manager->told_with_arming = {support::watch_message(
        {{watch_event::change::created, watch_event::kind::task, support::task_message(to_json(second), 20)}})};
    start_watching();
    EXPECT_TRUE(harness.until_file_is(two_targets));
}

TEST_F(DaemonOnAManager, AsksTheEngineNothingForItsHintsWhileTheWatchCarries)
{
    start_watching();
    const auto asked_before = harness.engine.requests.size();
    harness.engine.emit(container_event("start", second));
    harness.engine.emit(support::object_event("service", "update", "s1"));
    harness.engine.emit(support::object_event("node", "update", "node1"));
    ASSERT_TRUE(harness.until([this] { return harness.engine.events_sent(); }));
    ASSERT_TRUE(harness.until([this] { return harness.metric(R"(swarm_sd_events_total{type="node"})") == 1; }));
    tell(second, watch_event::change::created, 20);
    EXPECT_TRUE(harness.until_file_is(two_targets));
    EXPECT_EQ(harness.engine.requests.size(), asked_before);
}

TEST_F(DaemonOnAManager, TakesADesiredStateForTheEndOfATarget)
{
    put(second);
    stop_manager();
    start_manager();
    start_watching();
    ASSERT_TRUE(harness.until_file_is(two_targets));
    tell({"t2", "s1", "node1", "10.0.1.3", "running", "remove"}, watch_event::change::updated, 20);
    EXPECT_TRUE(harness.until_file_is(one_target));
}

TEST_F(DaemonOnAManager, GoesOnWithTheEngineWhenTheManagerVanishesAndComesBackToIt)
{
    start_watching();
    put(second);
    stop_manager();
    EXPECT_TRUE(until_carried_by(agent::core::feed::engine));
    EXPECT_TRUE(harness.until_file_is(two_targets)) << "the engine's list";
    put(third);
    harness.engine.emit(container_event("start", third));
    EXPECT_TRUE(harness.until_file_is(three_targets)) << "its events";
    EXPECT_EQ(harness.metric("swarm_sd_watch_connected"), 0);
    EXPECT_GE(harness.metric(R"(swarm_sd_watch_losses_total{cause="no_manager"})"), 0);

    start_manager();
    EXPECT_TRUE(until_carried_by(agent::core::feed::watch));
    EXPECT_EQ(harness.file(), three_targets);
    tell(third, watch_event::change::removed, 15);
    EXPECT_TRUE(harness.until_file_is(two_targets));
}

TEST_F(DaemonOnAManager, KeepsItsTargetsWhenTheWatchBreaksAndNobodyAnswers)
{
    start_watching();
    harness.engine.instead["/tasks"] = {};
    stop_manager();
    ASSERT_TRUE(until_carried_by(agent::core::feed::engine));
    ASSERT_TRUE(harness.until([this] { return harness.engine.count("/tasks") >= 2; }));
    EXPECT_EQ(harness.file(), one_target);
}

TEST_F(DaemonOnAManager, OpensTheWatchAgainAfterAMessageThatIsNone)
{
    start_watching();
    manager->tasks["t2"] = support::task_message(to_json(second), 20);
    manager->tell(std::string("\x0a\x05no"));
    EXPECT_TRUE(harness.until([this] { return manager->count("Watch") == 2; }));
    EXPECT_TRUE(harness.until_file_is(two_targets));
    EXPECT_TRUE(until_carried_by(agent::core::feed::watch));
    EXPECT_EQ(harness.metric(R"(swarm_sd_watch_losses_total{cause="ended"})"), 1);
}

TEST_F(DaemonOnAManager, SaysWhyTheWatchEnded)
{
    harness.log = runtime::logger(runtime::log_level::info, runtime::log_format::logfmt);
    testing::internal::CaptureStderr();
    start_watching();
    manager->end_watches(2, "context canceled");
    manager->server.go_away();
    EXPECT_TRUE(until_carried_by(agent::core::feed::engine));
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("msg=watch_opened"));
    EXPECT_THAT(log, HasSubstr("msg=feed_changed feed=\"task_watch\""));
    EXPECT_THAT(log, HasSubstr("context canceled"));
    EXPECT_THAT(log, HasSubstr("msg=feed_changed feed=\"engine\""));
}

TEST_F(DaemonOnAManager, RefusesTheSocketOfAnotherSwarm)
{
    harness.log = runtime::logger(runtime::log_level::info, runtime::log_format::logfmt);
    manager->nodes = {{"other", support::node_message(support::node_json("other", "192.0.2.9"), 5)}};
    manager->tasks.clear();
    testing::internal::CaptureStderr();
    start();
    EXPECT_TRUE(
        harness.until([this] { return harness.metric(R"(swarm_sd_watch_losses_total{cause="other_swarm"})") >= 1; }));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("another swarm"));
    EXPECT_EQ(harness.agent->state().carrier(), agent::core::feed::engine);
    EXPECT_EQ(harness.file(), one_target);
    EXPECT_EQ(manager->count("Watch"), 0U);
}

TEST_F(DaemonOnAManager, NeverOpensTheSocketWhenTheWatchIsOff)
{
    harness.settings.task_watch.socket.clear();
    start();
    put(second);
    harness.engine.emit(container_event("start", second));
    EXPECT_TRUE(harness.until_file_is(two_targets));
    EXPECT_EQ(manager->server.connections(), 0U);
    EXPECT_TRUE(manager->asked.empty());
    EXPECT_EQ(harness.metric(R"(swarm_sd_feed_active{feed="engine"})"), 1);
}

TEST_F(DaemonOnAManager, StartsWithTheEngineWhenTheWatchDoesNotArm)
{
    manager->arms = false;
    harness.start();
    EXPECT_TRUE(harness.until_file_is(one_target)) << "after 2 s";
    EXPECT_EQ(harness.agent->state().carrier(), agent::core::feed::engine);
}

TEST_F(DaemonOnAManager, HoldsChangesBackWhileTheLeaderDoesNotAnswer)
{
    start_watching();
    manager->failing = {{"ListNodes", {14, "no leader"}}};
    // A node's change makes it ask who leads.
    manager->tell({{watch_event::change::updated, watch_event::kind::node,
                    support::node_message(support::node_json("node1", "192.0.2.1"), 16)}});
    ASSERT_TRUE(harness.until([this] { return harness.metric("swarm_sd_watch_changes_held_back") == 1; }));
    tell(second, watch_event::change::created, 20);
    ASSERT_TRUE(harness.until([this] { return harness.metric(R"(swarm_sd_watch_changes_total{type="task"})") == 1; }));
    EXPECT_EQ(harness.file(), one_target);
    EXPECT_EQ(harness.metric(R"(swarm_sd_feed_active{feed="task_watch"})"), 1) << "for a while";

    manager->failing.clear();
    EXPECT_TRUE(harness.until_file_is(two_targets)) << "once it answers and a list has said so";
    EXPECT_EQ(harness.metric("swarm_sd_watch_changes_held_back"), 0);
}

TEST_F(DaemonOnAManager, CanBeStoppedAtEveryMoment)
{
    bool was_ready = false;
    for (int handlers = 0; !was_ready && handlers < 1000; handlers += 3) {
        harness.start();
        support::run_handlers(harness.io, handlers,
                              [this] { return harness.agent->state().carrier() == agent::core::feed::watch; });
        was_ready = harness.agent->state().carrier() == agent::core::feed::watch;
        harness.stop();
        ASSERT_FALSE(harness.running);
        harness.agent.reset();
    }
    EXPECT_TRUE(was_ready);
    EXPECT_TRUE(harness.until([this] { return manager->server.connections() == 0; }));
}

} // namespace
