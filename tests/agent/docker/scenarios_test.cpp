#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "sd_writer/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

namespace agent::docker {
namespace {

namespace fs = std::filesystem;

const fs::path scenarios = TESTDATA_DIR "/scenarios";

std::string contents(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The flag sets of endpoints_oracle.py, by name; the empty one is the default.
std::map<std::string, core::endpoint_rules> flag_sets()
{
    std::map<std::string, core::endpoint_rules> sets{{"", {}}};
    sets["meta-none"].meta = core::meta_labels::none;
    sets["meta-task"].meta = core::meta_labels::task;
    sets["published"].ports = core::port_source::published;
    sets["networks"].networks = {"front_net", "my_network", "demo_back"};
    sets["labelled"].select = core::selection::labelled;
    sets["default-port"].default_port = 9100;
    sets["prometheus-service"].prometheus_service = "demo_proxy";
    sets["ignore"].ignore_services = {"shop", "demo_*", "*-[ep]?porter", "swarm-prom*"};
    return sets;
}

/// What the oracle expects; where a flag set makes no difference there is no file of its own.
std::string expected(const fs::path& scenario, const std::string& flags)
{
    const auto own = scenario / ("endpoints." + flags + ".json");
    return contents(fs::exists(own) ? own : scenario / "endpoints.json");
}

/// One recorded state of a swarm; see endpoints_oracle.py.
class Scenario : public ::testing::TestWithParam<fs::path> {
protected:
    core::snapshot listed() const
    {
        auto [tasks, networks] = decode_tasks(contents(GetParam() / "tasks.json")).value();
        return {decode_services(contents(GetParam() / "services.json")).value(),
                decode_nodes(contents(GetParam() / "nodes.json")).value(), std::move(tasks), std::move(networks)};
    }

    /// Calls `take(file)` for each file in a folder that may be absent.
    template <class Take>
    void for_each_file(const char* folder, Take take) const
    {
        if (fs::exists(GetParam() / folder))
            for (const auto& entry : fs::directory_iterator(GetParam() / folder))
                take(entry.path());
    }
};

TEST_P(Scenario, GivesTheEndpointsThatTheOracleExpects)
{
    for (const auto& [name, rules] : flag_sets()) {
        core::swarm world;
        core::target_set targets(core::role::endpoints, {.endpoints = rules});
        targets.refresh(world.replace(listed()), world);
        EXPECT_EQ(sd_writer::to_json(targets.groups()), expected(GetParam(), name)) << name;
    }
}

TEST_P(Scenario, HasNoExpectationThatIsNotTested)
{
    const auto sets = flag_sets();
    for (const auto& entry : fs::directory_iterator(GetParam())) {
        const auto name = entry.path().filename().string();
        if (name.starts_with("endpoints.") && name != "endpoints.json") {
            EXPECT_TRUE(sets.contains(name.substr(10, name.size() - 15))) << name;
        }
    }
}

TEST_P(Scenario, SaysTheSameInListsAndSingleAnswers)
{
    core::swarm world;
    world.replace(listed());
    std::size_t services = 0;
    std::size_t tasks = 0;
    for_each_file("services", [&](const fs::path& file) {
        const auto one = decode_service(contents(file)).value();
        ++services;
        ASSERT_NE(world.find_service(one.id), nullptr) << file;
        EXPECT_EQ(one, *world.find_service(one.id)) << file;
    });
    for_each_file("tasks", [&](const fs::path& file) {
        const auto one = decode_task(contents(file)).value().tasks.at(0);
        ++tasks;
        ASSERT_NE(world.find_task(one.id), nullptr) << file;
        EXPECT_EQ(one, *world.find_task(one.id)) << file;
    });
    EXPECT_EQ(services, world.services().size());
    EXPECT_EQ(tasks, world.task_count());
}

TEST_P(Scenario, HasEventsThatAreAllRead)
{
    std::istringstream lines(contents(GetParam() / "events.ndjson"));
    for (std::string line; std::getline(lines, line);)
        EXPECT_TRUE(decode_event(line)) << line;
}

TEST_P(Scenario, HasAHintForEachServiceInItsList)
{
    std::set<std::string> heard;
    std::istringstream lines(contents(GetParam() / "events.ndjson"));
    for (std::string line; std::getline(lines, line);)
        if (const auto hint = decode_event(line).value(); hint && hint->about == core::hint::subject::service)
            heard.insert(hint->id);
    for (const auto& service : listed().services)
        EXPECT_TRUE(heard.contains(service.id)) << service.name;
}

/// So that a directory that moved away does not pass for success.
TEST(Scenarios, AreFound)
{
    EXPECT_GE(std::distance(fs::directory_iterator(scenarios), fs::directory_iterator()), 34);
}

std::vector<fs::path> all_scenarios()
{
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(scenarios))
        if (entry.is_directory())
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::string test_name(const ::testing::TestParamInfo<fs::path>& scenario)
{
    auto name = scenario.param.filename().string();
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Scenario, ::testing::ValuesIn(all_scenarios()), test_name);

} // namespace
} // namespace agent::docker
