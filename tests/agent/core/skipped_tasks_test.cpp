#include "agent/core/skipped_tasks.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SkippedTasks : public ::testing::Test {
protected:
    SkippedTasks()
    {
        auto shop = service_named("shop");
        shop.ports = {tcp(8080)};
        auto stopped = task_of(shop, "t2", {on("back", {"10.0.1.4/24"})});
        stopped.desired = task_state::shutdown;
        const auto orphan = task_of(service_named("gone"), "t3");
        world.replace(
            {{shop}, {}, {task_of(shop, "t1", {on("back", {"10.0.1.3/24"})}), stopped, orphan}, {overlay("back")}});
    }

    swarm world;
    endpoint_rules rules;
};

TEST_F(SkippedTasks, SayWhichRuleRejectedThem)
{
    const auto found = list_skipped({"id-shop"}, world, rules, 10);
    EXPECT_FALSE(found.more);
    EXPECT_THAT(found.tasks,
                ElementsAre(skipped_task{"shop", "id-shop", "t2", "node-1", "state", "running, desired shutdown"},
                            skipped_task{"", "id-gone", "t3", "node-1", "service", "not in the list of services"}));
}

TEST_F(SkippedTasks, AreAtMostAsManyAsAskedFor)
{
    const auto found = list_skipped({"id-shop"}, world, rules, 1);
    EXPECT_THAT(found.tasks, SizeIs(1));
    EXPECT_TRUE(found.more);
    EXPECT_TRUE(list_skipped({"id-shop"}, world, rules, 0).more);
    EXPECT_FALSE(list_skipped({"id-shop"}, world, rules, 2).more);
}

TEST_F(SkippedTasks, AreThoseOfTheServicesAskedFor)
{
    EXPECT_THAT(list_skipped({}, world, rules, 10).tasks, SizeIs(1)) << "the orphan";
    world.remove_task("t3");
    EXPECT_THAT(list_skipped({"id-nobody"}, world, rules, 10).tasks, IsEmpty());
}

} // namespace
} // namespace agent::core
