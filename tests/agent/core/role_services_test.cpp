#include "agent/core/role_services.hpp"

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

/// Service `shop` with a virtual IP on network `back`.
class RoleServices : public ::testing::Test {
protected:
    RoleServices()
    {
        shop.virtual_ips = {{"id-back", "10.0.1.2/24"}};
        world.put(std::vector<network>{overlay("back"), ingress()});
    }

    [[nodiscard]] role_targets targets() const { return role_services(shop, world, 80); }

    [[nodiscard]] std::size_t bad_addresses() const
    {
        return targets().skipped.tasks.at(static_cast<std::size_t>(skip_reason::bad_address));
    }

    service shop = service_named("shop");
    swarm world;
};

TEST_F(RoleServices, JoinThePublishedPortToTheVirtualIp)
{
    shop.ports = {tcp(80, 8080)};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.2:8080"));
}

TEST_F(RoleServices, GiveEachVirtualIpWithEachTcpPort)
{
    shop.virtual_ips.insert(shop.virtual_ips.begin(), {"id-ingress", "10.0.0.5/24"});
    shop.virtual_ips.push_back({"id-back", "fd00::2/64"});
    shop.ports = {tcp(80, 8080), udp(53, 53), tcp(81, 8081)};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.0.5:8080", "10.0.0.5:8081", "10.0.1.2:8080", "10.0.1.2:8081",
                                                  "[fd00::2]:8080", "[fd00::2]:8081"));
}

TEST_F(RoleServices, HaveTheRolesPortWithoutATcpPort)
{
    shop.ports = {udp(514, 5514)};
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre("10.0.1.2:80"));
    EXPECT_THAT(only_labels(found), Not(Contains(Key(StartsWith("__meta_dockerswarm_service_endpoint_port_")))));
}

TEST_F(RoleServices, AreNothingWithoutAVirtualIp)
{
    shop.virtual_ips.clear(); // endpoint mode dnsrr
    shop.ports = {tcp(80, 8080)};
    EXPECT_THAT(targets().groups, IsEmpty());
    EXPECT_EQ(bad_addresses(), 0U);
}

TEST_F(RoleServices, LoseAVirtualIpWithoutAddressAndNothingElse)
{
    shop.virtual_ips = {{"id-host", ""}, {"id-back", "10.0.1.2/24"}, {"id-back", "10.0.1.2"}};
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.1.2:80"));
    EXPECT_EQ(bad_addresses(), 2U);
}

TEST_F(RoleServices, CarryEveryLabelThatPrometheusGives)
{
    auto back = overlay("back");
    back.internal = true;
    back.scope = "swarm";
    back.labels = {{"tier", "1"}};
    world.put(std::vector<network>{back});
    shop.labels = {{"team", "a"}};
    shop.hostname = "{{.Task.Name}}";
    shop.update_state = "completed";
    shop.ports = {{80, 8080, transport::tcp, publish_mode::ingress, "web"}};
    EXPECT_THAT(
        only_labels(targets()),
        ElementsAre(
            Pair("__meta_dockerswarm_network_id", "id-back"), Pair("__meta_dockerswarm_network_ingress", "false"),
            Pair("__meta_dockerswarm_network_internal", "true"), Pair("__meta_dockerswarm_network_label_tier", "1"),
            Pair("__meta_dockerswarm_network_name", "back"), Pair("__meta_dockerswarm_network_scope", "swarm"),
            Pair("__meta_dockerswarm_service_endpoint_port_name", "web"),
            Pair("__meta_dockerswarm_service_endpoint_port_publish_mode", "ingress"),
            Pair("__meta_dockerswarm_service_id", "id-shop"), Pair("__meta_dockerswarm_service_label_team", "a"),
            Pair("__meta_dockerswarm_service_mode", "replicated"), Pair("__meta_dockerswarm_service_name", "shop"),
            Pair("__meta_dockerswarm_service_task_container_hostname", "{{.Task.Name}}"),
            Pair("__meta_dockerswarm_service_task_container_image", "image:1"),
            Pair("__meta_dockerswarm_service_updating_status", "completed")));
}

TEST_F(RoleServices, HaveNoModeWhenTheyAreJobs)
{
    shop.mode = service_mode::replicated_job;
    EXPECT_THAT(only_labels(targets()), Not(Contains(Key("__meta_dockerswarm_service_mode"))));
}

TEST_F(RoleServices, HaveNoNetworkLabelsOnANetworkThatIsNotKnown)
{
    shop.virtual_ips = {{"id-new", "10.0.7.2/24"}};
    EXPECT_THAT(only_labels(targets()), Not(Contains(Key(StartsWith("__meta_dockerswarm_network_")))));
}

TEST_F(RoleServices, GiveACollidingNameTheValueOfTheKeyThatSortsFirst)
{
    shop.labels = {{"a-b", "minus"}, {"a.b", "dot"}, {"flag", ""}};
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_service_label_a_b"), "minus");
    EXPECT_THAT(labels, Not(Contains(Pair(::testing::_, ""))));
}

} // namespace
} // namespace agent::core
