// Every recorded swarm, shown by the scripted engine: the whole agent comes to the right file, whether it finds the
// swarm in that state or is told of the way there by the recorded events.
#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using support::contents_of;

struct scenario {
    std::filesystem::path directory;

    [[nodiscard]] std::string text(const std::string& file) const { return contents_of(directory / file); }
    [[nodiscard]] support::engine_state state() const
    {
        return support::engine_state::of(text("services.json"), text("nodes.json"), text("tasks.json"));
    }
};

/// For the names of the tests.
void PrintTo(const scenario& value, std::ostream* out)
{
    *out << value.directory.filename().string();
}

std::vector<scenario> all_scenarios()
{
    std::vector<scenario> found;
    for (const auto& entry : std::filesystem::directory_iterator(TESTDATA_DIR "/scenarios"))
        found.push_back({entry.path()});
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.directory < b.directory; });
    return found;
}

std::string test_name(const testing::TestParamInfo<scenario>& info)
{
    auto name = info.param.directory.filename().string();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class Scenario : public testing::TestWithParam<scenario> {
protected:
    agent_harness harness_;
};

TEST_P(Scenario, IsRightWhenFound)
{
    harness_.engine.state = GetParam().state();
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    EXPECT_EQ(harness_.file(), GetParam().text("endpoints.json"));
}

TEST_P(Scenario, IsRightWhenReachedByItsEvents)
{
    harness_.engine.state.nodes = GetParam().state().nodes;
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    ASSERT_EQ(harness_.file(), "[]\n");
    ASSERT_EQ(harness_.engine.count("/services"), 1U);

    harness_.engine.state = GetParam().state();
    std::istringstream records(GetParam().text("events.ndjson"));
    for (std::string record; std::getline(records, record);)
        harness_.engine.emit(record);
    ASSERT_TRUE(harness_.until([this] { return harness_.engine.events_sent(); }));
    EXPECT_TRUE(harness_.until_file_is(GetParam().text("endpoints.json"))) << harness_.file();
}

INSTANTIATE_TEST_SUITE_P(Recorded, Scenario, testing::ValuesIn(all_scenarios()), test_name);

} // namespace
