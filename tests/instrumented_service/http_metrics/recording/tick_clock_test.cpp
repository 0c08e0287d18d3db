#include "instrumented_service/http_metrics/recording/tick_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace http_metrics {
namespace {

using namespace std::chrono_literals;

class AnyClock : public testing::TestWithParam<clock_choice> {};

TEST_P(AnyClock, AgreesWithSteadyClock)
{
    const tick_clock clock(GetParam());
    const auto steady = std::chrono::steady_clock::now();
    const auto from = clock.now();
    while (std::chrono::steady_clock::now() - steady < 5ms) {
    }
    const auto to = clock.now();
    const auto passed = std::chrono::steady_clock::now() - steady;
    const auto measured = std::chrono::nanoseconds(clock.nanoseconds(from, to));
    // The readings of one clock lie within those of the other, so being interrupted makes neither too short.
    EXPECT_GE(measured, 4'900us);
    EXPECT_LE(measured, passed + 100us);
}

TEST_P(AnyClock, NeverCountsBackwards)
{
    const tick_clock clock(GetParam());
    const auto now = clock.now();
    EXPECT_EQ(clock.nanoseconds(now + 1'000, now), 0U);
}

TEST_P(AnyClock, TurnsSpansIntoTicks)
{
    const tick_clock clock(GetParam());
    const auto ticks = clock.ticks(1s);
    EXPECT_NEAR(static_cast<double>(clock.nanoseconds(0, ticks)), 1e9, 1e6);
    EXPECT_NEAR(static_cast<double>(ticks), clock.ticks_per_second(), 2);
}

TEST_P(AnyClock, SaysWhy)
{
    const tick_clock clock(GetParam());
    EXPECT_FALSE(clock.reason().empty());
    EXPECT_EQ(clock.source(), clock.is_tsc() ? "tsc" : "steady_clock");
}

TEST(TickClock, CanBeForcedToSteadyClock)
{
    EXPECT_FALSE(tick_clock(clock_choice::steady).is_tsc());
    EXPECT_EQ(tick_clock(clock_choice::steady).reason(), "forced");
}

TEST(TickClock, KeepsItsRateWhenCalibratedAnew)
{
    tick_clock clock;
    const auto before = clock.ticks_per_second();
    const auto steady = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - steady < 110ms) {
    }
    clock.recalibrate();
    EXPECT_NEAR(clock.ticks_per_second() / before, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(, AnyClock, testing::Values(clock_choice::automatic, clock_choice::steady));

} // namespace
} // namespace http_metrics
