#include "agent/docker/json_repair.hpp"

#include "proto_http/hex.hpp"
#include "proto_http/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <system_error>

namespace agent::docker {
namespace {

constexpr std::size_t escape_length = 6; // \uXXXX

/// Value of the `\uXXXX` at the front of `text`.
std::optional<std::uint32_t> unicode_escape(std::string_view text)
{
    if (text.size() < escape_length || text[0] != '\\' || text[1] != 'u')
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t at = 2; at < escape_length; ++at) {
        const int digit = proto_http::hex_value(text[at]);
        if (digit < 0)
            return std::nullopt;
        value = value * 16 + static_cast<std::uint32_t>(digit);
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
    out += half_pair ? proto_http::utf8_replacement : rest.substr(0, length);
    rest.remove_prefix(length);
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at)
{
    std::size_t count = 0;
    while (at + count < text.size() && is_digit(text[at + count]))
        ++count;
    return count;
}

/// Length of the number at the front of `text` by the grammar of RFC 8259 §6; 0 when there is none.
std::size_t number_length(std::string_view text)
{
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const auto whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0'))
        return 0;
    at += whole;
    if (const auto part = digits_at(text, at + 1); part > 0 && text[at] == '.')
        at += 1 + part;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        const bool is_signed = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
        const auto exponent = at + (is_signed ? 2U : 1U);
        if (const auto digits = digits_at(text, exponent); digits > 0)
            at = exponent + digits;
    }
    return at;
}

/// Length of what looks like a number at the front of `text`: whatever a number may consist of, from a digit or a minus
/// on.
std::size_t number_like_length(std::string_view text)
{
    if (text.front() != '-' && !is_digit(text.front()))
        return 0;
    return std::min(text.find_first_not_of("0123456789+-.eE"), text.size());
}

template <class Number>
bool has_room_in(std::string_view number)
{
    Number value{};
    return std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc{};
}

bool is_too_large(std::string_view number)
{
    if (number.find_first_of(".eE") != std::string_view::npos)
        return std::isinf(std::strtod(std::string(number).c_str(), nullptr)); // one that is too small is read as 0
    return !has_room_in<std::int64_t>(number) && !has_room_in<std::uint64_t>(number);
}

/// Length of the string at the front of `text`, quotes included.
std::size_t string_length(std::string_view text)
{
    std::size_t at = 1;
    while (at < text.size() && text[at] != '"')
        at += text[at] == '\\' ? 2U : 1U;
    return std::min(at + 1, text.size());
}

} // namespace

std::string with_bounded_numbers(std::string_view json)
{
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        const auto like_number = number_like_length(json);
        const auto taken = like_number > 0 ? like_number : json.front() == '"' ? string_length(json) : 1;
        const auto text = json.substr(0, taken);
        // All of it must be a number: of 1e999e5, which is none, -1 in the place of 1e999 would make one.
        const bool is_number = like_number > 0 && number_length(text) == like_number;
        out += is_number && is_too_large(text) ? "-1" : text;
        json.remove_prefix(taken);
    }
    return out;
}

std::string with_repaired_strings(std::string_view json)
{
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        if (json.front() == '\\') {
            take_escape(out, json);
            continue;
        }
        const auto length = proto_http::utf8_character_length(json);
        out += length == 0 ? proto_http::utf8_replacement : json.substr(0, length);
        json.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

} // namespace agent::docker
