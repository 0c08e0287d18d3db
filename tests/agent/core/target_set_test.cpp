#include "agent/core/target_set.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TargetSet : public ::testing::Test {
protected:
    TargetSet()
    {
        rules.endpoints.meta = meta_labels::none;
        shop.ports = {tcp(8080)};
        shop.network_ids = {"id-back"};
        world.replace({{shop},
                       {},
                       {task_of(shop, "t1", {on("back", {"10.0.1.3/24"}), on("front", {"10.0.2.3/24"})})},
                       {overlay("back"), overlay("front")}});
    }

    static model_changes services(id_set ids)
    {
        model_changes changes;
        changes.concerned = std::move(ids);
        return changes;
    }

    role_rules rules;
    service shop = service_named("shop");
    swarm world;
};

TEST_F(TargetSet, IsEmptyAtFirst)
{
    const target_set targets(role::endpoints, rules);
    EXPECT_THAT(targets.groups(), IsEmpty());
    EXPECT_EQ(targets.target_count(), 0U);
    EXPECT_EQ(targets.skipped(), skip_counts{});
}

TEST_F(TargetSet, TellsWhetherAnythingChanged)
{
    target_set targets(role::endpoints, rules);
    EXPECT_TRUE(targets.refresh(services({"id-shop"}), world));
    EXPECT_EQ(targets.target_count(), 1U);
    EXPECT_FALSE(targets.refresh(services({"id-shop"}), world));
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    EXPECT_TRUE(targets.refresh(services({"id-shop"}), world));
    EXPECT_EQ(targets.target_count(), 2U);
}

TEST_F(TargetSet, TakesADifferentReasonForNoChange)
{
    target_set targets(role::endpoints, rules);
    targets.refresh(services({"id-shop"}), world);
    auto down = task_of(shop, "t2");
    down.state = task_state::failed;
    world.put(down);
    EXPECT_FALSE(targets.refresh(services({"id-shop"}), world));
    EXPECT_EQ(targets.skipped().tasks.at(static_cast<std::size_t>(skip_reason::not_running)), 1U);
}

TEST_F(TargetSet, WorksOutConcernedServicesOnly)
{
    target_set targets(role::endpoints, rules);
    EXPECT_FALSE(targets.refresh(services({"id-other"}), world));
    EXPECT_THAT(targets.groups(), IsEmpty());
}

TEST_F(TargetSet, DropsAServiceThatIsGone)
{
    target_set targets(role::endpoints, rules);
    targets.refresh(services({"id-shop"}), world);
    world.remove_service("id-shop");
    EXPECT_TRUE(targets.refresh(services({"id-shop"}), world));
    EXPECT_THAT(targets.groups(), IsEmpty());
    EXPECT_EQ(targets.skipped(), skip_counts{});
    EXPECT_FALSE(targets.refresh(services({"id-shop"}), world));
}

TEST_F(TargetSet, AddsUpWhatAllServicesLeaveOut)
{
    const auto other = service_named("other");
    world.put(other);
    world.put(task_of(other, "t8", {on("back", {"10.0.1.8/24"})}));
    world.put(task_of(shop, "t9"));
    target_set targets(role::endpoints, rules);
    targets.refresh(services({"id-shop", "id-other"}), world);
    const auto skipped = targets.skipped();
    EXPECT_EQ(skipped.tasks.at(static_cast<std::size_t>(skip_reason::no_port)), 1U);
    EXPECT_EQ(skipped.tasks.at(static_cast<std::size_t>(skip_reason::no_shared_network)), 1U);
}

TEST_F(TargetSet, FollowsTheNetworksOfThePrometheusService)
{
    rules.endpoints.prometheus_service = "prometheus";
    target_set targets(role::endpoints, rules);
    EXPECT_FALSE(targets.refresh(services({"id-shop"}), world)) << "no such service yet";

    auto prometheus = service_named("prometheus");
    prometheus.network_ids = {"id-front"};
    world.put(prometheus);
    EXPECT_TRUE(targets.refresh(services({"id-prometheus"}), world));
    ASSERT_THAT(targets.groups(), SizeIs(1));
    EXPECT_THAT(targets.groups()[0].targets, ElementsAre("10.0.2.3:8080"));

    prometheus.network_ids = {"id-back"};
    world.put(prometheus);
    EXPECT_TRUE(targets.refresh(services({"id-prometheus"}), world));
    EXPECT_THAT(targets.groups()[0].targets, ElementsAre("10.0.1.3:8080"));

    world.remove_service("id-prometheus");
    EXPECT_TRUE(targets.refresh(services({"id-prometheus"}), world));
    EXPECT_THAT(targets.groups(), IsEmpty());
}

TEST(TargetSetOfNodes, FollowsAManagersStatus)
{
    swarm world;
    target_set targets(role::nodes, {});
    auto manager = node_at("node-1", "192.168.0.1");
    EXPECT_TRUE(targets.refresh(world.put(manager), world));
    manager.manager = manager_status{"192.168.0.1:2377", true, "reachable"};
    EXPECT_TRUE(targets.refresh(world.put(manager), world));
    EXPECT_FALSE(targets.refresh(world.put(manager), world));
}

} // namespace
} // namespace agent::core
