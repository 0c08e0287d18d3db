#include "agent/docker/json_repair.hpp"

#include <gtest/gtest.h>

namespace agent::docker {
namespace {

const std::string lost = "\xEF\xBF\xBD";

TEST(JsonRepair, LeavesGoodTextAsItIs)
{
    for (const std::string text :
         {"", "{}", R"({"a":[1,2.5e3,true,null,"x\n\"\\\/"]})", "\"gr\xC3\xB6\xC3\x9F\"",
          "\"\xE5\x90\x8D \xF0\x9F\x90\xB3 \xF4\x8F\xBF\xBF\"", R"("\u00e4 \ud83d\udc33")", R"("\\ud800")", "\x7f"})
        EXPECT_EQ(with_repaired_strings(text), text);
}

TEST(JsonRepair, ReplacesEachByteThatIsNoUtf8)
{
    EXPECT_EQ(with_repaired_strings("\"\xFF\""), "\"" + lost + "\"");
    EXPECT_EQ(with_repaired_strings("\x80\x80"), lost + lost);
    EXPECT_EQ(with_repaired_strings("a\xC3"), "a" + lost);
    EXPECT_EQ(with_repaired_strings("\xC3(x"), lost + "(x");
    EXPECT_EQ(with_repaired_strings("\xE5\x90"), lost + lost);
    EXPECT_EQ(with_repaired_strings("\xF0\x9F\x90"), lost + lost + lost);
}

TEST(JsonRepair, TakesNoOverlongSurrogateOrTooLargeForm)
{
    EXPECT_EQ(with_repaired_strings("\xC0\xAF"), lost + lost);
    EXPECT_EQ(with_repaired_strings("\xE0\x80\xAF"), lost + lost + lost);
    EXPECT_EQ(with_repaired_strings("\xED\xA0\x80"), lost + lost + lost);
    EXPECT_EQ(with_repaired_strings("\xF0\x80\x80\xAF"), lost + lost + lost + lost);
    EXPECT_EQ(with_repaired_strings("\xF4\x90\x80\x80"), lost + lost + lost + lost);
    EXPECT_EQ(with_repaired_strings("\xF5\x80\x80\x80"), lost + lost + lost + lost);
}

TEST(JsonRepair, ReplacesHalfSurrogatePairs)
{
    EXPECT_EQ(with_repaired_strings(R"("\ud800")"), "\"" + lost + "\"");
    EXPECT_EQ(with_repaired_strings(R"("\uDFFFx")"), "\"" + lost + "x\"");
    EXPECT_EQ(with_repaired_strings(R"("\ud800\ud800")"), "\"" + lost + lost + "\"");
    EXPECT_EQ(with_repaired_strings(R"("\udc00\ud800")"), "\"" + lost + lost + "\"");
    EXPECT_EQ(with_repaired_strings(R"("\ud800\u0041")"), "\"" + lost + R"(\u0041")");
    EXPECT_EQ(with_repaired_strings(R"("\ud800\n")"), "\"" + lost + R"(\n")");
    EXPECT_EQ(with_repaired_strings(R"("\ud800\ud83d\udc33")"), "\"" + lost + R"(\ud83d\udc33")");
}

TEST(JsonRepair, LeavesBrokenEscapesToTheParser)
{
    for (const std::string text : {R"("\x")", R"("\u12")", R"("\ud8zz")", "\\", "\"\\", R"("\u)"})
        EXPECT_EQ(with_repaired_strings(text), text);
}

TEST(JsonRepair, DoesNotCutCharactersBehindABackslash)
{
    EXPECT_EQ(with_repaired_strings("\"\\\xC3\xA9\""), "\"\\\xC3\xA9\"");
    EXPECT_EQ(with_repaired_strings("\"\\\xFF\""), "\"\\" + lost + "\"");
}

TEST(JsonRepair, IsDoneAfterOneTime)
{
    const std::string text = "\"\xFF\\ud800\xED\xA0\x80\\udc00\"";
    const auto once = with_repaired_strings(text);
    EXPECT_EQ(with_repaired_strings(once), once);
}

TEST(JsonRepair, MakesNumbersThatNobodyHasRoomForUnreadablePorts)
{
    EXPECT_EQ(with_bounded_numbers(R"([99999999999999999999,-9223372036854775809,1e400,-1.5E+999])"), "[-1,-1,-1,-1]");
}

TEST(JsonRepair, LeavesEveryOtherNumber)
{
    for (const std::string text :
         {"[0,-0,1,70000,18446744073709551615,-9223372036854775808,1.5,1e3,2E-2,-0.5e+1,1e-400]",
          R"({"99999999999999999999":"1e400","a\"1e400":"\\"})", "", "\"", "\"1e400", "\"\\"})
        EXPECT_EQ(with_bounded_numbers(text), text);
}

TEST(JsonRepair, MakesNoNumberOfWhatIsNone)
{
    for (const std::string text : {"[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[0x50]", "[--1]", "[1e999e5]",
                                   "[1e999.5]", "[-1e999-1]", "[099999999999999999999]"})
        EXPECT_EQ(with_bounded_numbers(text), text);
}

} // namespace
} // namespace agent::docker
