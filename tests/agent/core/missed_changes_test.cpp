#include "agent/core/missed_changes.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

class MissedChanges : public ::testing::Test {
protected:
    static model_changes service_changed(const std::string& id)
    {
        model_changes changes;
        changes.services.insert(id);
        return changes;
    }

    static model_changes node_changed(const std::string& id)
    {
        model_changes changes;
        changes.nodes.insert(id);
        return changes;
    }

    /// A task of service `id-shop` on `node-1` began or ceased to serve.
    static model_changes task_flipped(const std::string& id)
    {
        model_changes changes;
        const auto flipped = task_of(service_named("shop"), id);
        changes.flipped.push_back({flipped.id, flipped.service_id, flipped.node_id});
        return changes;
    }

    void expect_missed(missed_changes::time_point when, unsigned announced, unsigned unannounced)
    {
        const auto missed = watch.take_expired(when);
        EXPECT_EQ(missed.announced, announced);
        EXPECT_EQ(missed.unannounced, unannounced);
    }

    missed_changes watch;
    const missed_changes::time_point start{1h};
};

TEST_F(MissedChanges, CountsAServiceThatNoHintAnnounced)
{
    watch.listed(service_changed("shop"), start);
    EXPECT_EQ(watch.deadline(), start + 2s);
    expect_missed(start + 2s, 1, 0);
    EXPECT_EQ(watch.deadline(), std::nullopt);
}

TEST_F(MissedChanges, CountsANodeThatNoHintAnnounced)
{
    watch.listed(node_changed("node-1"), start);
    expect_missed(start + 2s, 1, 0);
}

TEST_F(MissedChanges, CountsEachChangeOnce)
{
    watch.listed(service_changed("shop"), start);
    watch.listed(service_changed("shop"), start + 1s);
    expect_missed(start + 2s, 1, 0);
    expect_missed(start + 10s, 0, 0);
}

TEST_F(MissedChanges, GivesHintsTimeToCome)
{
    watch.listed(service_changed("shop"), start);
    expect_missed(start + 1999ms, 0, 0);
    watch.heard_of("shop", start + 1999ms);
    expect_missed(start + 1h, 0, 0);
}

TEST_F(MissedChanges, TakesAnEarlierHintAsAnAnnouncement)
{
    watch.heard_of("shop", start - 30s);
    watch.listed(service_changed("shop"), start);
    expect_missed(start + 1h, 0, 0);
}

TEST_F(MissedChanges, ForgetsHintsAfterHalfAMinute)
{
    watch.heard_of("shop", start - 30001ms);
    watch.listed(service_changed("shop"), start);
    expect_missed(start + 2s, 1, 0);
}

TEST_F(MissedChanges, ExpectsNoAnnouncementOfTasksElsewhere)
{
    watch.local_node("node-2");
    watch.listed(task_flipped("t1"), start);
    expect_missed(start + 2s, 0, 1);
}

TEST_F(MissedChanges, ExpectsTheAnnouncementOfTasksOnTheEnginesOwnNode)
{
    watch.local_node("node-1");
    watch.listed(task_flipped("t1"), start);
    expect_missed(start + 2s, 1, 0);
}

TEST_F(MissedChanges, ExpectsNoAnnouncementOfTasksWhileTheOwnNodeIsNotKnown)
{
    watch.listed(task_flipped("t1"), start);
    expect_missed(start + 2s, 0, 1);
}

TEST_F(MissedChanges, TakesAHintAboutATasksServiceOrNodeAsItsAnnouncement)
{
    for (const auto* id : {"t1", "id-shop", "node-1"}) {
        missed_changes before;
        before.heard_of(id, start - 1s);
        before.listed(task_flipped("t1"), start);
        EXPECT_FALSE(before.take_expired(start + 1h).any()) << id << " before the list";

        missed_changes after;
        after.listed(task_flipped("t1"), start);
        after.heard_of(id, start + 1s);
        EXPECT_FALSE(after.take_expired(start + 1h).any()) << id << " after the list";
    }
}

TEST_F(MissedChanges, IsNotFooledByHintsWithoutAnId)
{
    auto changes = task_flipped("t1");
    changes.flipped.front().node_id.clear();
    watch.listed(changes, start);
    watch.heard_of("", start);
    expect_missed(start + 2s, 0, 1);
}

TEST_F(MissedChanges, ForgetsItsSuspectsWithTheStream)
{
    watch.listed(service_changed("shop"), start);
    watch.reset();
    EXPECT_EQ(watch.deadline(), std::nullopt);
    expect_missed(start + 1h, 0, 0);
}

TEST_F(MissedChanges, ForgetHintsThatExplainNothingAnyMoreWhetherListsComeOrNot)
{
    for (int second = 0; second < 10'000; ++second)
        watch.heard_of("t" + std::to_string(second), start + std::chrono::seconds(second));
    EXPECT_LE(watch.remembered(), 2 * missed_changes::memory / 1s + 1);
}

TEST_F(MissedChanges, DoNotBlameTheStreamForAManagersStatus)
{
    swarm world;
    auto manager = node_at("node-1", "192.168.0.1");
    manager.manager = manager_status{"192.168.0.1:2377", false, "reachable"};
    world.put(manager);
    manager.manager->reachability = "unreachable";
    watch.listed(world.put(manager), start);
    expect_missed(start + missed_changes::grace, 0, 0);
}

TEST_F(MissedChanges, TakesAllForAnnouncedForAWhileRatherThanRememberMoreThanTheLimit)
{
    for (std::size_t number = 0; number <= missed_changes::most_heard; ++number)
        watch.heard_of("x" + std::to_string(number), start);
    watch.listed(service_changed("x0"), start + missed_changes::memory);
    EXPECT_EQ(watch.deadline(), std::nullopt);
    watch.listed(service_changed("x0"), start + missed_changes::memory + 1s);
    EXPECT_EQ(watch.deadline(), start + missed_changes::memory + 3s);
}

TEST_F(MissedChanges, CountsAChangeOnceHoweverOftenListsShowIt)
{
    watch.listed(task_flipped("t1"), start);
    watch.listed(task_flipped("t1"), start + 1s);
    watch.listed(task_flipped("t2"), start + 1s);
    EXPECT_EQ(watch.deadline(), start + 2s);
    expect_missed(start + 2s, 0, 1);
    EXPECT_EQ(watch.deadline(), start + 3s);
    watch.heard_of("id-shop", start + 2s);
    EXPECT_EQ(watch.deadline(), std::nullopt) << "that explains the other one";
}

} // namespace
} // namespace agent::core
