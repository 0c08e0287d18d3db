#include "agent/core/backoff.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

constexpr backoff_limits limits{.first = 250ms, .most = 5s};

TEST(Backoff, WaitsTheFirstDelayAfterOneFailure)
{
    EXPECT_EQ(retry_delay(1, limits, 0.0), 250ms);
}

TEST(Backoff, DoublesWithEachFurtherFailure)
{
    EXPECT_EQ(retry_delay(2, limits, 0.0), 500ms);
    EXPECT_EQ(retry_delay(3, limits, 0.0), 1s);
    EXPECT_EQ(retry_delay(5, limits, 0.0), 4s);
}

TEST(Backoff, NeverGrowsBeyondTheLimit)
{
    EXPECT_EQ(retry_delay(6, limits, 0.0), 5s);
    EXPECT_EQ(retry_delay(4'000'000'000U, limits, 0.0), 5s);
}

TEST(Backoff, KeepsALimitBelowTheFirstDelay)
{
    EXPECT_EQ(retry_delay(3, {.first = 10s, .most = 2s}, 0.0), 2s);
}

TEST(Backoff, JitterAddsUpToHalfAgainAndNeverTakesAway)
{
    EXPECT_EQ(retry_delay(3, limits, 0.5), 1250ms);
    EXPECT_GE(retry_delay(3, limits, 0.999), 1498ms);
    EXPECT_LT(retry_delay(3, limits, 0.999), 1500ms);
}

} // namespace
} // namespace agent::core
