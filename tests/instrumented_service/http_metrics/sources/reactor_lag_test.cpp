#include "instrumented_service/http_metrics/sources/reactor_lag.hpp"

#include "tests/instrumented_service/http_metrics/handed_over.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace asio = boost::asio;

namespace http_metrics {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;

using clock = lag_histogram::clock;

/// How many observations each bucket has, not counting those of the ones before it.
std::vector<std::uint64_t> counts(const histogram_value& of)
{
    std::vector<std::uint64_t> each;
    std::uint64_t before = 0;
    for (const auto& bucket : of.buckets) {
        each.push_back(bucket.cumulative_count - before);
        before = bucket.cumulative_count;
    }
    return each;
}

TEST(LagHistogram, IsEmptyAtFirst)
{
    const auto value = lag_histogram().value();
    EXPECT_EQ(value.count, 0U);
    EXPECT_EQ(value.sum, 0);
    EXPECT_EQ(value.buckets.size(), 14U);
    EXPECT_TRUE(std::isinf(value.buckets.back().upper_bound));
    EXPECT_THAT(counts(value), Each(0U));
}

TEST(LagHistogram, PutsALagWhereItBelongs)
{
    lag_histogram seen;
    const clock::time_point due{};
    for (const auto lag : {0us, 100us, 101us, 1000us, 1001us, 99'999us})
        EXPECT_EQ(seen.take(due, due + lag, 100ms), due + 100ms);
    EXPECT_THAT(counts(seen.value()), ElementsAre(2, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0));
    EXPECT_EQ(seen.value().count, 6U);
    EXPECT_NEAR(seen.value().sum, 0.1022, 0.0001);
}

TEST(LagHistogram, CountsWhatWouldHaveBeenDueMeanwhile)
{
    lag_histogram seen;
    const clock::time_point due{};
    EXPECT_EQ(seen.take(due, due + 1050ms, 100ms), due + 1100ms);
    // 1.05 s, 0.95 … 0.55, 0.45 … 0.35, 0.25 … 0.15, 0.05
    EXPECT_THAT(counts(seen.value()), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 5, 1));
}

TEST(LagHistogram, TakesTheVeryMomentAsDue)
{
    lag_histogram seen;
    const clock::time_point due{};
    EXPECT_EQ(seen.take(due, due + 100ms, 100ms), due + 200ms);
    EXPECT_EQ(seen.value().count, 2U);
}

TEST(LagHistogram, TakesNothingForEarly)
{
    lag_histogram seen;
    const clock::time_point due{};
    EXPECT_EQ(seen.take(due, due - 1ms, 100ms), due + 100ms);
    EXPECT_EQ(seen.value().count, 1U);
    EXPECT_EQ(seen.value().sum, 0);
}

histogram_value shown(const reactor_lag& lag)
{
    const handed_over seen(lag);
    EXPECT_EQ(seen.families.size(), 1U);
    EXPECT_EQ(seen.families.front().head.name, "reactor_lag_seconds");
    return std::get<histogram_value>(seen.families.front().all.front().value);
}

TEST(ReactorLag, SeesAReactorThatWasHeld)
{
    asio::io_context io{1};
    reactor_lag lag(1ms);
    support::running measuring(io, lag.run());
    ASSERT_TRUE(support::run_until(io, [&lag] { return shown(lag).count >= 3; }));

    const auto before = shown(lag);
    const auto end = clock::now() + 30ms;
    while (clock::now() < end) {
    }
    ASSERT_TRUE(support::run_until(io, [&] { return shown(lag).count > before.count; }));
    EXPECT_GE(shown(lag).count, before.count + 29) << "one for each moment at which something was due";
    EXPECT_GT(shown(lag).sum, before.sum + 0.4);
    measuring.cancel();
    measuring.get();
}

TEST(ReactorLag, CanBeStoppedAtAnyMoment)
{
    bool has_measured = false;
    for (int handlers = 0; !has_measured; ++handlers) {
        asio::io_context io{1};
        reactor_lag lag(1us);
        support::running measuring(io, lag.run());
        support::run_handlers(io, handlers, [] { return false; });
        measuring.cancel();
        measuring.get();
        has_measured = shown(lag).count > 0 && handlers > 10;
    }
}

TEST(ReactorLag, MayEndWithItsContextAtWork)
{
    reactor_lag lag(1ms);
    asio::io_context io{1};
    const support::running measuring(io, lag.run());
    EXPECT_TRUE(support::run_until(io, [&lag] { return shown(lag).count >= 1; }));
}

} // namespace
} // namespace http_metrics
