#include "agent/core/snapshot_intake.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

snapshot tasks_of(const service& owner, std::size_t from, std::size_t to)
{
    snapshot data{{owner}, {}, {}, {}};
    for (; from < to; ++from)
        data.tasks.push_back(task_of(owner, "t" + std::to_string(from)));
    return data;
}

TEST(SnapshotIntake, TakesALargeListInParts)
{
    constexpr std::size_t count = 301;
    swarm world;
    snapshot_intake whole(tasks_of(service_named("shop"), 0, count));
    for (std::size_t expected = 99; expected < count; expected += 100) {
        std::size_t left = 100; // the service is one of them
        EXPECT_FALSE(whole.go_on(world, left));
        EXPECT_EQ(left, 0U);
        EXPECT_EQ(world.task_count(), expected);
    }
    std::size_t left = 100;
    EXPECT_TRUE(whole.go_on(world, left));
    EXPECT_EQ(world.task_count(), count);
    const auto changes = whole.take_changes();
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(changes.flipped, SizeIs(count));
}

TEST(SnapshotIntake, RemovesWhatIsNotNamedAtTheEnd)
{
    constexpr std::size_t count = 200;
    const auto shop = service_named("shop");
    swarm world;
    world.replace(tasks_of(shop, 0, count));
    snapshot_intake whole(tasks_of(shop, count / 2, count + 3));
    for (std::size_t left = 50; !whole.go_on(world, left); left = 50)
        EXPECT_NE(world.find_task("t0"), nullptr);
    EXPECT_EQ(world.task_count(), count / 2 + 3);
    EXPECT_EQ(world.find_task("t0"), nullptr);
    EXPECT_THAT(world.tasks_of("id-shop"), SizeIs(count / 2 + 3));
}

TEST(SnapshotIntake, MovesATaskThatIsNamedTwice)
{
    const auto shop = service_named("shop");
    const auto other = service_named("other");
    swarm world;
    world.replace({{shop, other}, {}, {task_of(shop, "t1"), task_of(shop, "t2")}, {}});
    world.replace({{shop, other}, {}, {task_of(shop, "t1"), task_of(other, "t1")}, {}});
    EXPECT_EQ(world.task_count(), 1U);
    EXPECT_THAT(world.tasks_of("id-shop"), SizeIs(0));
    EXPECT_THAT(world.tasks_of("id-other"), SizeIs(1));
}

} // namespace
} // namespace agent::core
