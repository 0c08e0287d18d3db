#include "instrumented_service/http_metrics/recording/buckets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace http_metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double infinity = std::numeric_limits<double>::infinity();

histogram_value histogram_of(const buckets& wanted, const std::vector<std::uint64_t>& values)
{
    distribution seen(wanted.upper(), 1);
    for (const auto value : values)
        seen.record(value, 0);
    return wanted.histogram_of(seen.look());
}

TEST(Buckets, CountWhatIsAtOrBelowEachBound)
{
    const auto made = histogram_of(buckets({10, 1000}, 1), {0, 10, 11, 1000, 1001, 5000});
    ASSERT_EQ(made.buckets.size(), 3U);
    EXPECT_EQ(made.buckets[0].upper_bound, 10);
    EXPECT_EQ(made.buckets[0].cumulative_count, 2U);
    EXPECT_EQ(made.buckets[1].cumulative_count, 4U);
    EXPECT_EQ(made.buckets[2].upper_bound, infinity);
    EXPECT_EQ(made.buckets[2].cumulative_count, 6U);
    EXPECT_EQ(made.count, 6U);
    EXPECT_EQ(made.sum, 7022);
}

TEST(Buckets, OfFiveMillisecondsIncludesFiveMilliseconds)
{
    const buckets seconds({0.005, 0.01}, 16e-9);
    const auto made = histogram_of(seconds, {312'500, 312'501});
    EXPECT_EQ(made.buckets[0].cumulative_count, 1U);
    EXPECT_EQ(made.buckets[1].cumulative_count, 2U);
    EXPECT_NEAR(made.sum, 0.010'000'016, 1e-12);
}

TEST(Buckets, NativeOnesAreThoseOfTheSchema)
{
    // (2^((i-1)/8), 2^(i/8)]: 1 is the end of bucket 0, 2 of bucket 8, 3 is in bucket 13.
    const auto made = histogram_of(buckets({}, 1), {0, 0, 1, 2, 3});
    ASSERT_TRUE(made.native);
    EXPECT_EQ(made.native->schema, 3);
    EXPECT_EQ(made.native->zero_count, 2U);
    const std::vector<std::pair<std::int32_t, std::uint64_t>> expected{{0, 1}, {8, 1}, {13, 1}};
    EXPECT_EQ(made.native->positive, expected);
}

RC_GTEST_PROP(Buckets, EveryObservationIsInTheNativeBucketOfItsValueWithinOnePercent, ())
{
    const auto bits = *rc::gen::inRange(1, 37);
    const auto value = *rc::gen::inRange<std::uint64_t>(1, 1ULL << bits);
    const auto unit = *rc::gen::element(1.0, 16e-9);
    const auto made = histogram_of(buckets({}, unit), {std::min(value, log_linear::most)});
    RC_ASSERT(made.native->positive.size() == 1U);
    const auto seen = static_cast<double>(std::min(value, log_linear::most)) * unit;
    const auto index = made.native->positive.front().first;
    RC_ASSERT(seen <= std::exp2(index / 8.0) * 1.008);
    RC_ASSERT(seen > std::exp2((index - 1) / 8.0) * 0.992);
}

TEST(Buckets, KnowWhichOneAValueBelongsTo)
{
    const buckets sizes({10, 1000}, 1);
    EXPECT_EQ(sizes.classic_of(10), 0U);
    EXPECT_EQ(sizes.classic_of(11), 1U);
    EXPECT_EQ(sizes.classic_of(1001), 2U);
    EXPECT_EQ(sizes.classic_count(), 3U);
}

TEST(Buckets, RefuseBoundsThatCannotBe)
{
    EXPECT_THAT(([] { buckets({1, 1}, 1); }), ThrowsMessage<std::invalid_argument>(HasSubstr("not above")));
    EXPECT_THAT(([] { buckets({-1}, 1); }), ThrowsMessage<std::invalid_argument>(HasSubstr("-1")));
    EXPECT_THAT(([] { buckets({std::nan("")}, 1); }), ThrowsMessage<std::invalid_argument>(HasSubstr("nan")));
    EXPECT_THAT(([] { buckets({2000}, 16e-9); }), ThrowsMessage<std::invalid_argument>(HasSubstr("beyond")));
}

} // namespace
} // namespace http_metrics
