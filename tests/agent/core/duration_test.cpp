#include "agent/core/duration.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEachUnit)
{
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("15s"), 15s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("1d"), 24h);
    EXPECT_EQ(parse_duration("1w"), 7 * 24h);
    EXPECT_EQ(parse_duration("1y"), 365 * 24h);
}

TEST(Duration, AddsUnitsInTheirOrder)
{
    EXPECT_EQ(parse_duration("1m30s"), 90s);
    EXPECT_EQ(parse_duration("1y2w3d4h5m6s7ms"), 365 * 24h + 14 * 24h + 3 * 24h + 4h + 5min + 6s + 7ms);
    EXPECT_EQ(parse_duration("1h1ms"), 1h + 1ms);
}

TEST(Duration, NeedsNoUnitForZeroAlone)
{
    EXPECT_EQ(parse_duration("0"), 0ms);
    EXPECT_EQ(parse_duration("0s"), 0ms);
    EXPECT_EQ(parse_duration("00"), std::nullopt);
    EXPECT_EQ(parse_duration("5"), std::nullopt);
}

TEST(Duration, TakesLeadingZerosAndCountsBeyondTheNextUnit)
{
    EXPECT_EQ(parse_duration("007s"), 7s);
    EXPECT_EQ(parse_duration("90m"), 90min);
}

TEST(Duration, RefusesUnitsOutOfOrderOrTwice)
{
    for (const auto* text : {"1s1m", "1ms1s", "1s1s", "1m1m", "1h1d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, RefusesWhatIsNoDuration)
{
    for (const auto* text : {"",   " ",    "s",   "ms",  "1",          "1.5s", "-1s", "+1s", " 1s",  "1s ", "1 s",
                             "1S", "1sec", "1mm", "1us", "1\xC2\xB5s", "0x1s", "1s,", "one", "1m30", "s1",  "\xFF"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, RefusesWhatDoesNotFitInNanoseconds)
{
    EXPECT_EQ(parse_duration("292y"), 292 * 365 * 24h);
    EXPECT_EQ(parse_duration("293y"), std::nullopt);
    EXPECT_EQ(parse_duration("292y365d"), std::nullopt);
    EXPECT_EQ(parse_duration("9223372036854775807ms"), std::nullopt);
    EXPECT_EQ(parse_duration("99999999999999999999999s"), std::nullopt);
}

} // namespace
} // namespace agent::core
