#include "proto_http/gzip.hpp"

#include "tests/support/gunzip.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace proto_http {
namespace {

/// Packs less well the longer it is.
std::string some_text(std::size_t bytes)
{
    std::string text;
    for (unsigned number = 1; text.size() < bytes; number = number * 1664525U + 1013904223U)
        text += std::to_string(number);
    return text;
}

TEST(Gzip, IsTakenByWhoNamesItAndDoesNotRefuseIt)
{
    for (const auto* taken : {"gzip", "deflate, gzip", "GZIP;q=0.5", "*", "br;q=1.0, gzip;q=0.8", "x-gzip",
                              "*;q=0, gzip", "identity;q=1, gzip ; q=0.001"})
        EXPECT_TRUE(accepts_gzip(taken)) << taken;
    for (const auto* refused : {"", "identity", "deflate", "gzip;q=0", "gzip; q=0.000", "gzipped", "*;q=0",
                                "gzip;q=0, *", "identity;gzip", "br, *;Q=0"})
        EXPECT_FALSE(accepts_gzip(refused)) << refused;
}

TEST(Gzip, PacksWhatWasThere)
{
    for (const auto& text : {std::string(), std::string("[]\n"), std::string(4000, 'a'), some_text(300'000)})
        EXPECT_EQ(support::gunzip(gzip(text)), text);
}

TEST(Gzip, PacksPiecesAsOneText)
{
    const auto text = some_text(200'000);
    for (const std::size_t piece_bytes : {7U, 1'000U, 65'536U, 1'000'000U}) {
        gzip_stream stream;
        std::string packed;
        for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(piece_bytes, rest.size())))
            stream.add(rest.substr(0, piece_bytes), packed);
        stream.finish(packed);
        EXPECT_EQ(support::gunzip(packed), text) << piece_bytes;
        EXPECT_LT(packed.size(), text.size());
    }
}

TEST(Gzip, CanMoveInTheMiddleOfAText)
{
    gzip_stream first;
    std::string packed;
    first.add("half of it, ", packed);
    auto second = std::move(first);
    second.add("and the other half", packed);
    second.finish(packed);
    EXPECT_EQ(support::gunzip(packed), "half of it, and the other half");
}

} // namespace
} // namespace proto_http
