#include "agent/core/target_set.hpp"

#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

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

// --- Whatever the order ---

/// A swarm in all its variety, small enough for changes to meet.
class random_swarm {
public:
    explicit random_swarm(unsigned seed) : random_(seed) {}

    snapshot make()
    {
        snapshot data;
        for (const auto* name : {"back", "front", "side"}) {
            auto made = overlay(name);
            made.ingress = one_in(6);
            made.driver = one_in(6) ? "macvlan" : "overlay";
            data.networks.push_back(made);
        }
        for (int i = 1; i <= 3; ++i)
            if (!one_in(4))
                data.nodes.push_back(node_at("node-" + std::to_string(i), "192.168.0." + std::to_string(below(3))));
        for (int i = 0; i < 5; ++i)
            if (!one_in(5))
                data.services.push_back(make_service("s" + std::to_string(i)));
        for (int i = 0; i < 12; ++i)
            if (!one_in(4))
                data.tasks.push_back(make_task(i));
        return data;
    }

    template <class Values>
    void shuffle(Values& values)
    {
        std::shuffle(values.begin(), values.end(), random_);
    }

    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
    bool one_in(std::size_t count) { return below(count) == 0; }

private:
    service make_service(const std::string& name)
    {
        auto made = service_named(name);
        if (!one_in(3))
            made.ports = {tcp(8000 + static_cast<std::uint32_t>(below(3)), 80)};
        if (one_in(3))
            made.labels = {{"prometheus.network", one_in(2) ? "front" : "back"}};
        if (one_in(4))
            made.labels = {{"prometheus.endpoints.a.port", "1,2"}, {"prometheus.endpoints.b.path", "/b"}};
        if (one_in(5))
            made.labels = {{"prometheus.scrape", one_in(2) ? "no" : "yes"}};
        if (!one_in(3))
            made.network_ids.push_back(one_in(2) ? "id-front" : "id-side");
        return made;
    }

    task make_task(int number)
    {
        auto made = task_of(service_named("s" + std::to_string(number % 5)), "t" + std::to_string(number));
        made.node_id = "node-" + std::to_string(1 + below(3));
        if (one_in(5))
            made.state = task_state::failed;
        if (one_in(5))
            made.desired = task_state::shutdown;
        for (const auto* name : {"back", "front", "side"})
            if (!one_in(3))
                made.attachments.push_back(on(name, {"10.0." + std::to_string(below(4)) + ".3/24"}));
        if (one_in(4))
            made.host_ports = {tcp(8000, 30000 + static_cast<std::uint32_t>(below(3)))};
        if (one_in(4))
            made.container_labels = {{"prometheus.label.version", std::to_string(below(2))}};
        return made;
    }

    std::mt19937 random_;
};

std::string bytes_of(const snapshot& data, const role_rules& rules)
{
    swarm world;
    target_set targets(role::endpoints, rules);
    targets.refresh(world.replace(data), world);
    return sd_writer::to_json(targets.groups());
}

/// One answer after the other, in any order, from any earlier state to `data`.
class piecewise {
public:
    piecewise(const role_rules& rules, const snapshot& before) : targets_(role::endpoints, rules)
    {
        take(world_.replace(before));
    }

    std::string become(const snapshot& data, random_swarm& random)
    {
        std::vector<std::function<void()>> steps;
        for (const auto& value : data.services)
            steps.emplace_back([this, &value] { take(world_.put(value)); });
        for (const auto& value : data.nodes)
            steps.emplace_back([this, &value] { take(world_.put(value)); });
        for (const auto& value : data.networks)
            steps.emplace_back([this, &value] { take(world_.put({value})); });
        for (const auto& value : data.tasks)
            steps.emplace_back([this, &value] { take(world_.put(value)); });
        add_removals(steps, data);
        random.shuffle(steps);
        for (const auto& step : steps)
            step();
        return sd_writer::to_json(targets_.groups());
    }

private:
    void take(const model_changes& changes) { targets_.refresh(changes, world_); }

    void add_removals(std::vector<std::function<void()>>& steps, const snapshot& data)
    {
        const auto holds = [](const auto& values, const std::string& id) {
            return std::any_of(values.begin(), values.end(), [&id](const auto& value) { return value.id == id; });
        };
        for (int i = 0; i < 12; ++i) {
            const auto number = std::to_string(i);
            if (!holds(data.services, "id-s" + number))
                steps.emplace_back([this, number] { take(world_.remove_service("id-s" + number)); });
            if (!holds(data.nodes, "node-" + number))
                steps.emplace_back([this, number] { take(world_.remove_node("node-" + number)); });
            if (!holds(data.tasks, "t" + number))
                steps.emplace_back([this, number] { take(world_.remove_task("t" + number)); });
        }
    }

    swarm world_;
    target_set targets_;
};

TEST_F(TargetSet, GivesTheSameBytesForTheSameStateWhateverTheOrder)
{
    for (unsigned seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        random_swarm random(seed);
        role_rules mixed;
        mixed.endpoints.meta = random.one_in(2) ? meta_labels::none : meta_labels::task;
        if (random.one_in(3))
            mixed.endpoints.prometheus_service = "s0";
        if (random.one_in(4))
            mixed.endpoints.default_port = 9100;

        const auto before = random.make();
        const auto data = random.make();
        const auto wanted = bytes_of(data, mixed);
        ASSERT_EQ(piecewise(mixed, before).become(data, random), wanted);

        auto shuffled = data;
        random.shuffle(shuffled.services);
        random.shuffle(shuffled.nodes);
        random.shuffle(shuffled.tasks);
        random.shuffle(shuffled.networks);
        ASSERT_EQ(bytes_of(shuffled, mixed), wanted);
    }
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
