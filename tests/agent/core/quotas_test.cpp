#include "agent/core/quotas.hpp"

#include "agent/core/endpoints.hpp"
#include "agent/core/explanation.hpp"
#include "agent/core/role_tasks.hpp"
#include "tests/agent/core/role_targets_reader.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace agent::core {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::size_t megabyte = std::size_t{1024} * 1024;

/// Numbers that sort as text.
std::string padded(std::size_t number)
{
    return std::to_string(1'000'000 + number).substr(1);
}

/// Service `shop` on port 8080 of network `back`, with one task.
class Quotas : public ::testing::Test {
protected:
    Quotas() { shop.ports = {tcp(8080)}; }

    role_targets endpoints()
    {
        std::sort(shop.labels.begin(), shop.labels.end());
        auto sorted = one.container_labels.get();
        std::sort(sorted.begin(), sorted.end());
        one.container_labels = std::move(sorted);
        world.replace({{shop}, {node_at("node-1", "192.168.0.1")}, {one}, {overlay("back")}});
        return endpoints_of(shop, world, rules);
    }

    static std::size_t count(const role_targets& found, bad_label reason)
    {
        return found.skipped.labels.at(static_cast<std::size_t>(reason));
    }

    static std::size_t over_quota(const role_targets& found)
    {
        return found.skipped.tasks.at(static_cast<std::size_t>(skip_reason::over_quota));
    }

    swarm world;
    endpoint_rules rules;
    service shop = service_named("shop");
    task one = task_of(shop, "t1", {on("back", {"10.0.1.3/24"})});
};

TEST_F(Quotas, F33_LeaveOutALabelThatIsTooLongAlone)
{
    shop.labels = {
        {"prometheus.job", std::string(megabyte, 'j')},     {"prometheus.label.a", std::string(megabyte, 'a')},
        {"prometheus.param.b", std::string(megabyte, 'b')}, {"prometheus.label." + std::string(megabyte, 'n'), "n"},
        {"prometheus.network", std::string(megabyte, 'w')}, {"prometheus.label.team", "blue"}};
    rules.meta = meta_labels::none;
    const auto found = endpoints();
    EXPECT_THAT(addresses(found), ElementsAre("10.0.1.3:8080"));
    EXPECT_THAT(only_labels(found), ElementsAre(Pair("task", "shop"), Pair("team", "blue")));
    EXPECT_EQ(count(found, bad_label::too_long), 5U);
}

TEST_F(Quotas, TakeALabelOfJustTheLength)
{
    const std::string longest(quota::label_bytes, 'j');
    shop.labels = {{"prometheus.job", longest}};
    rules.meta = meta_labels::none;
    EXPECT_EQ(value_of(only_labels(endpoints()), "job"), longest);
    shop.labels = {{"prometheus.job", longest + "j"}};
    EXPECT_EQ(value_of(only_labels(endpoints()), "job"), "");
}

TEST_F(Quotas, LeaveOutTooLongMetaLabelsOfEveryObject)
{
    const std::string value(megabyte, 'x');
    shop.labels = {{"big", value}, {"small", "s"}};
    shop.image = value;
    one.container_labels = {{"big", value}, {"small", "c"}};
    rules.meta = meta_labels::task;
    const auto found = endpoints();
    const auto labels = only_labels(found);
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_service_label_small", "s")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_container_label_small", "c")));
    for (const auto& [name, text] : labels)
        EXPECT_LT(text.size(), 100U) << name;
    EXPECT_EQ(count(found, bad_label::too_long), 3U);
}

TEST_F(Quotas, KeepTheFirstOfTooManyLabelsOfAnObject)
{
    for (std::size_t at = 0; at < 300; ++at)
        shop.labels.emplace_back("l" + padded(at), "v");
    shop.labels.emplace_back("aaa", ""); // takes no room
    const auto found = endpoints();
    const auto labels = only_labels(found);
    EXPECT_THAT(labels, Contains(Key("__meta_dockerswarm_service_label_l000255")));
    EXPECT_THAT(labels, Not(Contains(Key("__meta_dockerswarm_service_label_l000256"))));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_service_name", "shop")));
    EXPECT_THAT(labels, Contains(Pair("task", "shop")));
    EXPECT_EQ(count(found, bad_label::too_many), 44U);
}

TEST_F(Quotas, KeepTheFirstLabelsOfAnObjectThatHaveRoomTogether)
{
    for (std::size_t at = 0; at < 10; ++at)
        shop.labels.emplace_back("l" + padded(at), std::string(quota::object_label_bytes / 5, 'v'));
    const auto found = endpoints();
    EXPECT_THAT(only_labels(found), Contains(Key("__meta_dockerswarm_service_label_l000003")));
    EXPECT_THAT(only_labels(found), Not(Contains(Key("__meta_dockerswarm_service_label_l000004"))));
    EXPECT_EQ(count(found, bad_label::too_many), 6U);
}

TEST_F(Quotas, KeepTheFirstOfTooManyPromotedLabelsAndParameters)
{
    for (std::size_t at = 0; at < 100; ++at) {
        shop.labels.emplace_back("prometheus.label.l" + padded(at), "v");
        shop.labels.emplace_back("prometheus.param.p" + padded(at), "v");
    }
    rules.meta = meta_labels::none;
    const auto found = endpoints();
    const auto labels = only_labels(found);
    EXPECT_THAT(labels, SizeIs(2 * quota::named_labels + 1));
    EXPECT_THAT(labels, Contains(Key("l000063")));
    EXPECT_THAT(labels, Contains(Key("__param_p000063")));
    EXPECT_EQ(count(found, bad_label::too_many), 72U);
}

TEST_F(Quotas, KeepTheFirstPortsOfATask)
{
    std::string ports;
    for (int port = 1; port <= 65535; ++port)
        ports += (ports.empty() ? "" : ",") + std::to_string(port);
    shop.labels = {{"prometheus.port", ports}};
    const auto found = endpoints();
    EXPECT_EQ(sd_writer::count_targets(found.groups), quota::task_targets);
    EXPECT_THAT(addresses(found), Contains("10.0.1.3:64"));
    EXPECT_EQ(over_quota(found), 65535 - quota::task_targets);
}

TEST_F(Quotas, KeepTheFirstEndpointsAndTheirFirstTargets)
{
    for (std::size_t at = 0; at < 100; ++at)
        shop.labels.emplace_back("prometheus.endpoints.e" + padded(at) + ".port", "1,2");
    rules.meta = meta_labels::none;
    const auto found = endpoints();
    EXPECT_EQ(sd_writer::count_targets(found.groups), 2U); // the endpoints differ in nothing but their names
    EXPECT_EQ(count(found, bad_label::too_many), 36U);
    EXPECT_EQ(over_quota(found), 64U);
}

TEST_F(Quotas, KeepTheFirstTargetsOfAServiceThatHaveRoomTogether)
{
    // A long name on each of many ports of many tasks: 40 MB of labels, then another 40.
    rules.meta = meta_labels::task;
    const std::string value(quota::label_bytes - 100, 'x');
    std::vector<task> tasks;
    for (std::size_t at = 0; at < 1200; ++at) {
        auto made =
            task_of(shop, "t" + padded(at),
                    {on("back", {"10.0." + std::to_string(1 + at / 200) + "." + std::to_string(1 + at % 200)})});
        made.container_labels = {{"big", value}};
        tasks.push_back(made);
    }
    world.replace({{shop}, {}, tasks, {overlay("back")}});
    const auto found = endpoints_of(shop, world, rules);
    const auto kept = sd_writer::count_targets(found.groups);
    EXPECT_GT(kept, 1000U);
    EXPECT_EQ(kept + over_quota(found), 1200U);

    std::reverse(tasks.begin(), tasks.end());
    swarm again;
    again.replace({{shop}, {}, tasks, {overlay("back")}});
    EXPECT_EQ(endpoints_of(shop, again, rules), found);
}

TEST_F(Quotas, AreNoneForTheRolesOfPrometheusOwn)
{
    const std::string value(megabyte, 'x');
    for (std::size_t at = 0; at < 300; ++at)
        shop.labels.emplace_back("l" + padded(at), "v");
    shop.labels.emplace_back("z", value);
    (void)endpoints();
    const auto labels = only_labels(role_tasks(shop.id, world, 80));
    EXPECT_EQ(value_of(labels, "__meta_dockerswarm_service_label_z"), value);
    EXPECT_THAT(labels, Contains(Key("__meta_dockerswarm_service_label_l000299")));
}

TEST_F(Quotas, AreExplained)
{
    shop.labels = {{"prometheus.job", std::string(megabyte, 'j')}, {"prometheus.port", "1"}};
    for (int port = 2; port < 70; ++port)
        shop.labels[1].second += "," + std::to_string(port);
    (void)endpoints();
    const auto text = to_text(explain("shop", world, rules));
    EXPECT_THAT(text, HasSubstr("label without effect, too_long: prometheus.job=jjjj"));
    EXPECT_THAT(text, HasSubstr("j... (1048576 bytes)\n"));
    EXPECT_THAT(text, HasSubstr("targets left out, over_quota: 5\n"));
    EXPECT_LT(text.size(), 5000U);
}

} // namespace
} // namespace agent::core
