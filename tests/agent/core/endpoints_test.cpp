#include "agent/core/endpoints.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

/// Service `shop` listens on 8080, which the ingress network offers as 80; its task is on `front` and `back`.
class Endpoints : public ::testing::Test {
protected:
    Endpoints()
    {
        rules.meta = meta_labels::none;
        world.put({overlay("front"), overlay("back"), ingress(), host_network(), network{"id-lan", "lan", "macvlan"}});
        world.put(node_at("node-1", "192.168.0.1"));
        shop.ports = {tcp(8080, 80)};
        one = task_of(shop, "t1",
                      {on("ingress", {"10.0.0.3/24"}), on("front", {"10.0.2.3/24"}), on("back", {"10.0.1.3/24"})});
    }

    role_targets endpoints()
    {
        world.put(shop);
        world.put(one);
        return endpoints_of(shop, world, rules);
    }

    /// The targets, sorted; `skipped` says what was left out.
    std::vector<std::string> targets()
    {
        auto found = endpoints();
        skipped = found.skipped;
        std::vector<std::string> all;
        for (const auto& group : found.groups)
            all.insert(all.end(), group.targets.begin(), group.targets.end());
        std::sort(all.begin(), all.end());
        return all;
    }

    std::size_t count(skip_reason reason) const { return skipped.tasks.at(static_cast<std::size_t>(reason)); }
    std::size_t count(bad_label reason) const { return skipped.labels.at(static_cast<std::size_t>(reason)); }

    std::size_t count_tasks() const
    {
        std::size_t sum = 0;
        for (const auto number : skipped.tasks)
            sum += number;
        return sum;
    }

    swarm world;
    endpoint_rules rules;
    service shop = service_named("shop");
    task one;
    skip_counts skipped;
};

TEST_F(Endpoints, AreTheTargetPortOnTheTasksOverlayNetwork)
{
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(count_tasks(), 0U);
}

TEST_F(Endpoints, HaveTheServicesNameAsTask)
{
    const auto found = endpoints().groups;
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].labels, ElementsAre(Pair("task", "shop")));
}

// --- Which tasks ---

TEST_F(Endpoints, AreOfTasksThatRunAndAreMeantTo)
{
    one.desired = task_state::complete;
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080")) << "a job at work";

    for (const auto desired : {task_state::unknown, task_state::ready, task_state::shutdown, task_state::remove,
                               task_state::accepted, task_state::orphaned}) {
        one.desired = desired;
        EXPECT_THAT(targets(), IsEmpty()) << static_cast<int>(desired);
        EXPECT_EQ(count(skip_reason::not_running), 1U);
    }
}

TEST_F(Endpoints, AreNotOfTasksInAnyOtherState)
{
    for (int state = 0; state <= static_cast<int>(task_state::orphaned); ++state) {
        if (state == static_cast<int>(task_state::running))
            continue;
        one.state = static_cast<task_state>(state);
        EXPECT_THAT(targets(), IsEmpty()) << state;
        EXPECT_EQ(count(skip_reason::not_running), 1U) << state;
    }
}

TEST_F(Endpoints, DoNotDependOnTheNodesState)
{
    for (const auto* state : {"ready", "down", "unknown", "disconnected", ""}) {
        auto node = node_at("node-1", "192.168.0.1");
        node.state = state;
        node.availability = "drain";
        world.put(node);
        EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080")) << state;
    }
}

TEST_F(Endpoints, NeedNoKnownNode)
{
    one.node_id = "node-9";
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, AreOnePerTask)
{
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
    EXPECT_THAT(endpoints().groups, SizeIs(1));
}

TEST_F(Endpoints, AreNotOfAnotherServicesTasks)
{
    const auto other = service_named("other");
    world.put(other);
    world.put(task_of(other, "t9", {on("back", {"10.0.1.9/24"})}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

// --- Selected ---

TEST_F(Endpoints, LeaveOutIgnoredServices)
{
    for (const auto* glob : {"shop", "sh*", "*", "s?op", "[a-z]hop", "*op"}) {
        rules.ignore_services = {"other", glob};
        EXPECT_THAT(targets(), IsEmpty()) << glob;
        EXPECT_EQ(count(skip_reason::ignored), 1U) << glob;
    }
}

TEST_F(Endpoints, MatchIgnoreGlobsAgainstTheWholeName)
{
    rules.ignore_services = {"sho", "hop", "shop?", "SHOP", "shop-*", ""};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, LeaveOutIgnoredServicesInBothModes)
{
    rules.ignore_services = {"shop"};
    shop.labels = {{"prometheus.scrape", "true"}};
    EXPECT_THAT(targets(), IsEmpty());
    rules.select = selection::labelled;
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::ignored), 1U);
}

TEST_F(Endpoints, LeaveOutServicesThatSayNo)
{
    for (const auto* key : {"prometheus.scrape", "prometheus.io/scrape", "prometheus.enable", "prometheus.io/enable"}) {
        shop.labels = {{key, "false"}};
        EXPECT_THAT(targets(), IsEmpty()) << key;
        EXPECT_EQ(count(skip_reason::not_selected), 1U) << key;
    }
}

TEST_F(Endpoints, LeaveOutTasksWhoseContainerSaysNo)
{
    one.container_labels = {{"prometheus.scrape", "no"}};
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.4:8080"));
    EXPECT_EQ(count(skip_reason::not_selected), 1U);
}

TEST_F(Endpoints, FollowTheServiceWhereServiceAndContainerDisagree)
{
    shop.labels = {{"prometheus.io/enable", "yes"}};
    one.container_labels = {{"prometheus.scrape", "no"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, TakeLabelledServicesOnlyWhenAskedTo)
{
    rules.select = selection::labelled;
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::not_selected), 1U);
    shop.labels = {{"prometheus.scrape", "On"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    shop.labels = {{"prometheus.scrape", "false"}};
    EXPECT_THAT(targets(), IsEmpty());
}

TEST_F(Endpoints, TakeAnUnreadableBooleanForNone)
{
    shop.labels = {{"prometheus.scrape", "maybe"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(count(bad_label::boolean), 1U);
    rules.select = selection::labelled;
    EXPECT_THAT(targets(), IsEmpty());
}

// --- Ports ---

TEST_F(Endpoints, PreferThePortLabelToTheServicesPort)
{
    shop.labels = {{"prometheus.port", "9102"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9102"));
}

TEST_F(Endpoints, AreOnePerLabelledPort)
{
    shop.labels = {{"prometheus.port", "9102, 9103,9102"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9102", "10.0.1.3:9103"));
}

TEST_F(Endpoints, LoseABadLabelledPortAlone)
{
    shop.labels = {{"prometheus.port", "9102,x,70000"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9102"));
    EXPECT_EQ(count(skip_reason::bad_port), 2U);
    EXPECT_EQ(count_tasks(), 2U);
}

TEST_F(Endpoints, DoNotFallBackFromABadLabelledPort)
{
    rules.default_port = 9100;
    for (const auto* value : {"http", "0", ""}) {
        shop.labels = {{"prometheus.port", value}};
        EXPECT_THAT(targets(), IsEmpty()) << value;
        EXPECT_EQ(count(skip_reason::bad_port), 1U) << value;
        EXPECT_EQ(count(skip_reason::no_port), 0U) << value;
    }
}

TEST_F(Endpoints, TakeTheLowestOfSeveralTcpPorts)
{
    shop.ports = {tcp(9000, 1), tcp(8080, 3), tcp(8081, 2)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, PassOverPortsOfOtherTransports)
{
    shop.ports = {udp(53, 53), {80, 80, transport::sctp}, tcp(9153, 9153)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9153"));
    shop.ports = {udp(53, 53)};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_port), 1U);
}

TEST_F(Endpoints, HaveNoPortWithoutLabelPortAndDefault)
{
    shop.ports.clear();
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_port), 1U);
    EXPECT_EQ(count_tasks(), 1U);
}

TEST_F(Endpoints, TakeTheDefaultPortLast)
{
    rules.default_port = 9100;
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    shop.ports.clear();
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9100"));
    shop.labels = {{"prometheus.port", "9102"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9102"));
}

TEST_F(Endpoints, NeedNoPublishedPort)
{
    shop.ports = {tcp(8080)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, NeverHaveAPortThatIsNone)
{
    rules.default_port = 9100;
    shop.ports = {tcp(70000, 80)};
    EXPECT_THAT(targets(), IsEmpty()) << "no fall-back";
    EXPECT_EQ(count(skip_reason::bad_port), 1U);
    rules.default_port.reset();
    shop.ports = {tcp(70000, 80), tcp(8080, 81)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(count_tasks(), 0U);
    shop.ports = {tcp(0, 80)};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_port), 1U);
}

TEST_F(Endpoints, JoinThePublishedPortWhenAskedTo)
{
    rules.ports = port_source::published;
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:80"));
}

TEST_F(Endpoints, JoinThePublishedPortOfTheLowestTargetPort)
{
    rules.ports = port_source::published;
    shop.ports = {tcp(9000, 1), tcp(8080, 3), tcp(8081, 2)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:3"));
}

TEST_F(Endpoints, PassOverPortsThatAreNotPublished)
{
    rules.ports = port_source::published;
    shop.ports = {tcp(8080), tcp(9000, 90)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:90"));
    shop.ports = {tcp(8080)};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_port), 1U);
}

TEST_F(Endpoints, DoNotDependOnTheOrderOfPortsWithOneTarget)
{
    rules.ports = port_source::published;
    shop.ports = {tcp(8080, 81), tcp(8080, 80)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:80"));
    shop.ports = {tcp(8080, 80), tcp(8080, 81)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:80"));
}

TEST_F(Endpoints, JoinLabelledAndDefaultPortsAsTheyAre)
{
    rules.ports = port_source::published;
    shop.labels = {{"prometheus.port", "8080"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    shop.labels.clear();
    shop.ports.clear();
    rules.default_port = 9100;
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9100"));
}

// --- Networks ---

TEST_F(Endpoints, AreNeverOnTheIngressNetwork)
{
    one.attachments = {on("ingress", {"10.0.0.3/24"})};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_shared_network), 1U);

    rules.networks = {"ingress"};
    EXPECT_THAT(targets(), IsEmpty());
    shop.labels = {{"prometheus.network", "ingress"}};
    EXPECT_THAT(targets(), IsEmpty());
}

TEST_F(Endpoints, AreOnTheFirstOverlayNetworkByName)
{
    one.attachments = {on("front", {"10.0.2.3/24"}), on("back", {"10.0.1.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, AreOnNoOtherKindOfNetworkUnlessItIsNamed)
{
    one.attachments = {on("lan", {"172.20.0.3/16"})};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_shared_network), 1U);
    rules.networks = {"lan"};
    EXPECT_THAT(targets(), ElementsAre("172.20.0.3:8080"));
}

TEST_F(Endpoints, AreOnNoNetworkThatIsNotKnown)
{
    one.attachments = {on("nowhere", {"10.0.9.3/24"}), on("front", {"10.0.2.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080"));
}

TEST_F(Endpoints, AreOnTheNetworksOfTheFlagInItsOrder)
{
    rules.networks = {"front", "back"};
    EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080"));
    rules.networks = {"other", "back", "front"};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, AreOnTheNetworkOfTheLabelBeforeTheFlag)
{
    rules.networks = {"back"};
    shop.labels = {{"prometheus.network", "front"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080"));
}

TEST_F(Endpoints, AreOnTheNetworksOfThePrometheusService)
{
    auto prometheus = service_named("prometheus");
    prometheus.network_ids = {"id-front", "id-other"};
    world.put(prometheus);
    rules.prometheus_service = "prometheus";
    EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080"));

    prometheus.network_ids = {"id-front", "id-back"};
    world.put(prometheus);
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, AreOnTheNetworksOfTheFlagBeforeThePrometheusService)
{
    auto prometheus = service_named("prometheus");
    prometheus.network_ids = {"id-front"};
    world.put(prometheus);
    rules.prometheus_service = "prometheus";
    rules.networks = {"back"};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, DoNotFallThroughToTheNextSourceOfNetworks)
{
    auto prometheus = service_named("prometheus");
    prometheus.network_ids = {"id-front"};
    world.put(prometheus);

    shop.labels = {{"prometheus.network", "other"}};
    rules.networks = {"back"};
    rules.prometheus_service = "prometheus";
    EXPECT_THAT(targets(), IsEmpty()) << "label";
    EXPECT_EQ(count(skip_reason::no_shared_network), 1U);

    shop.labels.clear();
    rules.networks = {"other"};
    EXPECT_THAT(targets(), IsEmpty()) << "flag";

    rules.networks.clear();
    one.attachments = {on("back", {"10.0.1.3/24"})};
    EXPECT_THAT(targets(), IsEmpty()) << "networks of the Prometheus service";

    rules.prometheus_service = "unknown";
    EXPECT_THAT(targets(), IsEmpty()) << "no such service";
}

TEST_F(Endpoints, TakeAnEmptyNetworkLabelForNone)
{
    shop.labels = {{"prometheus.network", ""}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(count(bad_label::empty), 1U);
}

// --- Addresses ---

TEST_F(Endpoints, AreOneAddressPerTaskAndPort)
{
    one.attachments = {on("back", {"10.0.1.3/24", "10.0.1.4/24", "fd00::3/64"}), on("front", {"10.0.2.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, PreferIPv4WithinANetwork)
{
    one.attachments = {on("back", {"fd00::3/64", "10.0.1.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, PreferTheFirstNetworksIPv6ToTheNextOnesIPv4)
{
    one.attachments = {on("back", {"fd00::3/64"}), on("front", {"10.0.2.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("[fd00::3]:8080"));
    one.attachments = {on("back", {"fd00::3/64", "fd00::2/64"})};
    EXPECT_THAT(targets(), ElementsAre("[fd00::3]:8080"));
}

TEST_F(Endpoints, TryTheNextAddressWhenOneIsRefused)
{
    one.attachments = {on("back", {"127.0.0.1/8", "169.254.1.1/16", "10.0.1.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    one.attachments = {on("back", {"0.0.0.0/0", "fe80::3/64", "fd00::3/64"})};
    EXPECT_THAT(targets(), ElementsAre("[fd00::3]:8080"));
}

TEST_F(Endpoints, TryTheNextNetworkWhenOneHasNoUsableAddress)
{
    for (const auto* address : {"", "nonsense", "224.0.0.1/24", "::ffff:127.0.0.1"}) {
        one.attachments = {on("back", {address}), on("front", {"10.0.2.3/24"})};
        EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080")) << address;
    }
    one.attachments = {on("back", {}), on("front", {"10.0.2.3/24"})};
    EXPECT_THAT(targets(), ElementsAre("10.0.2.3:8080"));
}

TEST_F(Endpoints, CountEachPortThatHasNoAddress)
{
    shop.labels = {{"prometheus.port", "1,2"}};
    one.attachments.clear();
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_shared_network), 2U);
}

// --- On the node ---

TEST_F(Endpoints, PreferTheOverlayNetworkToTheHostPort)
{
    one.host_ports = {tcp(8080, 32768), tcp(8080, 32768)};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Endpoints, ReachAHostPortOnTheNodeOnce)
{
    one.attachments.clear();
    one.host_ports = {tcp(8080, 32768), tcp(8080, 32768)};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:32768"));
    EXPECT_EQ(count_tasks(), 0U);
}

TEST_F(Endpoints, ReachTheHostPortWithThatTargetPortOnly)
{
    one.attachments.clear();
    one.host_ports = {tcp(9000, 32768), udp(8080, 32769), tcp(8080, 0), tcp(8080, 70000)};
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_EQ(count(skip_reason::no_shared_network), 1U);
    shop.labels = {{"prometheus.port", "9000"}};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:32768"));
}

TEST_F(Endpoints, ReachTheHostPortWhereTheNamedNetworkIsNotTheTasks)
{
    rules.networks = {"other"};
    one.host_ports = {tcp(8080, 32768)};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:32768"));
}

TEST_F(Endpoints, ReachAHostPortByTheTaskWhateverPortsAreJoined)
{
    rules.ports = port_source::published;
    one.attachments.clear();
    one.host_ports = {tcp(8080, 32768)};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:32768"));
}

TEST_F(Endpoints, ReachTasksOnTheHostsNetworkOnTheNode)
{
    one.attachments = {on("host", {})};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:8080"));
    shop.labels = {{"prometheus.port", "9100,9101"}};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:9100", "192.168.0.1:9101"));
}

TEST_F(Endpoints, NeedAUsableAddressOfTheNode)
{
    one.attachments = {on("host", {})};
    for (const auto* address : {"127.0.0.1", "0.0.0.0", "", "host.example"}) {
        world.put(node_at("node-1", address));
        EXPECT_THAT(targets(), IsEmpty()) << address;
        EXPECT_EQ(count(skip_reason::no_shared_network), 1U) << address;
    }
    world.put(node_at("node-1", "fd00::9"));
    EXPECT_THAT(targets(), ElementsAre("[fd00::9]:8080"));
    world.remove_node("node-1");
    EXPECT_THAT(targets(), IsEmpty());
}

TEST_F(Endpoints, MixNodeAndNothingPortByPort)
{
    one.attachments.clear();
    one.host_ports = {tcp(8080, 32768)};
    shop.labels = {{"prometheus.port", "8080,9000"}};
    EXPECT_THAT(targets(), ElementsAre("192.168.0.1:32768"));
    EXPECT_EQ(count(skip_reason::no_shared_network), 1U);
}

// --- Labels and groups ---

TEST_F(Endpoints, CarryTheOwnersLabelsBesideTheServices)
{
    rules.meta = meta_labels::service;
    shop.labels = {{"prometheus.job", "web"}, {"prometheus.label.team", "a"}, {"prometheus.path", "/m"}};
    const auto found = endpoints().groups;
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].labels,
                ElementsAre(Pair("__meta_dockerswarm_service_id", "id-shop"),
                            Pair("__meta_dockerswarm_service_image", "image:1"),
                            Pair("__meta_dockerswarm_service_label_prometheus_job", "web"),
                            Pair("__meta_dockerswarm_service_label_prometheus_label_team", "a"),
                            Pair("__meta_dockerswarm_service_label_prometheus_path", "/m"),
                            Pair("__meta_dockerswarm_service_mode", "replicated"),
                            Pair("__meta_dockerswarm_service_name", "shop"), Pair("__metrics_path__", "/m"),
                            Pair("job", "web"), Pair("task", "shop"), Pair("team", "a")));
}

TEST_F(Endpoints, CannotBeGivenAnotherTaskName)
{
    shop.labels = {{"prometheus.label.task", "evil"}};
    const auto found = endpoints();
    ASSERT_THAT(found.groups, SizeIs(1));
    EXPECT_THAT(found.groups[0].labels, ElementsAre(Pair("task", "shop")));
}

TEST_F(Endpoints, FormOneGroupPerNamedEndpoint)
{
    shop.labels = {{"prometheus.endpoints.admin.path", "/admin"},
                   {"prometheus.endpoints.admin.port", "9000"},
                   {"prometheus.endpoints.app.label.tier", "web"}};
    const auto found = endpoints().groups;
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_THAT(found[0].targets, ElementsAre("10.0.1.3:8080"));
    EXPECT_THAT(found[0].labels, ElementsAre(Pair("task", "shop"), Pair("tier", "web")));
    EXPECT_THAT(found[1].targets, ElementsAre("10.0.1.3:9000"));
    EXPECT_THAT(found[1].labels, ElementsAre(Pair("__metrics_path__", "/admin"), Pair("task", "shop")));
}

TEST_F(Endpoints, AllowEachNamedEndpointItsNetwork)
{
    shop.labels = {{"prometheus.endpoints.a.network", "front"}, {"prometheus.endpoints.b.port", "9000"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9000", "10.0.2.3:8080"));
}

TEST_F(Endpoints, FormGroupsByTheContainersLabelsToo)
{
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    one.container_labels = {{"prometheus.label.version", "1"}};
    const auto found = endpoints().groups;
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_THAT(found[0].labels, ElementsAre(Pair("task", "shop"), Pair("version", "1")));
    EXPECT_THAT(found[1].labels, ElementsAre(Pair("task", "shop")));
}

TEST_F(Endpoints, AreSortedBytewise)
{
    world.put(task_of(shop, "t0", {on("back", {"10.0.1.30/24"})}));
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    const auto found = endpoints().groups;
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].targets, ElementsAre("10.0.1.30:8080", "10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(Endpoints, CountABadLabelOncePerSetOfLabels)
{
    shop.labels = {{"prometheus.path", "bad"}};
    world.put(task_of(shop, "t2", {on("back", {"10.0.1.4/24"})}));
    EXPECT_THAT(targets(), SizeIs(2));
    EXPECT_EQ(count(bad_label::path), 1U);
}

TEST_F(Endpoints, GoOnAfterBadLabels)
{
    shop.labels = {{"prometheus.interval", "x"},
                   {"prometheus.label.a-b", "x"},
                   {"prometheus.path", "x"},
                   {"prometheus.port", "x,81"},
                   {"prometheus.scheme", "x"}};
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:81"));
}

} // namespace
} // namespace agent::core
