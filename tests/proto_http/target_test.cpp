#include "proto_http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace proto_http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string every_byte()
{
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    return bytes;
}

TEST(PercentEncode, LeavesUnreservedCharactersAlone)
{
    EXPECT_EQ(percent_encode("azAZ09-._~"), "azAZ09-._~");
    EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentEncode, EncodesAllElse)
{
    EXPECT_EQ(percent_encode(R"({"type":["service"]})"), "%7B%22type%22%3A%5B%22service%22%5D%7D");
    EXPECT_EQ(percent_encode("a/b c+d%"), "a%2Fb%20c%2Bd%25");
    EXPECT_EQ(percent_encode("\xC3\xA9\n"), "%C3%A9%0A");
}

TEST(PercentEncode, IsUndoneByDecoding)
{
    EXPECT_EQ(percent_decode(percent_encode(every_byte())), every_byte());
}

TEST(PercentDecode, TakesBothCasesAndKeepsPlus)
{
    EXPECT_EQ(percent_decode("%2f%2F+"), "//+");
}

TEST(PercentDecode, RefusesBrokenEscapes)
{
    for (const auto* text : {"%", "%4", "a%", "%zz", "%4g", "%g4", "%%41", "%-1", "% 1"})
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(SplitTarget, TakesPathAndQueryApart)
{
    const auto parts = split("/api/v1/explain?service=a%20b+c&empty=&flag&a=1&a=2=3");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->path, "/api/v1/explain");
    EXPECT_THAT(parts->query, ElementsAre(Pair("service", "a b c"), Pair("empty", ""), Pair("flag", ""), Pair("a", "1"),
                                          Pair("a", "2=3")));
}

TEST(SplitTarget, KeepsPlusInThePath)
{
    EXPECT_EQ(split("/a+b%2Fc")->path, "/a+b/c");
}

TEST(SplitTarget, PassesOverEmptyPairs)
{
    EXPECT_THAT(split("/?")->query, IsEmpty());
    EXPECT_THAT(split("/?&&a=1&")->query, ElementsAre(Pair("a", "1")));
    EXPECT_THAT(split("/?=v")->query, ElementsAre(Pair("", "v")));
    EXPECT_THAT(split("/?a=b?c")->query, ElementsAre(Pair("a", "b?c")));
}

TEST(SplitTarget, RefusesWhatIsNoOriginForm)
{
    for (const auto* target : {"", "*", "a", "http://host/", "?a=1", "/a#b", "/%", "/a?b=%4", "/a?%g1=b"})
        EXPECT_FALSE(split(target)) << target;
}

} // namespace
} // namespace proto_http
