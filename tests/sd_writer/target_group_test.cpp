#include "sd_writer/target_group.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

namespace sd_writer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using groups = std::vector<target_group>;

TEST(Canonical, SortsTargetsBytewiseAndKeepsEachOnce)
{
    const auto result = canonical({{{"b:1", "a:9", "a:10", "b:1", "Z:1"}, {}}});
    ASSERT_EQ(result.size(), 1u);
    EXPECT_THAT(result[0].targets, ElementsAre("Z:1", "a:10", "a:9", "b:1"));
}

TEST(Canonical, MergesGroupsWithEqualLabels)
{
    const label_set one{{"task", "one"}};
    const label_set two{{"task", "two"}};
    EXPECT_EQ(canonical({{{"c:1"}, one}, {{"b:1"}, two}, {{"a:1", "c:1"}, one}}),
              (groups{{{"a:1", "c:1"}, one}, {{"b:1"}, two}}));
}

TEST(Canonical, TellsLabelSetsApartThatReadTheSameWhenJoined)
{
    const groups different{{{"a:1"}, {{"ab", "c"}}}, {{"a:1"}, {{"a", "bc"}}}, {{"a:1"}, {{"a", "b"}, {"c", ""}}}};
    EXPECT_EQ(canonical(different).size(), 3u);
}

TEST(Canonical, SortsGroupsByTheirFirstTargetAndThenTheirLabels)
{
    const target_group first{{"a:1", "z:1"}, {{"n", "1"}}};
    const target_group second{{"a:1"}, {{"n", "2"}}};
    const target_group third{{"b:1"}, {}};
    EXPECT_EQ(canonical({third, second, first}), (groups{first, second, third}));
}

TEST(Canonical, DropsGroupsWithoutATarget)
{
    EXPECT_THAT(canonical({{{}, {{"task", "none"}}}}), IsEmpty());
    EXPECT_THAT(canonical(std::vector<target_group>{}), IsEmpty());
    EXPECT_EQ(canonical({{{}, {{"n", "1"}}}, {{"a:1"}, {{"n", "1"}}}}), (groups{{{"a:1"}, {{"n", "1"}}}}));
}

TEST(Canonical, GivesTheSameForEveryOrder)
{
    groups all;
    for (int i = 0; i < 40; ++i)
        all.push_back({{"10.0.0." + std::to_string(i % 17) + ":80"}, {{"task", std::to_string(i % 5)}}});
    const auto expected = canonical(all);

    std::mt19937 random(1);
    for (int round = 0; round < 50; ++round) {
        std::ranges::shuffle(all, random);
        ASSERT_EQ(canonical(all), expected);
    }
    EXPECT_EQ(canonical(expected), expected);
}

TEST(CountTargets, AddsUpAllGroups)
{
    EXPECT_EQ(count_targets({}), 0u);
    EXPECT_EQ(count_targets({{{"a:1", "b:1"}, {}}, {{}, {}}, {{"a:1"}, {{"n", "1"}}}}), 3u);
}

} // namespace
} // namespace sd_writer
