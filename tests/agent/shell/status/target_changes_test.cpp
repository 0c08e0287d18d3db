#include "agent/shell/status/target_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace agent::shell {
namespace {

using kind = target_change::kind;
using sd_writer::canonical;
using sd_writer::target_group;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using groups = std::vector<target_group>;

target_changes between(groups before, groups after, std::size_t most = 100)
{
    return changes_between(canonical(std::move(before)), canonical(std::move(after)), most);
}

TEST(TargetChanges, AreNoneBetweenEqualLists)
{
    const groups same{{{"a:1", "b:1"}, {{"task", "web"}}}, {{"c:1"}, {{"task", "db"}}}};
    EXPECT_EQ(between(same, same).count(), 0U);
    EXPECT_THAT(between(same, same).first, IsEmpty());
    EXPECT_EQ(between({}, {}).count(), 0U);
}

TEST(TargetChanges, NameWhatCameAndWent)
{
    const auto found = between({{{"a:1", "b:1"}, {{"task", "web"}}}, {{"x:1"}, {{"task", "db"}}}},
                               {{{"b:1", "c:1"}, {{"task", "web"}}}, {{"x:1"}, {{"task", "db"}}}});
    EXPECT_THAT(found.first,
                ElementsAre(target_change{kind::removed, "a:1", "web"}, target_change{kind::added, "c:1", "web"}));
    EXPECT_EQ(found.added, 1U);
    EXPECT_EQ(found.removed, 1U);
    EXPECT_EQ(found.relabelled, 0U);
}

TEST(TargetChanges, SeeANewFirstTargetOfAGroup)
{
    const auto found = between({{{"b:1", "c:1"}, {{"task", "web"}}}}, {{{"a:1", "b:1", "c:1"}, {{"task", "web"}}}});
    EXPECT_THAT(found.first, ElementsAre(target_change{kind::added, "a:1", "web"}));
}

TEST(TargetChanges, SeeNewLabels)
{
    const auto found = between({{{"a:1", "b:1"}, {{"task", "web"}}}},
                               {{{"a:1"}, {{"task", "web"}}}, {{"b:1"}, {{"job", "j"}, {"task", "web"}}}});
    EXPECT_THAT(found.first, ElementsAre(target_change{kind::relabelled, "b:1", "web"}));
    EXPECT_EQ(found.relabelled, 1U);
}

TEST(TargetChanges, KnowOneAddressWithSeveralLabelSets)
{
    const groups before{{{"a:1"}, {{"__metrics_path__", "/1"}, {"task", "web"}}}};
    const groups after{{{"a:1"}, {{"__metrics_path__", "/1"}, {"task", "web"}}},
                       {{"a:1"}, {{"__metrics_path__", "/2"}, {"task", "web"}}}};
    EXPECT_THAT(between(before, after).first, ElementsAre(target_change{kind::added, "a:1", "web"}));
    EXPECT_THAT(between(after, before).first, ElementsAre(target_change{kind::removed, "a:1", "web"}));
}

TEST(TargetChanges, NameTheOwnerByWhatThereIs)
{
    const groups after{{{"a:1"}, {{"__meta_dockerswarm_service_name", "s"}}},
                       {{"b:1"}, {{"__meta_docker_container_name", "/c"}}},
                       {{"c:1"}, {{"__meta_dockerswarm_node_hostname", "n"}}},
                       {{"d:1"}, {{"x", "y"}}}};
    EXPECT_THAT(between({}, after).first,
                ElementsAre(target_change{kind::added, "a:1", "s"}, target_change{kind::added, "b:1", "/c"},
                            target_change{kind::added, "c:1", "n"}, target_change{kind::added, "d:1", ""}));
}

TEST(TargetChanges, CountMoreThanTheyName)
{
    groups many;
    for (int number = 0; number < 1'000; ++number)
        many.push_back({{std::to_string(number) + ":1"}, {{"task", "web"}}});
    const auto found = between({}, many, 3);
    EXPECT_EQ(found.added, 1'000U);
    EXPECT_EQ(found.first.size(), 3U);
}

/// The slow way: every pair of address and labels, in one list and not in the other.
TEST(TargetChanges, AreWhatASlowComparisonFinds)
{
    std::mt19937 random(20'231'114); // the same lists in every run
    const auto some_groups = [&random] {
        groups made;
        for (auto count = random() % 12; count > 0; --count)
            made.push_back({{std::to_string(random() % 20) + ":1", std::to_string(random() % 20) + ":1"},
                            {{"task", std::to_string(random() % 3)}}});
        return canonical(std::move(made));
    };
    const auto pairs = [](const groups& list) {
        std::vector<std::string> all;
        for (const auto& group : list)
            for (const auto& target : group.targets)
                all.push_back(target + " " + group.labels.front().second);
        std::sort(all.begin(), all.end());
        return all;
    };
    for (int round = 0; round < 2'000; ++round) {
        const auto before = some_groups();
        const auto after = some_groups();
        const auto old_pairs = pairs(before);
        const auto new_pairs = pairs(after);
        std::vector<std::string> gone;
        std::vector<std::string> come;
        std::set_difference(old_pairs.begin(), old_pairs.end(), new_pairs.begin(), new_pairs.end(),
                            std::back_inserter(gone));
        std::set_difference(new_pairs.begin(), new_pairs.end(), old_pairs.begin(), old_pairs.end(),
                            std::back_inserter(come));
        const auto found = changes_between(before, after, 1'000);
        EXPECT_EQ(found.added + found.relabelled, come.size()) << round;
        EXPECT_EQ(found.removed + found.relabelled, gone.size()) << round;
        EXPECT_EQ(found.first.size(), found.count()) << round;
    }
}

} // namespace
} // namespace agent::shell
