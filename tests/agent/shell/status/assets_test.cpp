#include "agent/shell/status/assets.hpp"

#include "proto_http/fields.hpp"
#include "tests/agent/shell/status/test_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace agent::shell {

namespace {

using ::testing::HasSubstr;

proto_http::reply get(const std::string& name, const std::string& if_none_match = "")
{
    proto_http::request asked;
    asked.params = {{"name", name}};
    asked.fields = {{"If-None-Match", if_none_match}};
    return asset_page(asked);
}

TEST(EmbeddedFiles, HaveTheirBytesWhateverTheyAre)
{
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte)
        every_byte += static_cast<char>(byte);
    every_byte += "\n]]>\")\";${x}";
    const auto files = test_files();
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].name, "every_byte.bin");
    EXPECT_EQ(files[0].bytes, every_byte);
    EXPECT_EQ(files[1].name, "empty.bin");
    EXPECT_EQ(files[1].bytes, "");
}

TEST(AssetPage, ServesAFileWithItsType)
{
    const auto script = get("page.js");
    EXPECT_EQ(script.status, 200U);
    EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
    EXPECT_THAT(script.body, HasSubstr("EventSource"));
    EXPECT_EQ(get("page.css").content_type, "text/css; charset=utf-8");
    for (const auto* icon : {"right.svg", "look.svg", "starting.svg", "broken.svg"})
        EXPECT_EQ(get(icon).content_type, "image/svg+xml");
}

TEST(AssetPage, IsNotSentAgainToWhoHasIt)
{
    const std::string tag(proto_http::find_field(get("page.css").fields, "ETag"));
    EXPECT_EQ(get("page.css", tag).status, 304U);
    EXPECT_EQ(get("page.css", tag).body, "");
    EXPECT_EQ(get("page.js", tag).status, 200U);
}

TEST(AssetPage, KnowsNoOtherFile)
{
    for (const auto* name : {"", "page", "../page.css", "page.css "})
        EXPECT_EQ(get(name).status, 404U) << name;
}

} // namespace
} // namespace agent::shell
