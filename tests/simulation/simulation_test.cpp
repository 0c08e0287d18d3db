// The whole agent lives through simulated swarms and faults.
#include "tests/simulation/seeds_that_found.hpp"
#include "tests/simulation/simulation.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using simulation::simulate;

std::string text_of(const simulation::outcome& found)
{
    std::string text;
    for (const auto& one : found.violations)
        text += to_string(one) + "\n";
    return text;
}

/// Ten seeds each, so that a run of all tests has them side by side.
class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepEveryPromise)
{
    constexpr std::uint64_t count = 10;
    for (auto seed = GetParam(); seed < GetParam() + count; ++seed) {
        const auto found = simulate({.seed = seed, .length = 5min});
        EXPECT_TRUE(found.violations.empty()) << "again: swarm_simulation --minutes 5 --first-seed " << seed << "\n"
                                              << text_of(found);
        EXPECT_GT(found.checks, 50U);
        EXPECT_GT(found.deeds, 5U);
    }
}

INSTANTIATE_TEST_SUITE_P(Blocks, Seeds, testing::Range<std::uint64_t>(1, 100, 10));

class SeedsThatFound : public testing::TestWithParam<simulation::remembered_seed> {};

TEST_P(SeedsThatFound, KeepEveryPromiseNow)
{
    const auto& [seed, minutes, has_faults, what] = GetParam();
    const auto found = simulate({.seed = seed, .length = std::chrono::minutes(minutes), .has_faults = has_faults});
    EXPECT_TRUE(found.violations.empty()) << what << "\n" << text_of(found);
}

INSTANTIATE_TEST_SUITE_P(Something, SeedsThatFound, testing::ValuesIn(simulation::seeds_that_found));

TEST(Simulation, TheSameSeedMakesTheSameTrace)
{
    const auto lines_of = [](std::uint64_t seed) {
        std::vector<std::string> lines;
        (void)simulate({.seed = seed, .on_line = [&lines](const std::string& line) { lines.push_back(line); }});
        return lines;
    };
    const auto first = lines_of(7);
    EXPECT_GT(first.size(), 100U);
    EXPECT_EQ(first, lines_of(7));
    EXPECT_NE(first, lines_of(8));
}

} // namespace
