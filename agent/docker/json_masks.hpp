#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Where in JSON text brackets stand that belong to its structure: what a splitter wants to know, and no more.
namespace agent::docker {

/// One block of text, a bit for each byte, the first byte's lowest.
struct json_masks {
    std::uint64_t open = 0;  ///< `{` and `[` outside strings
    std::uint64_t close = 0; ///< `}` and `]` likewise
    std::uint64_t stray = 0; ///< backslashes outside strings, which no JSON has
    std::uint8_t opens = 0;  ///< number of bits
    std::uint8_t closes = 0; ///< likewise

    friend bool operator==(const json_masks&, const json_masks&) = default;
};

constexpr std::size_t json_block_bytes = 64;

/// What reaches from one block into the next.
struct json_string_state {
    bool in_string = false;
    bool is_escaped = false; ///< the next byte is

    friend bool operator==(const json_string_state&, const json_string_state&) = default;
};

/// Two ways to the same masks.
enum class json_scan {
    portable, ///< byte by byte
    simd,     ///< AVX2 and PCLMUL; needs `has_simd_scan`
};

/// Whether this processor can do the faster one.
[[nodiscard]] bool has_simd_scan() noexcept;

[[nodiscard]] inline json_scan fastest_json_scan() noexcept
{
    return has_simd_scan() ? json_scan::simd : json_scan::portable;
}

/// Finds the masks of `into.size()` whole blocks, which `text` must have.
void scan_json_blocks(json_scan how, const char* text, std::span<json_masks> into, json_string_state& state) noexcept;

/// The same for one block that may be shorter.
[[nodiscard]] json_masks scan_json_block(std::string_view text, json_string_state& state) noexcept;

} // namespace agent::docker
