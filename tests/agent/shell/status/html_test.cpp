#include "agent/shell/status/html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace agent::shell {
namespace {

using namespace std::string_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto replaced = "\uFFFD";

TEST(Html, EscapesWhatMarkupIsMadeOf)
{
    EXPECT_EQ(html_escaped(R"(<script>alert("1" & '2')</script>)"),
              "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
    EXPECT_EQ(html_escaped("&amp;"), "&amp;amp;") << "what looks escaped already is text, too";
    EXPECT_EQ(html_escaped(""), "");
}

TEST(Html, LeavesTextAsItIs)
{
    for (const auto* text : {"accountservice", "a\tb\nc", "Größe", "日本語", "🙂", "\u00A0", "a`b=c/d"})
        EXPECT_EQ(html_escaped(text), text);
}

TEST(Html, ReplacesWhatIsNoText)
{
    EXPECT_EQ(html_escaped("a\0b"s), "a\uFFFDb");
    EXPECT_EQ(html_escaped("\x1b[2J\x7f\r"), "\uFFFD[2J\uFFFD\uFFFD");
    EXPECT_EQ(html_escaped("\u0085\u009F"), "\uFFFD\uFFFD");
    for (const auto* bytes : {"\xFF", "\xC3", "\x80", "\xC0"})
        EXPECT_EQ(html_escaped(bytes), replaced);
    EXPECT_EQ(html_escaped("\xC0\xBCscript>"), "\uFFFD\uFFFDscript&gt;") << "an overlong <";
    EXPECT_EQ(html_escaped("\xE2\x80<"), "\uFFFD\uFFFD&lt;") << "a character that is cut does not hide the next";
}

TEST(Html, LetsNoNameTurnTheLine)
{
    for (const auto* turn : {"\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2069",
                             "\u200E", "\u200F", "\u061C"})
        EXPECT_EQ(html_escaped(turn), replaced);
    for (const auto* neighbour : {"\u2029", "\u202F", "\u2065", "\u206A", "\u2010", "\u061B"})
        EXPECT_EQ(html_escaped(neighbour), neighbour);
}

TEST(Html, EscapesEveryByteThatCouldLeaveItsPlace)
{
    for (int byte = 0; byte < 256; ++byte) {
        const auto escaped = html_escaped(std::string(1, static_cast<char>(byte)));
        EXPECT_THAT(escaped, Not(ContainsRegex("[<>\"']"))) << byte;
        EXPECT_FALSE(escaped.empty()) << byte;
    }
}

TEST(Html, IsWrittenOfLiteralsAndEscapedText)
{
    html out;
    out.markup("<p title=\"").text("\"><b>").markup("\">").name("<i>").number(42).markup("</p>");
    EXPECT_EQ(out.take(), "<p title=\"&quot;&gt;&lt;b&gt;\"><bdi>&lt;i&gt;</bdi>42</p>");
}

} // namespace
} // namespace agent::shell
