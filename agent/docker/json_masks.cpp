#include "agent/docker/json_masks.hpp"

#include <cassert>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace agent::docker {
namespace {

/// `[` and `{` differ in this bit only, as do their counterparts; nothing else becomes one of them by it.
constexpr unsigned char brace_bit = 0x20;

#if defined(__x86_64__)

/// A bit for each byte of the block that is `wanted`.
__attribute__((target("avx2"))) std::uint64_t equal_bytes(__m256i low, __m256i high, char wanted) noexcept
{
    const auto pattern = _mm256_set1_epi8(wanted);
    const auto first = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern)));
    const auto second = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern)));
    return first | (std::uint64_t{second} << 32U);
}

/// Bytes that a backslash in front of them escapes: in a row of backslashes every second one is itself escaped. After
/// Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, §3.1.1.
std::uint64_t find_escaped(std::uint64_t backslashes, std::uint64_t& carried) noexcept
{
    if (backslashes == 0) {
        const auto escaped = carried;
        carried = 0;
        return escaped;
    }
    constexpr std::uint64_t even = 0x5555555555555555U;
    backslashes &= ~carried;
    const auto follows = (backslashes << 1U) | carried;
    const auto odd_starts = backslashes & ~even & ~follows;
    std::uint64_t ends = 0;
    carried = __builtin_add_overflow(odd_starts, backslashes, &ends) ? 1U : 0U;
    return (even ^ (ends << 1U)) & follows;
}

__attribute__((target("avx2,pclmul,popcnt"))) void scan_with_simd(const char* text, std::span<json_masks> into,
                                                                  json_string_state& state) noexcept
{
    std::uint64_t escaped_next = state.is_escaped ? 1 : 0;
    std::uint64_t in_string = state.in_string ? ~std::uint64_t{0} : 0;
    const auto braces = _mm256_set1_epi8(brace_bit);
    for (auto& block : into) {
        const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
        const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32));
        text += json_block_bytes;

        const auto backslashes = equal_bytes(low, high, '\\');
        const auto escaped = find_escaped(backslashes, escaped_next);
        const auto quotes = equal_bytes(low, high, '"') & ~escaped;
        // Multiplying by all ones without carry sums up the quotes before each place, modulo two.
        const auto product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(quotes)),
                                                  _mm_set1_epi8(static_cast<char>(0xFF)), 0);
        const auto strings = static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)) ^ in_string;
        in_string = (strings >> 63U) != 0 ? ~std::uint64_t{0} : 0;

        const auto folded_low = _mm256_or_si256(low, braces);
        const auto folded_high = _mm256_or_si256(high, braces);
        block.open = equal_bytes(folded_low, folded_high, '{') & ~strings;
        block.close = equal_bytes(folded_low, folded_high, '}') & ~strings;
        block.stray = backslashes & ~strings;
        block.opens = static_cast<std::uint8_t>(__builtin_popcountll(block.open));
        block.closes = static_cast<std::uint8_t>(__builtin_popcountll(block.close));
    }
    state = {in_string != 0, escaped_next != 0};
}

#endif

} // namespace

bool has_simd_scan() noexcept
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

json_masks scan_json_block(std::string_view text, json_string_state& state) noexcept
{
    assert(text.size() <= json_block_bytes);
    json_masks block;
    std::uint64_t bit = 1;
    for (const char letter : text) {
        const bool is_escaped = state.is_escaped;
        state.is_escaped = false;
        if (letter == '\\') {
            state.is_escaped = !is_escaped;
            if (!state.in_string)
                block.stray |= bit;
        } else if (letter == '"') {
            state.in_string = state.in_string == is_escaped;
        } else if (!state.in_string) {
            const auto folded = static_cast<unsigned char>(letter) | brace_bit;
            if (folded == '{') {
                block.open |= bit;
                ++block.opens;
            } else if (folded == '}') {
                block.close |= bit;
                ++block.closes;
            }
        }
        bit <<= 1U;
    }
    return block;
}

void scan_json_blocks(json_scan how, const char* text, std::span<json_masks> into, json_string_state& state) noexcept
{
#if defined(__x86_64__)
    if (how == json_scan::simd)
        return scan_with_simd(text, into, state);
#else
    (void)how;
#endif
    for (auto& block : into) {
        block = scan_json_block({text, json_block_bytes}, state);
        text += json_block_bytes;
    }
}

} // namespace agent::docker
