#include "agent/core/timetable.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

class Timetable : public ::testing::Test {
protected:
    void put(std::string_view id, std::chrono::seconds due) { table.set_due(table.get(id, 0), start + due); }

    timetable<int> table;
    const timetable<int>::time_point start{1h};
};

TEST_F(Timetable, HasNothingDueAtFirst)
{
    EXPECT_EQ(table.deadline(), std::nullopt);
    EXPECT_EQ(table.earliest(), table.end());
    table.get("a", 1);
    EXPECT_EQ(table.deadline(), std::nullopt);
    EXPECT_EQ(table.without_due(), std::vector<std::string>{"a"});
}

TEST_F(Timetable, KeepsTheValueOfAnEntryThatIsThere)
{
    table.get("a", 1);
    EXPECT_EQ(table.get("a", 2)->second.value, 1);
    EXPECT_EQ(table.size(), 1U);
}

TEST_F(Timetable, KnowsWhatIsDueFirst)
{
    put("b", 2s);
    put("c", 1s);
    put("a", 2s);
    EXPECT_EQ(table.earliest()->first, "c");
    table.erase(table.earliest());
    EXPECT_EQ(table.earliest()->first, "a") << "of several the first by ID";
    put("a", 3s);
    EXPECT_EQ(table.earliest()->first, "b");
    EXPECT_EQ(table.deadline(), start + 2s);
    table.set_due(table.earliest(), std::nullopt);
    EXPECT_EQ(table.earliest()->first, "a");
    EXPECT_EQ(table.without_due(), std::vector<std::string>{"b"});
    table.clear();
    EXPECT_EQ(table.deadline(), std::nullopt);
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(Timetable, CountsWhatIsDueAsFarAsIsWanted)
{
    put("a", 1s);
    put("b", 2s);
    put("c", 3s);
    EXPECT_EQ(table.count_due(start, 10), 0U);
    EXPECT_EQ(table.count_due(start + 2s, 10), 2U);
    EXPECT_EQ(table.count_due(start + 3s, 2), 2U);
}

} // namespace
} // namespace agent::core
