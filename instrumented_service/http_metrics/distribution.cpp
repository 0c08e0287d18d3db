#include "instrumented_service/http_metrics/distribution.hpp"

#include <cmath>
#include <limits>

namespace http_metrics {
namespace {

using single_writer::add;
using single_writer::read;
using single_writer::write;

} // namespace

distribution::distribution(const bounds& upper, std::size_t slices)
    : upper_(&upper), slices_(std::max<std::size_t>(slices, 1), slice{}), at_bound_(upper.size())
{
    current_ = slices_.front().data();
}

void distribution::count_in_cut_cell(std::size_t cell, std::uint64_t value) noexcept
{
    for (auto which = upper_->first_in(cell); which < upper_->size() && upper_->cell(which) == cell; ++which)
        if (value <= upper_->value(which))
            add(at_bound_[which].in_cut_cell, std::uint64_t{1});
}

void distribution::go_to(std::uint64_t epoch) noexcept
{
    changes_.fetch_add(1, std::memory_order_acq_rel);
    // After a rest, each slice has to go only once.
    const auto first = std::max(epoch_ + 1, epoch - std::min<std::uint64_t>(epoch, slices_.size() - 1));
    for (auto next = first; next <= epoch; ++next)
        retire(slices_[next % slices_.size()]);
    current_ = slices_[epoch % slices_.size()].data();
    write(epoch_, epoch);
    changes_.fetch_add(1, std::memory_order_release);
}

void distribution::retire(slice& old) noexcept
{
    std::uint64_t below = 0;
    std::size_t which = 0;
    for (std::size_t cell = 0; cell < old.size(); ++cell) {
        const auto count = old[cell];
        write(old[cell], 0U);
        for (; which < upper_->size() && upper_->cell(which) == cell; ++which)
            add(at_bound_[which].retired_below, below + (upper_->cuts(which) ? 0 : count));
        below += count;
    }
    add(retired_, below);
}

template <class Read>
auto distribution::consistently(Read look_at) const
{
    while (true) {
        const auto before = changes_.load(std::memory_order_acquire);
        auto seen = look_at();
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && changes_.load(std::memory_order_relaxed) == before)
            return seen;
    }
}

distribution::totals distribution::look() const
{
    return consistently([this] {
        totals seen;
        seen.sum = read(sum_);
        seen.upper_counts.reserve(upper_->size());
        std::uint64_t below = 0;
        std::size_t which = 0;
        for (std::size_t cell = 0; cell < log_linear::cells; ++cell) {
            std::uint64_t count = 0;
            for (const auto& each : slices_)
                count += read(each[cell]);
            for (; which < upper_->size() && upper_->cell(which) == cell; ++which) {
                const auto& at = at_bound_[which];
                seen.upper_counts.push_back(read(at.retired_below) + below +
                                            (upper_->cuts(which) ? read(at.in_cut_cell) : count));
            }
            below += count;
        }
        seen.count = read(retired_) + below;
        return seen;
    });
}

std::vector<double> distribution::quantiles(std::span<const double> wanted, std::uint64_t epoch) const
{
    std::array<std::uint64_t, log_linear::cells> counts{};
    const auto total = consistently([&] {
        counts.fill(0);
        std::uint64_t sum = 0;
        const auto written = read(epoch_);
        for (std::uint64_t age = 0; age < slices_.size() && age <= written; ++age) {
            const auto of = written - age;
            if (of + slices_.size() <= epoch)
                break;
            const auto& one = slices_[of % slices_.size()];
            for (std::size_t cell = 0; cell < counts.size(); ++cell) {
                const auto count = read(one[cell]);
                counts[cell] += count;
                sum += count;
            }
        }
        return sum;
    });

    std::vector<double> values;
    for (const auto which : wanted) {
        if (total == 0) {
            values.push_back(std::numeric_limits<double>::quiet_NaN());
            continue;
        }
        // The observation of that rank, counted from one.
        const auto rank =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(which * static_cast<double>(total))));
        std::uint64_t below = 0;
        std::size_t cell = 0;
        while ((below += counts[cell]) < rank)
            ++cell;
        values.push_back(log_linear::middle_of(cell));
    }
    return values;
}

} // namespace http_metrics
