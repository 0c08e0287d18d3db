#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

/// Cells of a log-linear histogram: 64 of equal width between one power of two and the next, so that a cell's middle is
/// within 1/128 (0.79 %) of every value in it. Values below 128 have a cell each.
namespace http_metrics::log_linear {

inline constexpr unsigned value_bits = 36;
inline constexpr unsigned mantissa_bits = 6;

/// What is more counts as this: 68.7 s in nanoseconds, 64 GiB in bytes.
inline constexpr std::uint64_t most = (1ULL << value_bits) - 1;

inline constexpr std::size_t cells = (value_bits - mantissa_bits + 1) << mantissa_bits;

/// @param value  at most `most`
[[nodiscard]] constexpr std::size_t cell_of(std::uint64_t value) noexcept
{
    constexpr std::uint64_t least = 1ULL << mantissa_bits;
    const auto shift = static_cast<unsigned>(std::bit_width(value | least)) - (mantissa_bits + 1);
    return (static_cast<std::size_t>(shift) << mantissa_bits) + static_cast<std::size_t>(value >> shift);
}

/// The least value of a cell.
[[nodiscard]] constexpr std::uint64_t first_of(std::size_t cell) noexcept
{
    constexpr std::size_t per_octave = 1ULL << mantissa_bits;
    if (cell < 2 * per_octave)
        return cell;
    const auto shift = (cell >> mantissa_bits) - 1;
    return static_cast<std::uint64_t>((cell & (per_octave - 1)) + per_octave) << shift;
}

/// The greatest value of a cell.
[[nodiscard]] constexpr std::uint64_t last_of(std::size_t cell) noexcept
{
    return cell + 1 == cells ? most : first_of(cell + 1) - 1;
}

/// What stands for every value of a cell.
[[nodiscard]] constexpr double middle_of(std::size_t cell) noexcept
{
    return (static_cast<double>(first_of(cell)) + static_cast<double>(last_of(cell))) / 2;
}

static_assert(cell_of(0) == 0 && cell_of(127) == 127 && cell_of(128) == 128 && cell_of(129) == 128);
static_assert(cell_of(most) == cells - 1 && last_of(cells - 1) == most);

} // namespace http_metrics::log_linear
