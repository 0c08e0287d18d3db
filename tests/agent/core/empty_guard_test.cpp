#include "agent/core/empty_guard.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using verdict = empty_guard::verdict;

class EmptyGuard : public ::testing::Test {
protected:
    /// A full list, asked for and answered at `when`, that shows no target any more.
    verdict list_without_targets(empty_guard::time_point when) { return guard.judge(true, false, when, when); }

    empty_guard guard;
    const empty_guard::time_point start{1h};
};

TEST_F(EmptyGuard, BelievesTargets)
{
    EXPECT_EQ(guard.judge(false, true, start, start), verdict::believe);
    EXPECT_EQ(guard.judge(true, true, start, start), verdict::believe);
    EXPECT_EQ(guard.confirm_at(), std::nullopt);
}

TEST_F(EmptyGuard, BelievesThatNothingStayedNothing)
{
    EXPECT_EQ(guard.judge(false, false, start, start), verdict::believe);
    EXPECT_EQ(guard.confirm_at(), std::nullopt);
}

TEST_F(EmptyGuard, HoldsBackWhenAllTargetsVanish)
{
    EXPECT_EQ(list_without_targets(start), verdict::hold);
    EXPECT_EQ(guard.confirm_at(), start + 5s);
}

TEST_F(EmptyGuard, BelievesASecondListFiveSecondsLater)
{
    (void)list_without_targets(start);
    EXPECT_EQ(list_without_targets(start + 5s), verdict::believe);
    EXPECT_EQ(guard.confirm_at(), std::nullopt);
}

TEST_F(EmptyGuard, IsNotConvincedByAListThatComesSooner)
{
    (void)list_without_targets(start);
    EXPECT_EQ(list_without_targets(start + 4999ms), verdict::hold);
    EXPECT_EQ(guard.confirm_at(), start + 5s);
}

TEST_F(EmptyGuard, CountsFromWhenTheListWasAskedForNotFromItsAnswer)
{
    (void)list_without_targets(start);
    EXPECT_EQ(guard.judge(true, false, start + 7s, start + 4s), verdict::hold);
}

TEST_F(EmptyGuard, IsNotConvincedBySingleReads)
{
    (void)list_without_targets(start);
    EXPECT_EQ(guard.judge(true, false, start + 10s, std::nullopt), verdict::hold);
}

TEST_F(EmptyGuard, StartsAnewWhenTargetsCameBackBetween)
{
    (void)list_without_targets(start);
    EXPECT_EQ(guard.judge(true, true, start + 2s, start + 2s), verdict::believe);
    EXPECT_EQ(list_without_targets(start + 6s), verdict::hold);
    EXPECT_EQ(guard.confirm_at(), start + 11s);
}

} // namespace
} // namespace agent::core
