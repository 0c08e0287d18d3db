#include "proto_http/line_framer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace proto_http {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct framing {
    line_framer framer;
    std::vector<std::string> records;

    void push(std::string_view bytes)
    {
        framer.push(bytes, [this](std::string_view record) { records.emplace_back(record); });
    }
};

std::vector<std::string> records_of(std::string_view bytes, std::size_t piece_bytes, std::size_t most_bytes = 1024)
{
    framing all{line_framer(most_bytes), {}};
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes)
        all.push(bytes.substr(at, piece_bytes));
    return all.records;
}

TEST(LineFramer, CutsAtLineEnds)
{
    EXPECT_THAT(records_of("{\"a\":1}\n{\"b\":2}\n", 100), ElementsAre("{\"a\":1}", "{\"b\":2}"));
}

TEST(LineFramer, HoldsBackWhatHasNoEndYet)
{
    framing all;
    all.push("{\"a\"");
    EXPECT_THAT(all.records, IsEmpty());
    all.push(":1}\n{");
    EXPECT_THAT(all.records, ElementsAre("{\"a\":1}"));
}

TEST(LineFramer, F29_GivesTheSameRecordsHoweverTheBytesArrive)
{
    constexpr auto bytes = "first\r\n\n\x1e second\n\x1e{\"third\":[]}\n \t\r\nfourth\x1e\x1e"
                           "fifth\n"sv;
    const auto whole = records_of(bytes, bytes.size());
    EXPECT_THAT(whole, ElementsAre("first", " second", "{\"third\":[]}", "fourth", "fifth"));
    for (std::size_t piece = 1; piece < bytes.size(); ++piece)
        EXPECT_EQ(records_of(bytes, piece), whole) << piece;
}

TEST(LineFramer, DropsCarriageReturnsOnlyBeforeTheEnd)
{
    EXPECT_THAT(records_of("a\rb\r\n", 1), ElementsAre("a\rb"));
}

TEST(LineFramer, F31_DropsOverlongRecordsWholeAndGoesOn)
{
    constexpr auto bytes = "12345678\n123456789\nshort\n"sv;
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        framing all{line_framer(8), {}};
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            all.push(bytes.substr(at, piece));
        EXPECT_THAT(all.records, ElementsAre("12345678", "short")) << piece;
        EXPECT_EQ(all.framer.dropped(), 1U) << piece;
    }
}

TEST(LineFramer, CountsEachOverlongRecordOnce)
{
    framing all{line_framer(4), {}};
    for (int piece = 0; piece < 10; ++piece)
        all.push("123");
    EXPECT_EQ(all.framer.dropped(), 1U);
    all.push("\n12345\nok\n");
    EXPECT_EQ(all.framer.dropped(), 2U);
    EXPECT_THAT(all.records, ElementsAre("ok"));
}

} // namespace
} // namespace proto_http
