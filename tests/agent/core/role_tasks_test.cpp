#include "agent/core/role_tasks.hpp"

#include "tests/agent/core/role_targets_reader.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

/// Service `shop` on network `back`, with one task on `node-1`.
class RoleTasks : public ::testing::Test {
protected:
    [[nodiscard]] role_targets targets() const
    {
        swarm world;
        world.replace({services, nodes, tasks, networks});
        return role_tasks("id-shop", world, 80);
    }

    [[nodiscard]] std::size_t bad_addresses() const
    {
        return targets().skipped.tasks.at(static_cast<std::size_t>(skip_reason::bad_address));
    }

    std::vector<service> services{service_named("shop")};
    std::vector<node> nodes{node_at("node-1", "192.168.0.1")};
    std::vector<task> tasks{task_of(services[0], "t1", {on("back", {"10.0.1.3/24"})})};
    std::vector<network> networks{overlay("back"), overlay("front"), ingress()};
    service& shop = services[0];
    task& one = tasks[0];
};

port host_port(std::uint32_t target, std::uint32_t published)
{
    return {target, published, transport::tcp, publish_mode::host};
}

port ingress_port(std::uint32_t target, std::uint32_t published)
{
    return {target, published, transport::tcp, publish_mode::ingress};
}

// --- Addresses ---

TEST_F(RoleTasks, JoinThePublishedPortToTheTasksOwnAddress)
{
    shop.ports = {ingress_port(80, 8080)};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.3:8080"));
}

TEST_F(RoleTasks, GiveEachAddressWithEachTcpPortOnEveryNetwork)
{
    shop.ports = {ingress_port(80, 8080), udp(53, 53), ingress_port(81, 8081)};
    one.attachments = {{"id-ingress", {"10.0.0.9/24"}}, on("back", {"10.0.1.3/24", "fd00::3/64"})};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.0.9:8080", "10.0.0.9:8081", "10.0.1.3:8080", "10.0.1.3:8081",
                                                  "[fd00::3]:8080", "[fd00::3]:8081"));
}

TEST_F(RoleTasks, HaveTheRolesPortWhereTheServiceHasNoTcpPort)
{
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.3:80"));
    shop.ports = {udp(514, 5514)};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.3:80"));
}

TEST_F(RoleTasks, KeepPortZeroAsPrometheusDoes)
{
    shop.ports = {host_port(9100, 0)}; // a port that each node chooses for itself
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.3:0"));
}

TEST_F(RoleTasks, AreReachedOnTheNodeWithHostModePorts)
{
    one.attachments.clear();
    one.host_ports = {host_port(9100, 30000), {53, 53, transport::udp, publish_mode::host}};
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre("192.168.0.1:30000"));
    EXPECT_EQ(value_of(only_labels(found), "__meta_dockerswarm_task_port_publish_mode"), "host");
}

TEST_F(RoleTasks, GiveAPortThatTheEngineListsTwiceOnce)
{
    one.attachments.clear();
    one.host_ports = {host_port(6767, 6767), host_port(6767, 6767)}; // 0.0.0.0 and ::
    EXPECT_THAT(addresses(targets()), ElementsAre("192.168.0.1:6767"));
}

TEST_F(RoleTasks, PutANodesIpv6AddressInBrackets)
{
    nodes[0].address = "2001:db8::1";
    one.attachments.clear();
    one.host_ports = {host_port(9100, 9100)};
    EXPECT_THAT(addresses(targets()), ElementsAre("[2001:db8::1]:9100"));
}

TEST_F(RoleTasks, HaveNoHostButAPortOnANodeThatIsNotKnown)
{
    nodes.clear();
    one.attachments.clear();
    one.host_ports = {host_port(9100, 9100)};
    EXPECT_THAT(addresses(targets()), ElementsAre(":9100"));
}

TEST_F(RoleTasks, AreNothingWithoutAddressAndHostModePort)
{
    one.attachments = {{"id-host", {}}}; // on the host's network there is no address
    EXPECT_THAT(targets().groups, IsEmpty());
    EXPECT_EQ(bad_addresses(), 0U);
}

TEST_F(RoleTasks, LoseAnAddressThatCannotBeReadAndNothingElse)
{
    one.attachments = {on("back", {"", "10.0.1.3", "10.0.1.300/24", "10.0.1.4/24"})};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.4:80"));
    EXPECT_EQ(bad_addresses(), 3U);
}

// --- Which tasks ---

TEST_F(RoleTasks, AreGivenInEveryState)
{
    one.state = task_state::failed;
    one.desired = task_state::shutdown;
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_task_state"), "failed");
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_task_desired_state"), "shutdown");
}

TEST_F(RoleTasks, AreGivenWithoutServiceLabelsWhenTheServiceIsNotKnown)
{
    shop.ports = {ingress_port(80, 8080)};
    services.clear();
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre("10.0.1.3:80"));
    EXPECT_THAT(only_labels(found), Not(Contains(Key(StartsWith("__meta_dockerswarm_service_")))));
    EXPECT_EQ(value_of(only_labels(found), "__meta_dockerswarm_node_id"), "node-1");
}

TEST_F(RoleTasks, AreGivenWithoutNodeLabelsBeforeTheyArePlaced)
{
    one.node_id.clear();
    one.state = task_state::pending;
    EXPECT_THAT(only_labels(targets()), Not(Contains(Key(StartsWith("__meta_dockerswarm_node_")))));
}

TEST_F(RoleTasks, OfOtherServicesAreLeftToThose)
{
    const auto other = service_named("other");
    services.push_back(other);
    tasks.push_back(task_of(other, "t2", {on("back", {"10.0.1.4/24"})}));
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.3:80"));
}

// --- Labels ---

TEST_F(RoleTasks, CarryEveryLabelThatPrometheusGives)
{
    shop.ports = {ingress_port(80, 8080)};
    shop.labels = {{"team", "a"}};
    nodes[0] = {.id = "node-1",
                .address = "192.168.0.1",
                .state = "ready",
                .availability = "active",
                .hostname = "alpha",
                .role = "manager",
                .architecture = "x86_64",
                .os = "linux",
                .engine_version = "20.10.24",
                .labels = {{"zone", "eu"}},
                .manager = manager_status{"192.168.0.1:2377", true, "reachable"}};
    networks[0].scope = "swarm";
    networks[0].labels = {{"tier", "1"}};
    one.slot = 2;
    one.container_id = "c1";
    one.container_labels = {{"level", "container"}};

    EXPECT_THAT(
        only_labels(targets()),
        ElementsAre(
            Pair("__meta_dockerswarm_container_label_level", "container"),
            Pair("__meta_dockerswarm_network_id", "id-back"), Pair("__meta_dockerswarm_network_ingress", "false"),
            Pair("__meta_dockerswarm_network_internal", "false"), Pair("__meta_dockerswarm_network_label_tier", "1"),
            Pair("__meta_dockerswarm_network_name", "back"), Pair("__meta_dockerswarm_network_scope", "swarm"),
            Pair("__meta_dockerswarm_node_address", "192.168.0.1"),
            Pair("__meta_dockerswarm_node_availability", "active"), Pair("__meta_dockerswarm_node_hostname", "alpha"),
            Pair("__meta_dockerswarm_node_id", "node-1"), Pair("__meta_dockerswarm_node_label_zone", "eu"),
            Pair("__meta_dockerswarm_node_platform_architecture", "x86_64"),
            Pair("__meta_dockerswarm_node_platform_os", "linux"), Pair("__meta_dockerswarm_node_role", "manager"),
            Pair("__meta_dockerswarm_node_status", "ready"), Pair("__meta_dockerswarm_service_id", "id-shop"),
            Pair("__meta_dockerswarm_service_label_team", "a"), Pair("__meta_dockerswarm_service_mode", "replicated"),
            Pair("__meta_dockerswarm_service_name", "shop"), Pair("__meta_dockerswarm_task_container_id", "c1"),
            Pair("__meta_dockerswarm_task_desired_state", "running"), Pair("__meta_dockerswarm_task_id", "t1"),
            Pair("__meta_dockerswarm_task_port_publish_mode", "ingress"), Pair("__meta_dockerswarm_task_slot", "2"),
            Pair("__meta_dockerswarm_task_state", "running")));
}

TEST_F(RoleTasks, HaveNoNetworkLabelsOnTheNodesAddress)
{
    one.host_ports = {host_port(9100, 9100)};
    EXPECT_THAT(labels_at(targets(), "192.168.0.1:9100"),
                Not(Contains(Key(StartsWith("__meta_dockerswarm_network_")))));
    EXPECT_EQ(value_of(labels_at(targets(), "10.0.1.3:80"), "__meta_dockerswarm_network_name"), "back");
}

TEST_F(RoleTasks, HaveSlotZeroInGlobalServices)
{
    EXPECT_EQ(value_of(only_labels(targets()), "__meta_dockerswarm_task_slot"), "0");
}

TEST_F(RoleTasks, HaveNoPublishModeWithoutAPort)
{
    EXPECT_THAT(only_labels(targets()), Not(Contains(Key("__meta_dockerswarm_task_port_publish_mode"))));
}

TEST_F(RoleTasks, LeaveOutEmptyValuesAndLetTheKeyThatSortsFirstWin)
{
    shop.labels = {{"a-b", "minus"}, {"a.b", "dot"}, {"flag", ""}};
    nodes[0].labels = {{"x-y", ""}, {"x.y", "dot"}};
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_service_label_a_b"), "minus");
    EXPECT_THAT(labels, Not(Contains(Key("__meta_dockerswarm_service_label_flag"))));
    EXPECT_THAT(labels, Not(Contains(Key("__meta_dockerswarm_node_label_x_y"))));
    EXPECT_THAT(labels, Not(Contains(Pair(::testing::_, ""))));
}

TEST_F(RoleTasks, ShowAStateThatNobodyKnowsAsItWasSent)
{
    one.state = task_state::unknown;
    one.odd_states.push_front({"dreaming", "running"});
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_task_state"), "dreaming");
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_task_desired_state"), "running");
}

} // namespace
} // namespace agent::core
