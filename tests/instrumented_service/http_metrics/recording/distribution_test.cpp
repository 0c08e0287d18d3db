#include "instrumented_service/http_metrics/recording/distribution.hpp"

#include "instrumented_service/http_metrics/recording/sliding_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace http_metrics {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<std::uint64_t> values_of(const bounds& upper)
{
    std::vector<std::uint64_t> values;
    for (std::size_t which = 0; which < upper.size(); ++which)
        values.push_back(upper.value(which));
    return values;
}

/// Values of every size, and bounds among them.
rc::Gen<std::uint64_t> any_value()
{
    return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 37), rc::gen::arbitrary<std::uint64_t>()),
                        [](const std::pair<int, std::uint64_t>& drawn) {
                            return drawn.second & ((std::uint64_t{1} << drawn.first) - 1);
                        });
}

TEST(Bounds, AreSortedAndEachThereOnce)
{
    EXPECT_THAT(values_of(bounds({7, 3, 7, 5})), ElementsAre(3, 5, 7));
}

TEST(Bounds, CutOnlyCellsThatHoldMoreThanThem)
{
    const bounds upper({100, 200, 201});
    EXPECT_FALSE(upper.is_cut(log_linear::cell_of(100))); // has a cell of its own
    EXPECT_TRUE(upper.is_cut(log_linear::cell_of(200)));  // shares one with 201
    EXPECT_TRUE(upper.cuts(upper.index_of(200)));
    EXPECT_FALSE(upper.cuts(upper.index_of(201))); // which is that cell's end
}

TEST(Distribution, BeginsEmpty)
{
    const bounds upper({10});
    const distribution empty(upper, 5);
    EXPECT_EQ(empty.look().count, 0U);
    EXPECT_EQ(empty.look().sum, 0U);
    EXPECT_THAT(empty.look().upper_counts, ElementsAre(0));
    EXPECT_TRUE(std::isnan(empty.quantiles(std::vector{0.5}, 0).front()));
}

TEST(Distribution, QuantilesOfSmallValuesAreThoseValues)
{
    const bounds none({});
    distribution seen(none, 5);
    for (std::uint64_t value = 1; value <= 100; ++value)
        seen.record(value, 0);
    EXPECT_THAT(seen.quantiles(std::vector{0.0, 0.5, 0.9, 0.99, 1.0}, 0), ElementsAre(1, 50, 90, 99, 100));
}

TEST(Distribution, WindowForgetsSliceBySliceAndTheTotalDoesNot)
{
    const bounds upper({1000});
    distribution seen(upper, 3);
    seen.record(1, 0);
    seen.record(2, 1);
    seen.record(3, 2);
    const std::vector least{0.0};
    EXPECT_THAT(seen.quantiles(least, 2), ElementsAre(1));
    EXPECT_THAT(seen.quantiles(least, 3), ElementsAre(2)); // time passes, though nothing is recorded
    seen.record(4, 3);
    EXPECT_THAT(seen.quantiles(least, 3), ElementsAre(2));
    seen.record(5, 100);
    EXPECT_THAT(seen.quantiles(least, 100), ElementsAre(5));
    EXPECT_EQ(seen.look().count, 5U);
    EXPECT_EQ(seen.look().sum, 15U);
    EXPECT_THAT(seen.look().upper_counts, ElementsAre(5));
}

TEST(Distribution, EmptyWindowHasNoQuantiles)
{
    const bounds none({});
    distribution seen(none, 2);
    seen.record(7, 0);
    EXPECT_TRUE(std::isnan(seen.quantiles(std::vector{0.5}, 2).front()));
}

TEST(Distribution, WhatIsTooLargeCountsAsTheLargest)
{
    const bounds upper({log_linear::most - 1});
    distribution seen(upper, 1);
    seen.record(~std::uint64_t{0} / 2, 0);
    EXPECT_THAT(seen.look().upper_counts, ElementsAre(0));
    EXPECT_EQ(seen.look().count, 1U);
}

TEST(Distribution, CountsOnceWhereOneBoundCutsACellAndAnotherEndsIt)
{
    const bounds upper({190, 191});
    distribution seen(upper, 1);
    seen.record(190, 0);
    EXPECT_THAT(seen.look().upper_counts, ElementsAre(1, 1));
    seen.record(191, 1);
    EXPECT_THAT(seen.look().upper_counts, ElementsAre(1, 2));
}

RC_GTEST_PROP(Distribution, CountsUpToEveryBoundExactly, ())
{
    auto limits = *rc::gen::container<std::vector<std::uint64_t>>(any_value());
    // Neighbours, which share cells.
    for (std::size_t at = 0, size = limits.size(); at < size; ++at)
        limits.push_back(limits[at] + *rc::gen::inRange<std::uint64_t>(0, 3));
    const auto slices = *rc::gen::inRange<std::size_t>(1, 6);
    // How much later each one comes, in slices.
    const auto drawn = *rc::gen::container<std::vector<std::pair<std::uint64_t, int>>>(
        rc::gen::pair(any_value(), rc::gen::inRange(0, 3)));

    const bounds upper(limits);
    distribution seen(upper, slices);
    std::uint64_t epoch = 0;
    for (const auto& [value, later] : drawn)
        seen.record(value, epoch += static_cast<std::uint64_t>(later));

    const auto totals = seen.look();
    RC_ASSERT(totals.count == drawn.size());
    std::uint64_t sum = 0;
    for (const auto& [value, later] : drawn)
        sum += value;
    RC_ASSERT(totals.sum == sum);
    for (std::size_t which = 0; which < upper.size(); ++which) {
        const auto expected =
            std::ranges::count_if(drawn, [&](const auto& one) { return one.first <= upper.value(which); });
        RC_ASSERT(totals.upper_counts[which] == static_cast<std::uint64_t>(expected));
    }
}

RC_GTEST_PROP(Distribution, QuantilesOfTheWindowAreWithinOnePercent, ())
{
    const auto drawn = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<std::uint64_t, int>>>(
        rc::gen::pair(any_value(), rc::gen::inRange(0, 3))));
    constexpr std::size_t slices = 4;
    const bounds none({});
    distribution seen(none, slices);
    std::uint64_t epoch = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> recorded; // with its epoch
    for (const auto& [value, later] : drawn) {
        epoch += static_cast<std::uint64_t>(later);
        seen.record(value, epoch);
        recorded.emplace_back(value, epoch);
    }
    std::vector<std::uint64_t> in_window;
    for (const auto& [value, when] : recorded)
        if (when + slices > epoch)
            in_window.push_back(value);
    std::ranges::sort(in_window);

    const std::vector wanted{0.0, 0.5, 0.9, 0.99, 1.0};
    const auto found = seen.quantiles(wanted, epoch);
    for (std::size_t which = 0; which < wanted.size(); ++which) {
        const auto rank = std::max(1.0, std::ceil(wanted[which] * static_cast<double>(in_window.size())));
        const auto exact = static_cast<double>(in_window[static_cast<std::size_t>(rank) - 1]);
        RC_ASSERT(std::abs(found[which] - exact) <= 0.01 * exact);
    }
}

TEST(Distribution, MayBeLookedAtWhileItRecords)
{
    const bounds upper({100, 1'000, 100'000});
    distribution seen(upper, 3);
    constexpr std::uint64_t most = 200'000;
    std::atomic<bool> is_done = false;
    std::thread writer([&] {
        std::mt19937_64 random(1); // NOLINT(cert-msc51-cpp): the same values every time
        for (std::uint64_t number = 0; number < most; ++number)
            seen.record(random() % 200'000, number / 1'000);
        is_done = true;
    });
    std::uint64_t before = 0;
    while (!is_done) {
        const auto totals = seen.look();
        EXPECT_GE(totals.count, before);
        EXPECT_TRUE(std::ranges::is_sorted(totals.upper_counts));
        before = totals.count;
    }
    writer.join();
    EXPECT_EQ(seen.look().count, most);
}

TEST(SlidingWindow, GoesOnWhenItsSliceIsOver)
{
    sliding_window window(1'000, 100);
    EXPECT_EQ(window.epoch(1'000), 0U);
    EXPECT_EQ(window.epoch(1'099), 0U);
    EXPECT_EQ(window.epoch(1'100), 1U);
    EXPECT_EQ(window.epoch_at(1'250), 2U);
    EXPECT_EQ(window.epoch(1'199), 1U); // asking changed nothing
    EXPECT_EQ(window.epoch(2'050), 10U);
    EXPECT_EQ(window.epoch(2'099), 10U);
    EXPECT_EQ(window.epoch(2'100), 11U);
}

TEST(SlidingWindow, DoesNotGoBack)
{
    sliding_window window(1'000, 100);
    EXPECT_EQ(window.epoch(1'500), 5U);
    EXPECT_EQ(window.epoch(900), 5U);
}

} // namespace
} // namespace http_metrics
