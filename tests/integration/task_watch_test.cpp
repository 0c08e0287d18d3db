// The task watch on a real swarm of three managers and a worker: agents that watch on every manager, one beside them
// that does not, and what can happen to the managers.
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/managers_test.hpp"
#include "tests/integration/recording_proxy.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

class TaskWatch : public managers_test {
protected:
    /// That the agent of a follower keeps its targets while something is done to the engine it asks, and is right again
    /// when that is undone.
    void survives(const std::string& what, const std::string& undoing)
    {
        auto& agent = watch_on(follower_);
        auto& engine_feed = engine_feed_on(bystander_);
        const auto before = contents_of(agent.endpoints());
        time_span blind{system_clock::now(), {}};
        fault broken(*swarm_, follower_, what, undoing);
        kill_one("steady");
        ASSERT_TRUE(eventually([] { return running("steady") == 2; }));
        ASSERT_TRUE(converges(engine_feed, leader_));
        EXPECT_EQ(contents_of(agent.endpoints()), before);

        broken.undo();
        ASSERT_TRUE(swarm_is_whole());
        EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
        blind.to = system_clock::now();
        EXPECT_TRUE(converges(agent, leader_));
        EXPECT_TRUE(agree(agent, engine_feed));
        judge(agent, blind);
    }
};

TEST_F(TaskWatch, AndEngineFeedWriteTheSameFilesOfEveryRole)
{
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    const std::vector<std::function<void()>> changes{
        [&] {
            create("web", 3, {"--label", "prometheus.job=web", "--label", "prometheus.label.team=blue"});
        },
        [&] { scale({"web=1"}, leader_); },
        [&] {
            create("everywhere", 1, {"--publish", "mode=host,target=80"});
        },
        [&] {
            swarm_->docker({"service", "update", "--detach", "--label-add", "prometheus.label.team=red", "web"},
                           leader_);
        },
        [&] {
            swarm_->docker({"node", "update", "--label-add", "rack=r1", "node4"}, leader_);
        },
        [&] {
            ASSERT_TRUE(eventually([] { return running("web") == 1; }));
            kill_one("web");
        },
        [&] {
            swarm_->docker({"service", "update", "--detach", "--env-add", "A=B", "web"}, leader_);
        },
        [&] {
            swarm_->docker({"service", "rm", "everywhere"}, leader_);
        },
    };
    int number = 0;
    for (const auto& change : changes) {
        SCOPED_TRACE(++number);
        const auto before = contents_of(engine_feed.file("tasks")) + contents_of(engine_feed.file("nodes"));
        change();
        ASSERT_TRUE(eventually(
            [&] { return contents_of(engine_feed.file("tasks")) + contents_of(engine_feed.file("nodes")) != before; }));
        for (const auto* agent : {&on_leader, &on_follower, &engine_feed})
            ASSERT_TRUE(converges(*agent, leader_)) << "on node" << agent->node();
        ASSERT_TRUE(agree(on_leader, engine_feed));
        ASSERT_TRUE(agree(on_follower, engine_feed));
    }
    for (const auto* agent : {&on_leader, &on_follower, &engine_feed})
        judge(*agent);
}

TEST_F(TaskWatch, TakesATargetAwayBeforeItsContainerStopsAnswering)
{
    create("web", 3);
    ASSERT_TRUE(run_as_wanted("web", 3));
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    ASSERT_TRUE(converges(on_leader, leader_));
    ASSERT_TRUE(converges(on_follower, leader_));
    scale({"web=1"}, leader_);
    ASSERT_TRUE(eventually([] { return running("web") == 1; }));

    for (const auto* agent : {&on_leader, &on_follower}) {
        const auto versions = agent->versions();
        int gone = 0;
        for (const auto& life : lives_->so_far()) {
            if (life.service != "web" || !life.died || life.started < begun_)
                continue;
            ++gone;
            const auto without = std::ranges::find_if_not(versions, [&](const auto& one) { return holds(one, life); });
            ASSERT_NE(without, versions.end()) << "on node" << agent->node();
            EXPECT_LT(without->at, *life.died) << "on node" << agent->node();
        }
        EXPECT_EQ(gone, 2);
        judge(*agent);
    }
}

TEST_F(TaskWatch, F01_SurvivesAnEngineThatIsStopped)
{
    survives("stop", "start");
}

TEST_F(TaskWatch, F02_SurvivesAnEngineThatIsKilled)
{
    survives("kill", "start");
}

TEST_F(TaskWatch, F06_SurvivesAnEngineThatHangs)
{
    survives("freeze", "thaw");
}

TEST_F(TaskWatch, F09_OfAnAgentThatStoodStillUnderChurnIsRightAtOnceAndFreesTheEngine)
{
    const auto memory_of = [](int node) {
        const auto text = swarm_->inside(
            {"sh", "-c",
             "grep VmRSS /proc/$(cat " + (swarm_->socket(node).parent_path() / "docker.pid").string() + ")/status"},
            node);
        return std::stol(text.substr(text.find_first_of("0123456789")));
    };
    // Every round is thousands of changes, of tasks that never run.
    create_unplaced("big");
    const auto churn = [&] {
        scale({"big=300"}, leader_);
        scale({"big=0"}, leader_);
    };
    auto& agent = watch_on(follower_);
    agent.process().freeze();
    time_span blind{system_clock::now(), {}};
    kill_one("steady");
    const auto at_first = memory_of(follower_);
    // Longer than the agent may stand still without opening a new stream.
    int rounds = 0;
    for (; system_clock::now() - blind.from < 30s; ++rounds)
        churn();
    const auto kept = memory_of(follower_) - at_first;
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }));
    agent.process().thaw();
    EXPECT_TRUE(converges(agent, leader_, 5s));
    blind.to = system_clock::now();
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
    EXPECT_EQ(agent.process().metric(R"(swarm_sd_watch_losses_total{cause="closed"})"), 1);
    EXPECT_EQ(agent.process().metric(R"(swarm_sd_watch_losses_total{cause="ended"})"), 0);

    // What was kept for the agent is free for what comes: with a reader that stands still it would grow on as before.
    const auto before = memory_of(follower_);
    for (int round = 0; round < rounds; ++round)
        churn();
    EXPECT_LT(memory_of(follower_) - before, kept / 2 + 30'000) << "kB; over as many rounds it had kept " << kept;
    judge(agent, blind);
}

TEST_F(TaskWatch, OfAnIdleSwarmAsksTheLeaderForASignOfLifeAndTheEngineForNothing)
{
    const auto socket = swarm_->directory() / "proxy.sock";
    const recording_proxy proxy(socket, swarm_->socket(follower_));
    auto& agent = watch_on(follower_, socket);
    const auto reads = [&](const std::string& what) {
        return agent.process().metric("swarm_sd_watch_reads_total{what=\"" + what + "\"}");
    };
    // The list that confirms the first one after 10 s; the next one comes 60 s after that.
    ASSERT_TRUE(eventually([&] { return reads("lists") == 2; }));
    ASSERT_THAT(proxy.requests(),
                testing::Contains(testing::Field(&recording_proxy::request::target, testing::HasSubstr("/events"))));

    // Fifteen times the interval at which this agent would list everything without the watch.
    constexpr auto idle = 30s;
    const auto requests = proxy.requests().size();
    const auto wake_ups = agent.wake_ups();
    const auto signs_of_life = reads("leader");
    EXPECT_TRUE(throughout(idle, [&] { return proxy.requests().size() == requests && agent.wake_ups() == wake_ups; }));
    EXPECT_EQ(proxy.requests().size(), requests) << proxy.requests().back().target;
    EXPECT_EQ(agent.wake_ups(), wake_ups) << "a file was touched";
    EXPECT_EQ(reads("lists"), 2);
    EXPECT_NEAR(reads("leader") - signs_of_life, idle / 5s, 1);
    EXPECT_TRUE(agent.is_ready());
}

TEST_F(TaskWatch, F15_SurvivesTheDeathOfTheLeader)
{
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    time_span blind{system_clock::now(), {}};
    fault killed(*swarm_, leader_, "kill", "start");
    kill_one("steady");
    // There is a new leader, which has replaced the container.
    ASSERT_TRUE(eventually([&] { return leader(follower_) != 0 && running("steady") == 2; }, 60s));
    EXPECT_TRUE(converges(on_follower, follower_));
    EXPECT_TRUE(eventually([&] { return on_follower.watches() && on_follower.is_ready(); }, convergence));
    EXPECT_FALSE(on_leader.watches());

    killed.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(eventually([&] { return on_leader.watches() && on_leader.is_ready(); }, convergence));
    blind.to = system_clock::now();
    for (const auto* agent : {&on_leader, &on_follower}) {
        EXPECT_TRUE(converges(*agent, follower_));
        EXPECT_TRUE(agree(*agent, engine_feed));
        judge(*agent, blind);
    }
}

TEST_F(TaskWatch, F15_IsNotReadyWhileNobodyLeadsAndKeepsItsTargets)
{
    auto& agent = watch_on(bystander_);
    const auto before = contents_of(agent.endpoints());
    time_span blind{system_clock::now(), {}};
    fault first(*swarm_, leader_, "freeze", "thaw");
    fault second(*swarm_, follower_, "freeze", "thaw");
    kill_one("steady");
    EXPECT_TRUE(eventually([&] { return !agent.is_ready(); }, 60s));
    EXPECT_EQ(contents_of(agent.endpoints()), before);

    first.undo();
    second.undo();
    ASSERT_TRUE(swarm_is_whole());
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(agent, bystander_));
    judge(agent, blind);
}

TEST_F(TaskWatch, F15_OfAFollowerThatIsCutOffIsNotReadyKeepsItsTargetsAndIsRightWhenHealed)
{
    create("web", 2);
    create("doomed", 1);
    ASSERT_TRUE(run_as_wanted("web", 2));
    ASSERT_TRUE(run_as_wanted("doomed", 1));
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    const auto before = contents_of(on_follower.endpoints());
    time_span blind{system_clock::now(), {}};
    fault cut(*swarm_, follower_, "cut", "heal");
    scale({"web=3"}, leader_);
    swarm_->docker({"service", "rm", "doomed"}, leader_);
    kill_one("steady");
    create("late", 1, {}, leader_);
    ASSERT_TRUE(converges(engine_feed, leader_));
    ASSERT_TRUE(eventually([&] { return !on_follower.is_ready(); }, 60s));
    EXPECT_EQ(contents_of(on_follower.endpoints()), before);

    cut.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(eventually([&] { return on_follower.watches() && on_follower.is_ready(); }, convergence));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(on_follower, leader(bystander_)));
    EXPECT_TRUE(agree(on_follower, engine_feed));
    judge(on_follower, blind);
}

TEST_F(TaskWatch, F17_OfAManagerThatWasDemotedAndIsPromotedAgainTakesNoHistoryForNews)
{
    // What a new manager is told once more: entries that take it a while each, and after them tasks that ran.
    create_unplaced("big");
    create("lived", 0);
    for (int round = 0; round < 3; ++round) {
        scale({"big=400"}, leader_);
        scale({"big=0"}, leader_);
    }
    for (int round = 0; round < 2; ++round) {
        scale({"lived=3"}, leader_);
        ASSERT_TRUE(eventually([] { return running("lived") == 3; }, convergence));
        kill_one("lived");
        scale({"lived=0"}, leader_);
        ASSERT_TRUE(eventually([] { return running("lived") == 0; }, convergence));
    }
    for (int round = 0; round < 10; ++round)
        for (const auto* replicas : {"1", "0"}) {
            arguments all;
            for (int service = 0; service < 10; ++service)
                all.push_back("big=" + std::string(replicas));
            scale(all, leader_);
        }

    auto& agent = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    time_span blind{system_clock::now(), {}};
    fault demoted([&] { change_role("demote", follower_, leader_); }, [&] { change_role("promote", follower_, leader_); });
    ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(swarm_->control_socket(follower_)); }));
    kill_one("steady");
    ASSERT_TRUE(converges(engine_feed, leader_));
    demoted.undo();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(swarm_->control_socket(follower_)); }, whole));
    // One that waits for its next attempt, and one that is there from the first moment on.
    auto& newcomer = watch_on(follower_);
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, 60s));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(agent, leader_));
    EXPECT_TRUE(converges(newcomer, leader_));
    create("after", 1);
    ASSERT_TRUE(eventually([] { return running("after") == 1; }));
    EXPECT_TRUE(converges(agent, leader_));
    EXPECT_TRUE(agree(agent, engine_feed));
    EXPECT_TRUE(agree(newcomer, engine_feed));
    judge(agent, blind);
    judge(newcomer);
}

} // namespace
} // namespace integration
