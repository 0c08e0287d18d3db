#include "agent/docker/json_repair.hpp"

#include "agent/docker/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace agent::docker {
namespace {

constexpr std::size_t escape_length = 6; // \uXXXX

std::optional<unsigned> hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

/// Value of the `\uXXXX` at the front of `text`.
std::optional<std::uint32_t> unicode_escape(std::string_view text)
{
    if (text.size() < escape_length || text[0] != '\\' || text[1] != 'u')
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t at = 2; at < escape_length; ++at) {
        const auto digit = hex_digit(text[at]);
        if (!digit)
            return std::nullopt;
        value = value * 16 + *digit;
    }
    return value;
}

bool is_high_surrogate(std::uint32_t value)
{
    return value >= 0xD800 && value <= 0xDBFF;
}

bool is_low_surrogate(std::uint32_t value)
{
    return value >= 0xDC00 && value <= 0xDFFF;
}

/// Moves the escape sequence at the front of `rest` to `out`.
void take_escape(std::string& out, std::string_view& rest)
{
    // Any other escape: the backslash and what it escapes, but no part of a longer character.
    std::size_t length = rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0x80 ? 2 : 1;
    bool half_pair = false;
    if (const auto value = unicode_escape(rest)) {
        length = escape_length;
        const auto next = unicode_escape(rest.substr(escape_length));
        if (is_high_surrogate(*value) && next && is_low_surrogate(*next))
            length = 2 * escape_length;
        else
            half_pair = is_high_surrogate(*value) || is_low_surrogate(*value);
    }
    out += half_pair ? replacement : rest.substr(0, length);
    rest.remove_prefix(length);
}

} // namespace

std::string with_repaired_strings(std::string_view json)
{
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        if (json.front() == '\\') {
            take_escape(out, json);
            continue;
        }
        const auto length = character_length(json);
        out += length == 0 ? replacement : json.substr(0, length);
        json.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

} // namespace agent::docker
