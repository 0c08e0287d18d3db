#include "sd_writer/content_digest.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

namespace {

using sd_writer::content_digest;

content_digest digest_of(std::string_view text)
{
    content_digest digest;
    digest.add(text);
    return digest;
}

TEST(ContentDigest, IsFnv1aFoldedTo48Bits)
{
    // 0xcbf29ce484222325, 0xaf63dc4c8601ec8c and 0x85944171f73967e8 in the list of its authors.
    EXPECT_EQ(digest_of("").hash(), 0x9ce484222325U ^ 0xcbf2U);
    EXPECT_EQ(digest_of("a").hash(), 0xdc4c8601ec8cU ^ 0xaf63U);
    EXPECT_EQ(digest_of("foobar").hash(), 0x4171f73967e8U ^ 0x8594U);
}

TEST(ContentDigest, FitsADoubleExactly)
{
    for (const auto* text : {"", "a", "foobar", "[\n]\n"}) {
        const auto hash = digest_of(text).hash();
        EXPECT_EQ(static_cast<std::uint64_t>(static_cast<double>(hash)), hash);
        EXPECT_LT(hash, std::uint64_t{1} << 48U);
    }
}

TEST(ContentDigest, DoesNotDependOnThePieces)
{
    constexpr std::string_view text = "[\n{\"targets\":[\"10.0.1.2:80\"],\"labels\":{}}\n]\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        auto digest = digest_of(text.substr(0, cut));
        digest.add(text.substr(cut));
        EXPECT_EQ(digest.hash(), digest_of(text).hash());
        EXPECT_EQ(digest.bytes(), text.size());
    }
}

} // namespace
