#include "agent/core/swarm.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Swarm : public ::testing::Test {
protected:
    /// Service `shop` with a task on `node-1`.
    Swarm() { world.replace(data()); }

    snapshot data() const
    {
        return {{shop},
                {node_at("node-1", "192.168.0.1")},
                {task_of(shop, "t1", {on("back", {"10.0.1.3/24"})})},
                {overlay("back")}};
    }

    const service shop = service_named("shop");
    swarm world;
};

TEST_F(Swarm, KnowsWhatAListSays)
{
    ASSERT_NE(world.find_service("id-shop"), nullptr);
    EXPECT_EQ(*world.find_service("id-shop"), shop);
    EXPECT_EQ(world.find_service_by_name("shop"), world.find_service("id-shop"));
    ASSERT_NE(world.find_task("t1"), nullptr);
    EXPECT_EQ(world.find_task("t1")->service_id, "id-shop");
    EXPECT_NE(world.find_node("node-1"), nullptr);
    EXPECT_NE(world.find_network("id-back"), nullptr);
    EXPECT_THAT(world.tasks_of("id-shop"), SizeIs(1));
    EXPECT_EQ(world.task_count(), 1U);
    EXPECT_EQ(world.node_count(), 1U);
}

TEST_F(Swarm, KnowsNothingElse)
{
    EXPECT_EQ(world.find_service("shop"), nullptr);
    EXPECT_EQ(world.find_service_by_name("id-shop"), nullptr);
    EXPECT_EQ(world.find_task(""), nullptr);
    EXPECT_EQ(world.find_node("x"), nullptr);
    EXPECT_EQ(world.find_network("back"), nullptr);
    EXPECT_THAT(world.tasks_of("x"), IsEmpty());
}

TEST_F(Swarm, ChangesNothingWhenAListSaysTheSame)
{
    const auto changes = world.replace(data());
    EXPECT_TRUE(changes.empty());
    EXPECT_THAT(changes.flipped, IsEmpty());
}

TEST_F(Swarm, TellsWhatAFirstListChanged)
{
    swarm fresh;
    const auto changes = fresh.replace(data());
    EXPECT_THAT(changes.services, ElementsAre("id-shop"));
    EXPECT_THAT(changes.nodes, ElementsAre("node-1"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    ASSERT_THAT(changes.flipped, SizeIs(1));
    EXPECT_EQ(changes.flipped[0].id, "t1");
}

TEST_F(Swarm, ForgetsWhatAListDoesNotName)
{
    const auto changes = world.replace({});
    EXPECT_THAT(changes.services, ElementsAre("id-shop"));
    EXPECT_THAT(changes.nodes, ElementsAre("node-1"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(changes.flipped, SizeIs(1));
    EXPECT_EQ(world.find_service("id-shop"), nullptr);
    EXPECT_EQ(world.find_task("t1"), nullptr);
    EXPECT_EQ(world.task_count(), 0U);
    EXPECT_EQ(world.node_count(), 0U);
}

TEST_F(Swarm, FindsContainersByTheirId)
{
    std::vector<container> made(4);
    const std::vector<std::pair<std::string, std::string>> names{
        {"c1", "/web"}, {"c1-2", "/other"}, {"c12", "/another"}, {"c1", "/twin"}};
    for (std::size_t at = 0; at < made.size(); ++at)
        std::tie(made[at].id, made[at].name) = names[at];
    EXPECT_TRUE(world.put_containers(made).containers);
    EXPECT_FALSE(world.put_containers(made).containers);
    EXPECT_THAT(world.containers(), SizeIs(4)) << "one ID with two names is two";
    EXPECT_EQ(world.find_container("c1")->name, "/twin");
    EXPECT_EQ(world.find_container("c12")->name, "/another");
    EXPECT_EQ(world.find_container("c"), nullptr);
    EXPECT_EQ(world.find_container("c2"), nullptr);
    made.pop_back();
    EXPECT_TRUE(world.put_containers(made).containers);
    EXPECT_EQ(world.find_container("c1")->name, "/web");
}

TEST_F(Swarm, KeepsWhatWasNotListed)
{
    container web;
    web.id = "c1";
    world.put_containers({web});
    snapshot local;
    local.swarm_listed = false;
    EXPECT_TRUE(world.replace(local).containers);
    EXPECT_THAT(world.containers(), IsEmpty());
    EXPECT_NE(world.find_service("id-shop"), nullptr);
    EXPECT_NE(world.find_node("node-1"), nullptr);
    EXPECT_NE(world.find_task("t1"), nullptr);

    world.put_containers({web});
    auto far = data();
    far.containers_listed = false;
    EXPECT_TRUE(world.replace(far).empty());
    EXPECT_THAT(world.containers(), SizeIs(1));
}

TEST_F(Swarm, NeverTakesAnAbsentNetworkForADeletedOne)
{
    world.replace({});
    EXPECT_NE(world.find_network("id-back"), nullptr);
}

TEST_F(Swarm, TellsOfAChangedService)
{
    auto changed = shop;
    changed.labels = {{"a", "b"}};
    const auto changes = world.put(changed);
    EXPECT_THAT(changes.services, ElementsAre("id-shop"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_TRUE(world.put(changed).empty());
}

TEST_F(Swarm, KeepsTheTasksOfARemovedServiceAsOrphans)
{
    EXPECT_EQ(world.orphan_count(), 0U);
    const auto changes = world.remove_service("id-shop");
    EXPECT_THAT(changes.services, ElementsAre("id-shop"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_EQ(world.orphan_count(), 1U);
    EXPECT_TRUE(world.remove_service("id-shop").empty());
}

TEST_F(Swarm, ConcernsTheServicesOnAChangedNode)
{
    const auto other = service_named("other");
    world.put(other);
    auto elsewhere = task_of(other, "t2");
    elsewhere.node_id = "node-2";
    world.put(elsewhere);

    const auto changes = world.put(node_at("node-1", "192.168.0.2"));
    EXPECT_THAT(changes.nodes, ElementsAre("node-1"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(world.services_on("node-2"), ElementsAre("id-other"));
    EXPECT_THAT(world.remove_node("node-1").concerned, ElementsAre("id-shop"));
    EXPECT_TRUE(world.remove_node("node-1").empty());
}

TEST_F(Swarm, ConcernsTheServicesAttachedToAChangedNetwork)
{
    auto changed = overlay("back");
    changed.ingress = true;
    EXPECT_THAT(world.put({changed}).concerned, ElementsAre("id-shop"));
    EXPECT_TRUE(world.put({changed}).empty());
    EXPECT_TRUE(world.put({overlay("front")}).empty());
    EXPECT_THAT(world.services_attached_to("id-back"), ElementsAre("id-shop"));
    EXPECT_THAT(world.services_attached_to("id-front"), IsEmpty());
}

TEST_F(Swarm, TellsWhichTasksBeginAndCeaseToServe)
{
    auto dying = *world.find_task("t1");
    dying.desired = task_state::shutdown;
    const auto down = world.put(dying);
    ASSERT_THAT(down.flipped, SizeIs(1));
    EXPECT_EQ(down.flipped[0].id, dying.id);
    EXPECT_THAT(down.concerned, ElementsAre("id-shop"));

    auto dead = dying;
    dead.state = task_state::shutdown;
    const auto dead_changes = world.put(dead);
    EXPECT_THAT(dead_changes.flipped, IsEmpty());
    EXPECT_THAT(dead_changes.concerned, ElementsAre("id-shop"));

    EXPECT_THAT(world.put(task_of(shop, "t1")).flipped, SizeIs(1));
}

TEST_F(Swarm, TellsOfAServingTaskThatIsGone)
{
    const auto changes = world.remove_task("t1");
    ASSERT_THAT(changes.flipped, SizeIs(1));
    EXPECT_EQ(changes.flipped[0].id, "t1");
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_TRUE(world.remove_task("t1").empty());
}

TEST_F(Swarm, ReplacesTheTasksOfOneServiceOnly)
{
    const auto other = service_named("other");
    world.put(other);
    world.put(task_of(other, "t9"));
    const auto changes = world.put_tasks_of("id-shop", {task_of(shop, "t2")});
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(changes.flipped, SizeIs(2));
    EXPECT_EQ(world.find_task("t1"), nullptr);
    EXPECT_NE(world.find_task("t2"), nullptr);
    EXPECT_NE(world.find_task("t9"), nullptr);
    world.put_tasks_of("id-shop", {});
    EXPECT_THAT(world.tasks_of("id-shop"), IsEmpty());
    EXPECT_EQ(world.task_count(), 1U);
}

TEST_F(Swarm, HoldsATaskOnceEvenIfItMovesToAnotherService)
{
    const auto other = service_named("other");
    world.put(other);
    const auto changes = world.put(task_of(other, "t1"));
    EXPECT_THAT(changes.concerned, ElementsAre("id-other", "id-shop"));
    EXPECT_THAT(world.tasks_of("id-shop"), IsEmpty());
    EXPECT_THAT(world.tasks_of("id-other"), SizeIs(1));
    EXPECT_EQ(world.task_count(), 1U);
    world.replace({});
    EXPECT_THAT(world.tasks_of("id-other"), IsEmpty());
}

TEST_F(Swarm, FindsAServiceUnderItsNewNameOnly)
{
    auto renamed = shop;
    renamed.name = "store";
    world.put(renamed);
    EXPECT_EQ(world.find_service_by_name("shop"), nullptr);
    EXPECT_NE(world.find_service_by_name("store"), nullptr);
}

TEST_F(Swarm, ConcernsTheServicesWithAVirtualIpOnAChangedNetwork)
{
    auto remote = service_named("remote");
    remote.virtual_ips = {{"id-front", "10.0.9.2/24"}};
    world.put(remote);
    EXPECT_TRUE(world.lacks_networks());
    EXPECT_THAT(world.put({overlay("front")}).concerned, ElementsAre("id-remote"));
    EXPECT_FALSE(world.lacks_networks());
    auto labelled = overlay("front");
    labelled.labels = {{"tier", "1"}};
    EXPECT_THAT(world.put({labelled}).concerned, ElementsAre("id-remote"));
}

TEST_F(Swarm, NoticesWhatOnlyTheRolesShow)
{
    auto moved = shop;
    moved.virtual_ips = {{"id-back", "10.0.1.2/24"}};
    EXPECT_THAT(world.put(moved).concerned, ElementsAre("id-shop"));

    auto started = *world.find_task("t1");
    started.container_id = "c1";
    const auto changes = world.put(started);
    EXPECT_THAT(changes.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(changes.flipped, IsEmpty());

    auto labelled = *world.find_node("node-1");
    labelled.labels = {{"zone", "eu"}};
    const auto on_node = world.put(labelled);
    EXPECT_THAT(on_node.nodes, ElementsAre("node-1"));
    EXPECT_THAT(on_node.concerned, ElementsAre("id-shop"));
}

TEST_F(Swarm, DoesNotFlapBetweenAListedNetworkAndTheCopiesThatTasksCarry)
{
    auto listed = overlay("back");
    listed.scope = "swarm";
    listed.labels = {{"zone", "back"}};
    world.put({listed});

    auto unmade = listed; // carried by a task from before the network was made
    unmade.driver.clear();
    EXPECT_TRUE(world.put({unmade, listed}).empty());
    EXPECT_TRUE(world.put({listed, unmade}).empty());
    EXPECT_EQ(*world.find_network("id-back"), listed);
}

TEST_F(Swarm, TellsOfChangedContainersAndTheirNetworks)
{
    const container web{"c1", "/web", "default", {}, {{"lab", "id-lab", "172.22.0.2", ""}}, {}};
    EXPECT_TRUE(world.put_containers({web}).containers);
    EXPECT_FALSE(world.put_containers({web}).containers);
    EXPECT_TRUE(world.lacks_networks());
    EXPECT_TRUE(world.put({network{"id-lab", "lab", "bridge", false}}).containers);
    EXPECT_FALSE(world.put({overlay("elsewhere")}).containers);
    EXPECT_TRUE(world.put_containers({}).containers);
    EXPECT_THAT(world.containers(), IsEmpty());
}

TEST_F(Swarm, KnowsTheServicesThatOnlyATaskNames)
{
    world.remove_service("id-shop");
    world.put(service_named("idle"));
    EXPECT_THAT(world.all_service_ids(), ElementsAre("id-idle", "id-shop"));
}

TEST_F(Swarm, KeepsAManagersStatusApartFromWhatEventsTell)
{
    auto manager = node_at("node-1", "192.168.0.1");
    manager.manager = manager_status{"192.168.0.1:2377", true, "reachable"};
    const auto promoted = world.put(manager);
    EXPECT_THAT(promoted.managers, ElementsAre("node-1"));
    EXPECT_THAT(promoted.nodes, IsEmpty());
    EXPECT_THAT(promoted.concerned, IsEmpty());
    EXPECT_FALSE(promoted.empty());

    manager.availability = "drain";
    manager.manager->leader = false;
    const auto both = world.put(manager);
    EXPECT_THAT(both.nodes, ElementsAre("node-1"));
    EXPECT_THAT(both.managers, IsEmpty());
    EXPECT_TRUE(world.put(manager).empty());
}

TEST_F(Swarm, TellsOfContainersWhoseNetworkWasRemoved)
{
    container one;
    one.id = "c1";
    one.networks = {{"front", "id-front", "10.0.1.9", ""}};
    world.put(std::vector{overlay("front"), overlay("back")});
    world.put_containers({one});
    EXPECT_FALSE(world.remove_network("id-back").containers);
    EXPECT_TRUE(world.remove_network("id-front").containers);
}

TEST_F(Swarm, KeepsTheScopeOfANetworkThatACopyDoesNotSay)
{
    auto listed = overlay("back");
    listed.scope = "swarm";
    world.put({listed});
    EXPECT_TRUE(world.put({overlay("back")}).empty());
    EXPECT_EQ(world.find_network("id-back")->scope, "swarm");
}

} // namespace
} // namespace agent::core
