#pragma once

#include <atomic>
#include <cstdint>

namespace http_metrics {

/// Numbers the slices of a sliding window: one more whenever a slice's time is over. In ticks of whatever clock.
///
/// One writer; any thread may ask `epoch_at`.
class sliding_window {
public:
    sliding_window(std::uint64_t now, std::uint64_t slice_ticks) noexcept
        : slice_ticks_(slice_ticks), ends_(now + slice_ticks)
    {
    }

    /// The current slice's number. Costs a comparison as long as the slice lasts.
    [[nodiscard]] std::uint64_t epoch(std::uint64_t now) noexcept
    {
        if (now >= ends_.load(std::memory_order_relaxed))
            go_on(now);
        return epoch_.load(std::memory_order_relaxed);
    }

    /// The number that the slice of that moment has, or will have.
    [[nodiscard]] std::uint64_t epoch_at(std::uint64_t now) const noexcept
    {
        return epoch_.load(std::memory_order_relaxed) + over_at(now);
    }

private:
    [[nodiscard]] std::uint64_t over_at(std::uint64_t now) const noexcept
    {
        const auto ends = ends_.load(std::memory_order_relaxed);
        return now < ends ? 0 : (now - ends) / slice_ticks_ + 1;
    }

    void go_on(std::uint64_t now) noexcept
    {
        const auto over = over_at(now);
        epoch_.store(epoch_.load(std::memory_order_relaxed) + over, std::memory_order_relaxed);
        ends_.store(ends_.load(std::memory_order_relaxed) + over * slice_ticks_, std::memory_order_relaxed);
    }

    std::uint64_t slice_ticks_;
    std::atomic<std::uint64_t> epoch_{0};
    std::atomic<std::uint64_t> ends_;
};

} // namespace http_metrics
