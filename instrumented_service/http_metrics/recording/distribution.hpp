#pragma once

#include "instrumented_service/http_metrics/recording/bounds.hpp"
#include "instrumented_service/http_metrics/recording/log_linear.hpp"
#include "instrumented_service/http_metrics/recording/single_writer.hpp"

#include <algorithm>
#include <array>
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
    distribution(const distribution&) = delete;
    distribution& operator=(const distribution&) = delete;

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
        auto& in_slice = current_[cell];
        const auto count = single_writer::read(in_slice);
        single_writer::write(in_slice, count + 1);
        if (count == 0) [[unlikely]]
            note_used(cell);
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
    /// The same without `upper_counts`, which cost the most.
    [[nodiscard]] totals look_at_totals() const;

    /// The values in the smallest unit; not a number where the window is empty.
    ///
    /// @param epoch  number of the current slice: older ones than the window has do not count
    [[nodiscard]] std::vector<double> quantiles(std::span<const double> which, std::uint64_t epoch) const;

private:
    void go_to(std::uint64_t epoch) noexcept;
    void retire(std::size_t slice) noexcept;
    void count_in_cut_cell(std::size_t cell, std::uint64_t value) noexcept;
    void note_used(std::size_t cell) noexcept;
    template <class Each>
    void for_each_used(Each each) const;
    [[nodiscard]] std::uint64_t counted_at(std::size_t which) const noexcept;
    [[nodiscard]] std::size_t place_of(std::size_t cell, std::size_t slice) const noexcept
    {
        return slice * log_linear::cells + cell;
    }
    void fetch(std::size_t cell) const noexcept;
    [[nodiscard]] std::uint64_t in_window(std::size_t cell) const noexcept;
    template <class Read>
    auto consistently(Read read) const;

    const bounds* upper_;
    std::uint32_t* current_; ///< the current slice
    std::size_t slices_;
    std::uint64_t epoch_ = 0;
    std::uint64_t sum_ = 0;
    /// Slice by slice; an epoch's is number epoch % slices_.
    std::vector<std::uint32_t> counts_;
    /// A bit for each cell that any slice ever used: few of them, so that looking is cheap.
    std::array<std::uint64_t, log_linear::cells / 64> used_{};

    // Who looks while slices change their places looks again: odd while they do.
    std::uint64_t changes_ = 0;
    std::uint64_t retired_ = 0; ///< observations that have left the window
    struct counted {
        std::uint64_t retired_below = 0; ///< of those, in whole cells at or below the bound
        std::uint64_t in_cut_cell = 0;   ///< of all, at or below a bound that cuts its cell, but in that cell
    };
    std::vector<counted> at_bound_;
};

} // namespace http_metrics
