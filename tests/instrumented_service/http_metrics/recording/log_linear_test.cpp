#include "instrumented_service/http_metrics/recording/log_linear.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace http_metrics::log_linear {
namespace {

TEST(LogLinear, CellsFollowEachOtherWithoutGapOrOverlap)
{
    EXPECT_EQ(first_of(0), 0U);
    for (std::size_t cell = 0; cell + 1 < cells; ++cell)
        ASSERT_EQ(last_of(cell) + 1, first_of(cell + 1)) << cell;
    EXPECT_EQ(last_of(cells - 1), most);
}

TEST(LogLinear, FindsTheCellOfBothItsEnds)
{
    for (std::size_t cell = 0; cell < cells; ++cell) {
        ASSERT_EQ(cell_of(first_of(cell)), cell);
        ASSERT_EQ(cell_of(last_of(cell)), cell);
    }
}

TEST(LogLinear, MiddleIsWithinOnePercentOfEveryValue)
{
    for (std::size_t cell = 1; cell < cells; ++cell) {
        const auto least = static_cast<double>(first_of(cell));
        const auto greatest = static_cast<double>(last_of(cell));
        ASSERT_LE((middle_of(cell) - least) / least, 0.008) << cell;
        ASSERT_LE((greatest - middle_of(cell)) / greatest, 0.008) << cell;
    }
}

TEST(LogLinear, SmallValuesAreExact)
{
    for (std::uint64_t value = 0; value < 128; ++value)
        ASSERT_EQ(middle_of(cell_of(value)), static_cast<double>(value));
}

} // namespace
} // namespace http_metrics::log_linear
