#include "agent/shell/status/html.hpp"

#include "proto_http/utf8.hpp"

namespace agent::shell {
namespace {

/// C0 and C1, DEL, and the characters that embed, override or isolate a direction of writing (Unicode Standard Annex 9
/// §2).
bool is_unruly(std::string_view character)
{
    const auto byte = [character](std::size_t at) { return static_cast<unsigned char>(character[at]); };
    if (character.size() == 1)
        return (byte(0) < 0x20 && byte(0) != '\t' && byte(0) != '\n') || byte(0) == 0x7F;
    if (character.size() == 2)
        return (byte(0) == 0xC2 && byte(1) < 0xA0) || character == "\u061C";
    return character == "\u200E" || character == "\u200F" || (character >= "\u202A" && character <= "\u202E") ||
           (character >= "\u2066" && character <= "\u2069");
}

std::string_view as_html(std::string_view character)
{
    if (is_unruly(character))
        return proto_http::utf8_replacement;
    if (character.size() > 1)
        return character;
    switch (character.front()) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return character;
    }
}

} // namespace

std::string html_escaped(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    while (!text.empty()) {
        const auto length = proto_http::utf8_character_length(text);
        out += length == 0 ? proto_http::utf8_replacement : as_html(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

html& html::number(std::size_t value)
{
    out_ += std::to_string(value);
    return *this;
}

} // namespace agent::shell
