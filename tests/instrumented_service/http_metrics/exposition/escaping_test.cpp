#include "instrumented_service/http_metrics/exposition/escaping.hpp"

#include "tests/fuzz/utf8.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace http_metrics {
namespace {

template <class Append>
std::string text_of(Append append, std::string_view text)
{
    std::string written = "before ";
    append(written, text);
    return written.substr(7);
}

const std::string unknown = "\xEF\xBF\xBD";

TEST(Escaping, IsForBackslashesQuotesAndLineFeeds)
{
    const std::string odd = "a\\b\"c\nd\te\rf\x01";
    EXPECT_EQ(text_of(append_quotable, odd), "a\\\\b\\\"c\\nd\te\rf\x01");
    EXPECT_EQ(text_of(append_line, odd), "a\\\\b\"c\\nd\te\rf\x01");
    EXPECT_EQ(text_of(append_utf8, odd), odd);
}

TEST(Escaping, LeavesUtf8Alone)
{
    const std::string text = "\xC3\xB6 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF";
    EXPECT_TRUE(is_utf8(text));
    EXPECT_EQ(text_of(append_quotable, text), text);
}

TEST(Escaping, ReplacesWhatIsNoUtf8)
{
    for (const auto* bad : {"\xFF", "\x80", "\xC0", "\xC2", "\xF8"}) {
        EXPECT_FALSE(is_utf8(bad));
        EXPECT_EQ(text_of(append_quotable, std::string(bad) + "\""), unknown + "\\\"");
    }
    EXPECT_EQ(text_of(append_utf8, "\xE2\x82"), unknown + unknown) << "cut off";
    EXPECT_EQ(text_of(append_utf8, "\xC0\xAF"), unknown + unknown) << "overlong";
    EXPECT_EQ(text_of(append_utf8, "\xED\xA0\x80"), unknown + unknown + unknown) << "a surrogate";
    EXPECT_EQ(text_of(append_utf8, "\xF4\x90\x80\x80"), unknown + unknown + unknown + unknown) << "beyond the last one";
}

std::string unescaped(const std::string& text)
{
    std::string found;
    for (std::size_t at = 0; at < text.size(); ++at) {
        RC_ASSERT(text[at] != '\n' && text[at] != '"');
        if (text[at] == '\\') {
            ++at;
            RC_ASSERT(at < text.size());
            found += text[at] == 'n' ? '\n' : text[at];
        } else {
            found += text[at];
        }
    }
    return found;
}

/// By the other implementation of UTF-8.
std::string repaired(std::string_view text)
{
    std::string found;
    while (!text.empty()) {
        const auto bytes = fuzz::character_bytes(text);
        found += bytes == 0 ? std::string_view(unknown) : text.substr(0, bytes);
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    return found;
}

RC_GTEST_PROP(Escaping, CanBeUndone, (const std::string& text))
{
    RC_ASSERT(unescaped(text_of(append_quotable, text)) == repaired(text));
    RC_ASSERT(is_utf8(text) == (repaired(text) == text));
    RC_ASSERT(text_of(append_utf8, text) == repaired(text));
}

} // namespace
} // namespace http_metrics
