#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 once more, in a way that has nothing in common with the libraries': a character is what encodes to the same
/// bytes.
namespace fuzz {

[[nodiscard]] inline std::string utf8(char32_t value)
{
    const auto last = [value](unsigned shift) { return static_cast<char>(0x80U | ((value >> shift) & 0x3FU)); };
    if (value < 0x80)
        return {static_cast<char>(value)};
    if (value < 0x800)
        return {static_cast<char>(0xC0U | (value >> 6U)), last(0)};
    if (value < 0x10000)
        return {static_cast<char>(0xE0U | (value >> 12U)), last(6), last(0)};
    return {static_cast<char>(0xF0U | ((value >> 18U) & 7U)), last(12), last(6), last(0)};
}

/// Bytes of the character at the front of `text`; 0 when there is none.
[[nodiscard]] inline std::size_t character_bytes(std::string_view text)
{
    for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes) {
        auto value = static_cast<char32_t>(static_cast<unsigned char>(text[0])) & (bytes == 1 ? 0x7FU : 0x7FU >> bytes);
        for (const char c : text.substr(1, bytes - 1))
            value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
        const bool exists = value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
        if (exists && utf8(value) == text.substr(0, bytes))
            return bytes;
    }
    return 0;
}

/// The text as Go reads it: each byte that is not UTF-8 is U+FFFD.
[[nodiscard]] inline std::string as_utf8(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const auto bytes = character_bytes(text);
        out += bytes == 0 ? utf8(0xFFFD) : std::string(text.substr(0, bytes));
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    return out;
}

[[nodiscard]] inline bool is_utf8(std::string_view text)
{
    return as_utf8(text) == text;
}

} // namespace fuzz
