// The roles that Prometheus has, too, against what Prometheus 2.42 itself discovered in each recorded swarm.
#include "agent/core/role.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "tests/support/testdata.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace agent::docker {
namespace {

namespace dom = simdjson::dom;
namespace fs = std::filesystem;
using core::role;

using labels = std::map<std::string, std::string>;
/// Address and labels; exact duplicates count once.
using targets = std::set<std::pair<std::string, labels>>;

/// The values that Prometheus itself was seen to choose from, by label, where several keys become one name.
using ambiguities = std::map<std::string, std::set<std::string>>;

class Roles : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] static std::string text(const std::string& file)
    {
        return support::read_testdata("scenarios/" + GetParam() + "/" + file);
    }

    static core::snapshot listed()
    {
        auto [tasks, networks] = decode_tasks(text("tasks.json")).value();
        auto more = decode_networks(text("networks.json")).value();
        networks.insert(networks.end(), more.begin(), more.end());
        return {decode_services(text("services.json")).value(), decode_nodes(text("nodes.json")).value(),
                std::move(tasks), std::move(networks), decode_containers(text("containers.json")).value()};
    }

    static targets ours(role which, const core::swarm& world)
    {
        core::target_set set(which, core::role_rules{});
        set.refresh_all(world);
        targets found;
        for (const auto& group : set.groups())
            for (const auto& address : group.targets)
                found.emplace(address, labels(group.labels.begin(), group.labels.end()));
        return found;
    }

    static targets prometheus(role which)
    {
        dom::parser parser;
        const auto document = text("expected." + std::string(to_string(which)) + ".json");
        targets found;
        for (const dom::element group : dom::array(parser.parse(document))) {
            labels all;
            for (const auto& [key, value] : dom::object(group["labels"]))
                all.emplace(key, std::string_view(value));
            for (const dom::element address : dom::array(group["targets"]))
                found.emplace(std::string_view(address), all);
        }
        return found;
    }

    static ambiguities ambiguous(role which)
    {
        dom::parser parser;
        const auto document = text("meta.json");
        ambiguities found;
        dom::object by_label;
        if (parser.parse(document)["ambiguous"][to_string(which)].get(by_label) == simdjson::SUCCESS)
            for (const auto& [label, values] : by_label)
                for (const dom::element value : dom::array(values))
                    found[std::string(label)].emplace(std::string_view(value));
        return found;
    }

    /// Without the labels whose value Prometheus chooses by chance.
    static targets without(const ambiguities& chance, const targets& all)
    {
        targets kept;
        for (auto [address, set] : all) {
            std::erase_if(set, [&chance](const auto& label) { return chance.contains(label.first); });
            kept.emplace(address, set);
        }
        return kept;
    }
};

TEST_P(Roles, GiveWhatPrometheusGives)
{
    core::swarm world;
    world.replace(listed());
    for (const auto which : {role::tasks, role::services, role::nodes, role::containers}) {
        SCOPED_TRACE(to_string(which));
        const auto chance = ambiguous(which);
        const auto own = ours(which, world);
        EXPECT_EQ(without(chance, own), without(chance, prometheus(which)));
        for (const auto& [address, set] : own)
            for (const auto& [name, value] : set)
                if (chance.contains(name)) {
                    EXPECT_THAT(chance.at(name), ::testing::Contains(value)) << name;
                }
    }
}

TEST_P(Roles, AreTheSameWhateverTheOrderOfListsAndChanges)
{
    core::swarm in_order;
    in_order.replace(listed());
    std::minstd_rand random(7); // NOLINT(cert-msc51-cpp): the same in each run
    for (int round = 0; round < 5; ++round) {
        auto data = listed();
        std::shuffle(data.services.begin(), data.services.end(), random);
        std::shuffle(data.nodes.begin(), data.nodes.end(), random);
        std::shuffle(data.tasks.begin(), data.tasks.end(), random);
        std::shuffle(data.networks.begin(), data.networks.end(), random);
        std::shuffle(data.containers.begin(), data.containers.end(), random);
        for (const auto which : core::all_roles) {
            // One object after another, and each change taken by itself.
            core::swarm world;
            core::target_set stepwise(which, core::role_rules{});
            const auto take = [&](const core::model_changes& changes) { stepwise.refresh(changes, world); };
            for (const auto& value : data.tasks)
                take(world.put(value));
            for (const auto& value : data.services)
                take(world.put(value));
            take(world.put_containers(data.containers));
            for (const auto& value : data.nodes)
                take(world.put(value));
            take(world.put(data.networks));

            core::target_set at_once(which, core::role_rules{});
            at_once.refresh_all(in_order);
            EXPECT_EQ(stepwise.groups(), at_once.groups()) << to_string(which);
        }
    }
}

std::vector<std::string> scenario_names()
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(TESTDATA_DIR "/scenarios"))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info)
{
    auto name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Roles, ::testing::ValuesIn(scenario_names()), test_name);

} // namespace
} // namespace agent::docker
