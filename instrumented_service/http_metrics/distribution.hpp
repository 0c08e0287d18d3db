#pragma once

#include "instrumented_service/http_metrics/bounds.hpp"
#include "instrumented_service/http_metrics/log_linear.hpp"
#include "instrumented_service/http_metrics/single_writer.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace http_metrics {

/// How observations were distributed: since the start, exactly, up to each of some bounds; and in a sliding window,
/// within 0.79 % of the value, at every quantile.
///
/// An observation costs one increment in one array, whatever is asked later and however many there were. About 8 KB per
/// slice of the window, and 16 bytes per bound.
///
/// One thread records; any thread may look.
class distribution {
public:
    /// @param upper   what `upper_counts` will count up to; must outlive this
    /// @param slices  of the window, at least one
    distribution(const bounds& upper, std::size_t slices);

    /// @param value  in the smallest unit: nanoseconds, bytes. What is more than `log_linear::most` counts as that, but
    ///               for the sum.
    /// @param epoch  number of the window's current slice; never less than before
    void record(std::uint64_t value, std::uint64_t epoch) noexcept
    {
        if (epoch != epoch_)
            go_to(epoch);
        single_writer::add(sum_, value);
        value = std::min(value, log_linear::most);
        const auto cell = log_linear::cell_of(value);
        single_writer::add(current_[cell], std::uint32_t{1});
        if (upper_->is_cut(cell))
            count_in_cut_cell(cell, value);
    }

    struct totals {
        std::uint64_t count = 0;
        std::uint64_t sum = 0;
        std::vector<std::uint64_t> upper_counts; ///< observations at or below each bound
    };
    /// Since the start.
    [[nodiscard]] totals look() const;

    /// The values in the smallest unit; not a number where the window is empty.
    ///
    /// @param epoch  number of the current slice: older ones than the window has do not count
    [[nodiscard]] std::vector<double> quantiles(std::span<const double> which, std::uint64_t epoch) const;

private:
    using slice = std::array<std::uint32_t, log_linear::cells>;

    void go_to(std::uint64_t epoch) noexcept;
    void retire(slice& old) noexcept;
    void count_in_cut_cell(std::size_t cell, std::uint64_t value) noexcept;
    template <class Read>
    auto consistently(Read read) const;

    const bounds* upper_;
    std::uint32_t* current_;
    std::uint64_t epoch_ = 0;
    std::uint64_t sum_ = 0;
    std::vector<slice> slices_; ///< that of an epoch is number epoch % size

    // Who looks while slices change their places looks again: odd while they do.
    std::atomic<std::uint64_t> changes_{0};
    std::uint64_t retired_ = 0; ///< observations that have left the window
    struct counted {
        std::uint64_t retired_below = 0; ///< of those, in whole cells at or below the bound
        std::uint64_t in_cut_cell = 0;   ///< of all, in the bound's own cell, but at or below it
    };
    std::vector<counted> at_bound_;
};

} // namespace http_metrics
