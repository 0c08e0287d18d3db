#include "instrumented_service/http_metrics/exposition/escaping.hpp"

#include "proto_http/utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace http_metrics {
namespace {

bool is_ascii(char letter)
{
    return static_cast<unsigned char>(letter) < 0x80;
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
        const auto length = proto_http::utf8_character_length(text);
        if (length == 0) {
            to += proto_http::utf8_replacement;
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
        const auto length = proto_http::utf8_character_length(text);
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
