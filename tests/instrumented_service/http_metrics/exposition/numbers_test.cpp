#include "instrumented_service/http_metrics/exposition/numbers.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace http_metrics {
namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Append, class Number>
std::string text_of(Append append, Number number)
{
    std::string text = "before ";
    append(text, number);
    return text.substr(7);
}

std::string value_text(double value)
{
    return text_of(append_value, value);
}

std::string bound_text(double value)
{
    return text_of(append_bound, value);
}

std::string canonical_text(double value)
{
    return text_of(append_canonical_bound, value);
}

double parsed(const std::string& text)
{
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    EXPECT_TRUE(read.ec == std::errc() && read.ptr == end) << text;
    return value;
}

TEST(Values, ThatAreWholeHaveNoPoint)
{
    EXPECT_EQ(value_text(0), "0");
    EXPECT_EQ(value_text(-0.0), "0");
    EXPECT_EQ(value_text(5), "5");
    EXPECT_EQ(value_text(-17), "-17");
    EXPECT_EQ(value_text(1e6), "1000000");
    EXPECT_EQ(value_text(999'999'999'999'999), "999999999999999");
    EXPECT_EQ(value_text(1e15), "1e+15");
}

TEST(Values, AreAsShortAsTheyCanBe)
{
    EXPECT_EQ(value_text(0.1), "0.1");
    EXPECT_EQ(value_text(-2.5), "-2.5");
    EXPECT_EQ(value_text(1.0 / 3), "0.3333333333333333");
    EXPECT_EQ(value_text(1e-9), "1e-09");
    EXPECT_EQ(value_text(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
    EXPECT_EQ(value_text(std::numeric_limits<double>::denorm_min()), "5e-324");
}

TEST(Values, ThatAreNoNumbersAreSpeltAsPrometheusReadsThem)
{
    for (const auto text : {value_text, bound_text, canonical_text}) {
        EXPECT_EQ(text(not_a_number), "NaN");
        EXPECT_EQ(text(-not_a_number), "NaN");
        EXPECT_EQ(text(infinity), "+Inf");
        EXPECT_EQ(text(-infinity), "-Inf");
    }
}

TEST(Counts, AreWhole)
{
    EXPECT_EQ(text_of(append_count, std::uint64_t{0}), "0");
    EXPECT_EQ(text_of(append_count, std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(Times, HaveNoExponent)
{
    EXPECT_EQ(text_of(append_time, 1520879607.789), "1520879607.789");
    EXPECT_EQ(text_of(append_time, 1700000000.0), "1700000000");
    EXPECT_EQ(text_of(append_time, 1e-7), "0.0000001");
}

/// What Go 1.19 prints for the numbers: fmt.Println(strconv.FormatFloat(x, 'g', -1, 64)).
TEST(Bounds, AreAsGoHasThem)
{
    EXPECT_EQ(bound_text(0), "0");
    EXPECT_EQ(bound_text(1), "1");
    EXPECT_EQ(bound_text(0.5), "0.5");
    EXPECT_EQ(bound_text(0.0001), "0.0001");
    EXPECT_EQ(bound_text(0.00001), "1e-05");
    EXPECT_EQ(bound_text(0.000025), "2.5e-05");
    EXPECT_EQ(bound_text(100000), "100000");
    EXPECT_EQ(bound_text(999999.5), "999999.5");
    EXPECT_EQ(bound_text(1000000), "1e+06");
    EXPECT_EQ(bound_text(1234567), "1.234567e+06");
    EXPECT_EQ(bound_text(-1234567), "-1.234567e+06");
    EXPECT_EQ(bound_text(1e21), "1e+21");
    EXPECT_EQ(bound_text(1e100), "1e+100");
}

/// OpenMetrics 1.0 §4.6.1: the numbers that each implementation must write alike.
TEST(Bounds, AreCanonicalWhereOpenMetricsSaysSo)
{
    const std::vector<std::string> powers{"1e-10",   "1e-09",    "1e-08", "1e-07", "1e-06", "1e-05", "0.0001",
                                          "0.001",   "0.01",     "0.1",   "1.0",   "10.0",  "100.0", "1000.0",
                                          "10000.0", "100000.0", "1e+06", "1e+07", "1e+08", "1e+09", "1e+10"};
    for (const auto& power : powers)
        EXPECT_EQ(canonical_text(parsed(power)), power);
    EXPECT_EQ(canonical_text(0), "0.0");
    EXPECT_EQ(canonical_text(-1), "-1.0");
}

RC_GTEST_PROP(Numbers, ReadBackAsTheSame, (std::uint64_t bits))
{
    const auto value = std::bit_cast<double>(bits);
    RC_PRE(std::isfinite(value));
    for (const auto text : {value_text, bound_text, canonical_text})
        RC_ASSERT(parsed(text(value)) == value);
    const auto rounded = std::trunc(value);
    RC_ASSERT(parsed(value_text(rounded)) == rounded);
}

} // namespace
} // namespace http_metrics
