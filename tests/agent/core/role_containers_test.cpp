#include "agent/core/role_containers.hpp"

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

container container_named(const std::string& name, std::vector<container_network> networks)
{
    return {"id-" + name, "/" + name, "default", {}, std::move(networks), {}};
}

container_network place(const std::string& name, std::string ip, std::string ipv6 = {})
{
    return {name, "id-" + name, std::move(ip), std::move(ipv6)};
}

class RoleContainers : public ::testing::Test {
protected:
    [[nodiscard]] role_targets targets(const std::string& name = "web") const
    {
        swarm world;
        world.replace({{}, {}, {}, networks, containers});
        return role_containers(*world.find_container("id-" + name), world, rules);
    }

    std::vector<network> networks{{"id-bridge", "bridge", "bridge", false, false, "local", {{"zone", "lab"}}}};
    std::vector<container> containers{container_named("web", {place("bridge", "172.17.0.2")})};
    container& web = containers[0];
    role_rules rules;
};

TEST_F(RoleContainers, JoinEachPrivateTcpPortToEachAddress)
{
    web.networks.push_back(place("lab", "172.22.0.2"));
    web.ports = {{80, 0, "", transport::tcp}, {443, 0, "", transport::tcp}, {53, 53, "0.0.0.0", transport::udp}};
    EXPECT_THAT(addresses(targets()),
                ElementsAre("172.17.0.2:443", "172.17.0.2:80", "172.22.0.2:443", "172.22.0.2:80"));
}

TEST_F(RoleContainers, HaveTheRolesPortWhereTheyExposeNone)
{
    EXPECT_THAT(addresses(targets()), ElementsAre("172.17.0.2:80"));
    rules.role_port = 9100;
    web.ports = {{53, 0, "", transport::udp}};
    EXPECT_THAT(addresses(targets()), ElementsAre("172.17.0.2:9100"));
}

TEST_F(RoleContainers, CarryEveryLabelThatPrometheusGives)
{
    web.labels = {{"com.example.app", "web"}};
    web.ports = {{80, 18080, "127.0.0.1", transport::tcp}};
    EXPECT_THAT(
        only_labels(targets()),
        ElementsAre(
            Pair("__meta_docker_container_id", "id-web"), Pair("__meta_docker_container_label_com_example_app", "web"),
            Pair("__meta_docker_container_name", "/web"), Pair("__meta_docker_container_network_mode", "default"),
            Pair("__meta_docker_network_id", "id-bridge"), Pair("__meta_docker_network_ingress", "false"),
            Pair("__meta_docker_network_internal", "false"), Pair("__meta_docker_network_ip", "172.17.0.2"),
            Pair("__meta_docker_network_label_zone", "lab"), Pair("__meta_docker_network_name", "bridge"),
            Pair("__meta_docker_network_scope", "local"), Pair("__meta_docker_port_private", "80"),
            Pair("__meta_docker_port_public", "18080"), Pair("__meta_docker_port_public_ip", "127.0.0.1")));
}

TEST_F(RoleContainers, SayNothingOfAPublicAddressWithoutAPublicPort)
{
    web.ports = {{80, 0, "127.0.0.1", transport::tcp}};
    EXPECT_THAT(only_labels(targets()), Not(Contains(Key(StartsWith("__meta_docker_port_public")))));
}

TEST_F(RoleContainers, AreTwoTargetsWhenPublishedOnIpv4AndIpv6)
{
    web.ports = {{80, 80, "0.0.0.0", transport::tcp}, {80, 80, "::", transport::tcp}};
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre("172.17.0.2:80", "172.17.0.2:80"));
    EXPECT_EQ(value_of(found.groups.at(0).labels, "__meta_docker_port_public_ip"), "0.0.0.0");
    EXPECT_EQ(value_of(found.groups.at(1).labels, "__meta_docker_port_public_ip"), "::");
}

TEST_F(RoleContainers, AreGivenOnceForPortsThatAreEqual)
{
    web.ports = {{80, 80, "0.0.0.0", transport::tcp}, {80, 80, "0.0.0.0", transport::tcp}};
    EXPECT_THAT(addresses(targets()), ElementsAre("172.17.0.2:80"));
}

TEST_F(RoleContainers, HaveTheIpv6AddressOnlyWithoutAnIpv4One)
{
    web.networks = {place("bridge", "172.17.0.2", "fd00::2"), place("six", "", "fd00::3")};
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre("172.17.0.2:80", "[fd00::3]:80"));
    EXPECT_EQ(value_of(labels_at(found, "[fd00::3]:80"), "__meta_docker_network_ip"), "fd00::3");
}

TEST_F(RoleContainers, OnTheHostsNetworkHaveItsNameAndNoPort)
{
    web.network_mode = "host";
    web.networks = {place("host", "")};
    EXPECT_THAT(addresses(targets()), ElementsAre("localhost"));
    rules.host_address = "10.0.0.1:9100";
    EXPECT_THAT(addresses(targets()), ElementsAre("10.0.0.1:9100"));
}

TEST_F(RoleContainers, WithoutNetworkHaveAPortAndNoHost)
{
    web.network_mode = "none";
    web.networks = {place("none", "")};
    const auto found = targets();
    EXPECT_THAT(addresses(found), ElementsAre(":80"));
    EXPECT_THAT(only_labels(found), Not(Contains(Key("__meta_docker_network_ip"))));
}

TEST_F(RoleContainers, WithoutANameAreNone)
{
    web.name.clear();
    EXPECT_THAT(targets().groups, IsEmpty());
}

TEST_F(RoleContainers, HaveOnlyTheFirstNetworkByNameWhenToldSo)
{
    web.networks = {place("alpha", "172.30.0.2"), place("bridge", "172.17.0.2")};
    EXPECT_THAT(addresses(targets()), ElementsAre("172.17.0.2:80", "172.30.0.2:80"));
    rules.match_first_network = true;
    EXPECT_THAT(addresses(targets()), ElementsAre("172.30.0.2:80"));
}

TEST_F(RoleContainers, BorrowTheNetworksOfAnotherWithTheirOwnPorts)
{
    containers.push_back(container_named("side", {}));
    containers.back().network_mode = "container:id-web";
    containers.back().ports = {{9100, 0, "", transport::tcp}};
    containers[0].ports = {{80, 0, "", transport::tcp}};
    const auto found = targets("side");
    EXPECT_THAT(addresses(found), ElementsAre("172.17.0.2:9100"));
    EXPECT_EQ(value_of(only_labels(found), "__meta_docker_container_id"), "id-side");
    EXPECT_EQ(value_of(only_labels(found), "__meta_docker_container_network_mode"), "container:id-web");
    EXPECT_EQ(value_of(only_labels(found), "__meta_docker_network_name"), "bridge");
}

TEST_F(RoleContainers, BorrowAlongAChain)
{
    for (const auto& [name, from] : {std::pair("a", "container:id-b"), std::pair("b", "container:id-web")}) {
        containers.push_back(container_named(name, {}));
        containers.back().network_mode = from;
    }
    EXPECT_THAT(addresses(targets("a")), ElementsAre("172.17.0.2:80"));
}

TEST_F(RoleContainers, AreNothingWhenTheLenderIsGone)
{
    web.networks.clear();
    web.network_mode = "container:gone";
    EXPECT_THAT(targets().groups, IsEmpty());
}

TEST_F(RoleContainers, EndAChainThatLeadsBackToItself)
{
    web.networks.clear();
    web.network_mode = "container:id-web";
    EXPECT_THAT(targets().groups, IsEmpty());
}

TEST_F(RoleContainers, HaveNoNetworkLabelsOnANetworkThatIsNotKnown)
{
    networks.clear();
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_docker_network_ip"), "172.17.0.2");
    EXPECT_THAT(labels, Not(Contains(Key("__meta_docker_network_id"))));
}

TEST_F(RoleContainers, GiveACollidingNameTheValueOfTheKeyThatSortsFirst)
{
    web.labels = {{"a-b", "minus"}, {"a.b", "dot"}, {"flag", ""}};
    const auto labels = only_labels(targets());
    EXPECT_EQ(value_of(labels, "__meta_docker_container_label_a_b"), "minus");
    EXPECT_THAT(labels, Not(Contains(Pair(::testing::_, ""))));
}

} // namespace
} // namespace agent::core
