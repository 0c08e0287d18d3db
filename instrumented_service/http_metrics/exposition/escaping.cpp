#include "instrumented_service/http_metrics/exposition/escaping.hpp"

#include <algorithm>
#include <cstddef>

namespace http_metrics {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

bool is_ascii(char letter)
{
    return static_cast<unsigned char>(letter) < 0x80;
}

/// Length of the UTF-8 character at the front of `text`, which is not empty (RFC 3629 §4); 0 when there is none.
std::size_t character_length(std::string_view text) noexcept
{
    const auto is_within = [text](std::size_t at, unsigned low, unsigned high) {
        const auto byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
        return byte >= low && byte <= high;
    };
    const unsigned lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return is_within(1, 0x80, 0xBF) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;  // no overlong forms
        const unsigned high = lead == 0xED ? 0x9F : 0xBF; // no surrogates
        return is_within(1, low, high) && is_within(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned low = lead == 0xF0 ? 0x90 : 0x80;  // no overlong forms
        const unsigned high = lead == 0xF4 ? 0x8F : 0xBF; // nothing above U+10FFFF
        return is_within(1, low, high) && is_within(2, 0x80, 0xBF) && is_within(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

/// @param is_escaped  whether an ASCII character is
template <class IsEscaped>
void append_escaped(std::string& to, std::string_view text, IsEscaped is_escaped)
{
    const auto is_plain = [is_escaped](char letter) { return is_ascii(letter) && !is_escaped(letter); };
    while (!text.empty()) {
        const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
        to += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty())
            return;
        const auto length = character_length(text);
        if (length == 0) {
            to += replacement;
        } else if (length > 1) {
            to += text.substr(0, length);
        } else {
            to += '\\';
            to += text.front() == '\n' ? 'n' : text.front();
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

} // namespace

void append_quotable(std::string& to, std::string_view text)
{
    append_escaped(to, text, [](char letter) { return letter == '\\' || letter == '"' || letter == '\n'; });
}

void append_line(std::string& to, std::string_view text)
{
    append_escaped(to, text, [](char letter) { return letter == '\\' || letter == '\n'; });
}

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const auto length = character_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

void append_utf8(std::string& to, std::string_view text)
{
    append_escaped(to, text, [](char) { return false; });
}

} // namespace http_metrics
