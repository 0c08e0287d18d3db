#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace http_metrics {

enum class clock_choice : std::uint8_t { automatic, tsc, steady };

/// A monotonic clock that costs as little as can be: the processor's time stamp counter (half the price of
/// `steady_clock`), calibrated against `steady_clock`; or `steady_clock` itself.
///
/// `automatic` takes the counter where the processor says that it ticks at one rate whatever its frequency and its
/// sleep (Intel SDM vol. 3B §18.17.1, "invariant TSC": CPUID 80000007H, EDX bit 8), and where two calibrations in a row
/// agree.
class tick_clock {
public:
    /// Takes about 4 ms when it calibrates.
    ///
    /// @throws std::runtime_error  `tsc` is wanted and this processor has none
    explicit tick_clock(clock_choice wanted = clock_choice::automatic);

    [[nodiscard]] std::uint64_t now() const noexcept
    {
#if defined(__x86_64__)
        if (is_tsc_)
            return __rdtsc();
#endif
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }

    /// What lies between two readings; nothing when the second is before the first.
    [[nodiscard]] std::uint64_t nanoseconds(std::uint64_t from, std::uint64_t to) const noexcept
    {
        return to <= from ? 0 : scaled(to - from);
    }

    [[nodiscard]] std::uint64_t ticks(std::chrono::nanoseconds span) const noexcept;

    /// Takes the rate anew from what has passed since the last time, which is worth more the longer that is. Does
    /// nothing within the first 100 ms.
    void recalibrate() noexcept;

    [[nodiscard]] bool is_tsc() const noexcept
    {
        return is_tsc_;
    }
    [[nodiscard]] std::string_view source() const noexcept
    {
        return is_tsc_ ? "tsc" : "steady_clock";
    }
    /// Why it is this one: for the log.
    [[nodiscard]] const std::string& reason() const noexcept
    {
        return reason_;
    }
    [[nodiscard]] double ticks_per_second() const noexcept;

private:
    struct moment {
        std::uint64_t ticks = 0;
        std::uint64_t nanoseconds = 0;
    };

    [[nodiscard]] static moment read_both() noexcept;
    [[nodiscard]] static double calibrated(moment from) noexcept;
    void use_tsc(double nanoseconds_per_tick, std::string reason);
    [[nodiscard]] std::uint64_t scaled(std::uint64_t count) const noexcept
    {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>(count) * rate_) >> rate_bits);
    }

    static constexpr unsigned rate_bits = 32;

    bool is_tsc_ = false;
    std::uint64_t rate_ = 1ULL << rate_bits; ///< nanoseconds per tick, fixed point
    moment calibrated_at_;
    std::string reason_;
};

} // namespace http_metrics
