#include "instrumented_service/http_metrics/recording/tick_clock.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace http_metrics {

using namespace std::chrono_literals;

namespace {

constexpr auto calibration = 2ms;
constexpr auto shortest_recalibration = 100ms;
/// How far two calibrations may be apart: a counter that stops or changes its rate is far beyond, and interruptions
/// within a calibration are far below.
constexpr double tolerance = 0.01;

std::uint64_t steady_nanoseconds() noexcept
{
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

#if defined(__x86_64__)
bool has_invariant_tsc() noexcept
{
    constexpr unsigned leaf = 0x80000007;
    constexpr unsigned invariant = 1U << 8;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(leaf, &eax, &ebx, &ecx, &edx) != 0 && (edx & invariant) != 0;
}

std::uint64_t read_tsc() noexcept
{
    return __rdtsc();
}
constexpr bool has_tsc = true;
#else
bool has_invariant_tsc() noexcept
{
    return false;
}

std::uint64_t read_tsc() noexcept
{
    return 0;
}
constexpr bool has_tsc = false;
#endif

} // namespace

tick_clock::tick_clock(clock_choice wanted)
{
    if (wanted == clock_choice::steady) {
        reason_ = "forced";
        return;
    }
    if (!has_tsc) {
        if (wanted == clock_choice::tsc)
            throw std::runtime_error("this processor has no time stamp counter");
        reason_ = "no time stamp counter";
        return;
    }
    if (wanted == clock_choice::automatic && !has_invariant_tsc()) {
        reason_ = "the time stamp counter is not invariant";
        return;
    }
    const auto first = calibrated(read_both());
    const auto second = calibrated(read_both());
    const bool agree = first > 0 && std::abs(second / first - 1) < tolerance;
    if (wanted == clock_choice::automatic && !agree) {
        reason_ = "the time stamp counter has no steady rate";
        return;
    }
    if (!(second > 0))
        throw std::runtime_error("the time stamp counter stands still");
    use_tsc(second, wanted == clock_choice::tsc ? "forced" : "invariant");
}

tick_clock::moment tick_clock::read_both() noexcept
{
    // The closest pair of a few: an interruption between the two readings would be taken for time.
    moment best{read_tsc(), steady_nanoseconds()};
    auto least = ~std::uint64_t{0};
    for (int attempt = 0; attempt < 8; ++attempt) {
        const auto before = read_tsc();
        const auto steady = steady_nanoseconds();
        const auto after = read_tsc();
        if (after - before < std::exchange(least, std::min(least, after - before)))
            best = {before + (after - before) / 2, steady};
    }
    return best;
}

/// Nanoseconds per tick.
double tick_clock::calibrated(moment from) noexcept
{
    const auto enough = static_cast<std::uint64_t>(std::chrono::nanoseconds(calibration).count());
    while (steady_nanoseconds() - from.nanoseconds < enough) {
    }
    const auto to = read_both();
    if (to.ticks <= from.ticks)
        return 0;
    return static_cast<double>(to.nanoseconds - from.nanoseconds) / static_cast<double>(to.ticks - from.ticks);
}

void tick_clock::use_tsc(double nanoseconds_per_tick, std::string reason)
{
    is_tsc_ = true;
    rate_ = static_cast<std::uint64_t>(std::llround(std::ldexp(nanoseconds_per_tick, rate_bits)));
    calibrated_at_ = read_both();
    reason_ = std::move(reason);
}

void tick_clock::recalibrate() noexcept
{
    if (!is_tsc_)
        return;
    const auto now = read_both();
    const auto passed = now.nanoseconds - calibrated_at_.nanoseconds;
    if (passed < static_cast<std::uint64_t>(std::chrono::nanoseconds(shortest_recalibration).count()))
        return;
    // After a move to another machine the counter may go on from anywhere: then only the place is taken anew.
    const auto before = std::exchange(calibrated_at_, now);
    if (now.ticks <= before.ticks)
        return;
    const auto rate = static_cast<double>(passed) / static_cast<double>(now.ticks - before.ticks);
    if (std::abs(rate / std::ldexp(static_cast<double>(rate_), -static_cast<int>(rate_bits)) - 1) < tolerance)
        rate_ = static_cast<std::uint64_t>(std::llround(std::ldexp(rate, rate_bits)));
}

std::uint64_t tick_clock::ticks(std::chrono::nanoseconds span) const noexcept
{
    return static_cast<std::uint64_t>(static_cast<double>(span.count()) * ticks_per_second() * 1e-9);
}

double tick_clock::ticks_per_second() const noexcept
{
    return 1e9 / std::ldexp(static_cast<double>(rate_), -static_cast<int>(rate_bits));
}

} // namespace http_metrics
