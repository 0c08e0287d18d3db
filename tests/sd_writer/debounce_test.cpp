#include "sd_writer/debounce.hpp"

#include <gtest/gtest.h>

namespace sd_writer {
namespace {

using namespace std::chrono_literals;

constexpr debounce::limits usual{.quiet = 100ms, .most = 2000ms};
constexpr debounce::clock::time_point start{};

TEST(Debounce, HasNothingToWriteAtFirst)
{
    const debounce wait(usual);
    EXPECT_EQ(wait.deadline(false), std::nullopt);
    EXPECT_EQ(wait.deadline(true), std::nullopt);
}

TEST(Debounce, WritesAfterTheQuietTime)
{
    debounce wait(usual);
    wait.changed(start);
    EXPECT_EQ(wait.deadline(false), start + 100ms);
}

TEST(Debounce, StartsTheQuietTimeAnewAtEachChange)
{
    debounce wait(usual);
    wait.changed(start);
    wait.changed(start + 70ms);
    EXPECT_EQ(wait.deadline(false), start + 170ms);
    wait.changed(start + 150ms);
    EXPECT_EQ(wait.deadline(false), start + 250ms);
}

TEST(Debounce, IsNotStarvedBySteadyChange)
{
    debounce wait(usual);
    for (auto at = 0ms; at <= 1990ms; at += 10ms)
        wait.changed(start + at);
    EXPECT_EQ(wait.deadline(false), start + 2000ms);
    wait.changed(start + 5s);
    EXPECT_EQ(wait.deadline(false), start + 2000ms) << "a deadline in the past means now";
}

TEST(Debounce, CountsTheLongestWaitFromTheFirstChangeSinceTheLastWrite)
{
    debounce wait(usual);
    wait.changed(start);
    wait.taken();
    wait.changed(start + 500ms);
    wait.changed(start + 2490ms);
    EXPECT_EQ(wait.deadline(false), start + 2500ms);
}

TEST(Debounce, IsNotQuietWhileMoreIsBeingRead)
{
    debounce wait(usual);
    wait.changed(start);
    EXPECT_EQ(wait.deadline(true), start + 2000ms);
    wait.changed(start + 300ms);
    EXPECT_EQ(wait.deadline(true), start + 2000ms);
    EXPECT_EQ(wait.deadline(false), start + 400ms) << "the quiet time runs from the last change, not from then";
}

TEST(Debounce, HasNothingToWriteOnceTaken)
{
    debounce wait(usual);
    wait.changed(start);
    wait.taken();
    EXPECT_EQ(wait.deadline(false), std::nullopt);
    wait.taken();
    EXPECT_EQ(wait.deadline(true), std::nullopt);
}

TEST(Debounce, KeepsTheLongestWaitEvenBelowTheQuietTime)
{
    debounce wait({.quiet = 500ms, .most = 200ms});
    wait.changed(start);
    EXPECT_EQ(wait.deadline(false), start + 200ms);
}

TEST(Debounce, WritesAtOnceWithoutLimits)
{
    debounce wait({.quiet = 0ms, .most = 0ms});
    wait.changed(start + 7ms);
    EXPECT_EQ(wait.deadline(false), start + 7ms);
}

} // namespace
} // namespace sd_writer
