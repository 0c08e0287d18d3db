#include "proto_http/preferences.hpp"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names(std::string_view header)
{
    std::vector<std::string> found;
    for (const auto& each : preferences(header))
        found.emplace_back(each.what);
    return found;
}

TEST(Preferences, AreSortedByWeightAndThenAsTheClientHasThem)
{
    EXPECT_THAT(names("a;q=0.5, b, c;q=0.8,d ,e;q=0"), ElementsAre("b", "d", "c", "a", "e"));
    EXPECT_THAT(names("text/plain;version=0.0.4;q=0.5,*/*;q=0.1,x/y"), ElementsAre("x/y", "text/plain", "*/*"));
}

TEST(Preferences, AreNoneInAnEmptyHeader)
{
    for (const auto* header : {"", " ", ",", " , ,", ";q=1", ",;,"})
        EXPECT_THAT(preferences(header), IsEmpty()) << header;
}

TEST(Preferences, HaveParametersOnBothSidesOfTheWeight)
{
    const auto found = preferences(R"(a/b; Version = 1.0.0 ;q=0.25; x="one, two; three";flag)");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].what, "a/b");
    EXPECT_EQ(found[0].weight, 0.25);
    EXPECT_EQ(found[0].parameter("version"), "1.0.0");
    EXPECT_EQ(found[0].parameter("X"), "one, two; three");
    EXPECT_EQ(found[0].parameter("flag"), "");
    EXPECT_EQ(found[0].parameter("q"), "") << "the weight is none";
    EXPECT_EQ(found[0].parameters.size(), 3U);
}

TEST(Preferences, WeighOneWhereTheWeightCannotBeRead)
{
    for (const auto* weight : {"", "x", "-1", "2", "nan", "inf", "0.5x", "1e-3", " ", "\"0\""})
        EXPECT_EQ(preferences("a;q=" + std::string(weight)).at(0).weight, 1) << weight;
    EXPECT_EQ(preferences("a;q=0.001").at(0).weight, 0.001);
    EXPECT_EQ(preferences("a;Q = 0").at(0).weight, 0);
}

TEST(Preferences, EndWithTheHeaderWhateverIsOpen)
{
    EXPECT_THAT(names("a;x=\"open, b"), ElementsAre("a"));
    EXPECT_THAT(names("a;x=\"open\\"), ElementsAre("a"));
    EXPECT_EQ(preferences("a;x=\"esc\\\"aped, b\", c").at(0).parameter("x"), R"(esc\"aped, b)");
    EXPECT_EQ(preferences("a;x=\"").at(0).parameter("x"), "\"");
}

} // namespace
} // namespace proto_http
