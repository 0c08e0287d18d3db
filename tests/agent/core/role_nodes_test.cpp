#include "agent/core/role_nodes.hpp"

#include "tests/agent/core/role_targets_reader.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

TEST(RoleNodes, JoinTheRolesPortToTheAddress)
{
    EXPECT_THAT(addresses(role_nodes(node_at("n", "192.168.0.1"), 9100)), ElementsAre("192.168.0.1:9100"));
    EXPECT_THAT(addresses(role_nodes(node_at("n", "2001:db8::1"), 80)), ElementsAre("[2001:db8::1]:80"));
}

TEST(RoleNodes, KeepAnAddressThatLeadsNowhereAsPrometheusDoes)
{
    EXPECT_THAT(addresses(role_nodes(node_at("n", "0.0.0.0"), 80)), ElementsAre("0.0.0.0:80"));
    EXPECT_THAT(addresses(role_nodes(node_at("n", ""), 80)), ElementsAre(":80"));
}

TEST(RoleNodes, CarryEveryLabelThatPrometheusGives)
{
    const node manager{.id = "n",
                       .address = "192.168.0.1",
                       .state = "ready",
                       .availability = "drain",
                       .hostname = "alpha",
                       .role = "manager",
                       .architecture = "x86_64",
                       .os = "linux",
                       .engine_version = "20.10.24",
                       .labels = {{"a-b", "minus"}, {"a.b", "dot"}, {"flag", ""}},
                       .manager = manager_status{"192.168.0.1:2377", true, "reachable"}};
    EXPECT_THAT(only_labels(role_nodes(manager, 80)),
                ElementsAre(Pair("__meta_dockerswarm_node_address", "192.168.0.1"),
                            Pair("__meta_dockerswarm_node_availability", "drain"),
                            Pair("__meta_dockerswarm_node_engine_version", "20.10.24"),
                            Pair("__meta_dockerswarm_node_hostname", "alpha"), Pair("__meta_dockerswarm_node_id", "n"),
                            Pair("__meta_dockerswarm_node_label_a_b", "minus"),
                            Pair("__meta_dockerswarm_node_manager_address", "192.168.0.1:2377"),
                            Pair("__meta_dockerswarm_node_manager_leader", "true"),
                            Pair("__meta_dockerswarm_node_manager_reachability", "reachable"),
                            Pair("__meta_dockerswarm_node_platform_architecture", "x86_64"),
                            Pair("__meta_dockerswarm_node_platform_os", "linux"),
                            Pair("__meta_dockerswarm_node_role", "manager"),
                            Pair("__meta_dockerswarm_node_status", "ready")));
}

TEST(RoleNodes, SayOfAManagerThatItDoesNotLead)
{
    auto follower = node_at("n", "192.168.0.2");
    follower.manager = manager_status{};
    EXPECT_EQ(value_of(only_labels(role_nodes(follower, 80)), "__meta_dockerswarm_node_manager_leader"), "false");
}

TEST(RoleNodes, HaveNoManagerLabelsWhenTheyAreWorkers)
{
    EXPECT_THAT(only_labels(role_nodes(node_at("n", "192.168.0.3"), 80)),
                Not(Contains(Key(StartsWith("__meta_dockerswarm_node_manager_")))));
}

} // namespace
} // namespace agent::core
