#include "instrumented_service/http_metrics/recording/distribution.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

namespace http_metrics {
namespace {

using single_writer::add;
using single_writer::read;
using single_writer::write;

} // namespace

distribution::distribution(const bounds& upper, std::size_t slices)
    : upper_(&upper),
      slices_(std::max<std::size_t>(slices, 1)),
      counts_(log_linear::cells * slices_),
      at_bound_(upper.size())
{
    current_ = counts_.data();
}

void distribution::count_in_cut_cell(std::size_t cell, std::uint64_t value) noexcept
{
    for (auto which = upper_->first_in(cell); which < upper_->size() && upper_->cell(which) == cell; ++which)
        if (upper_->cuts(which) && value <= upper_->value(which))
            add(at_bound_[which].in_cut_cell, std::uint64_t{1});
}

void distribution::go_to(std::uint64_t epoch) noexcept
{
    add(changes_, std::uint64_t{1});
    // After a rest, each slice has to go only once.
    const auto first = std::max(epoch_ + 1, epoch - std::min<std::uint64_t>(epoch, slices_ - 1));
    for (auto next = first; next <= epoch; ++next)
        retire(next % slices_);
    current_ = &counts_[place_of(0, epoch % slices_)];
    write(epoch_, epoch);
    add(changes_, std::uint64_t{1});
}

void distribution::note_used(std::size_t cell) noexcept
{
    auto& bits = used_[cell / 64];
    write(bits, bits | std::uint64_t{1} << (cell % 64));
}

void distribution::fetch(std::size_t cell) const noexcept
{
    for (std::size_t slice = 0; slice < slices_; ++slice)
        __builtin_prefetch(&counts_[place_of(cell, slice)]);
}

/// In ascending order. Of thousands of series none is in a cache when it is looked at: cells are asked for some way
/// ahead.
template <class Each>
void distribution::for_each_used(Each each) const
{
    constexpr std::size_t ahead = 12;
    std::array<std::uint16_t, log_linear::cells + ahead> used; // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t size = 0;
    for (std::size_t word = 0; word < used_.size(); ++word)
        for (auto bits = read(used_[word]); bits != 0; bits &= bits - 1)
            used[size++] = static_cast<std::uint16_t>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    std::fill_n(used.begin() + static_cast<std::ptrdiff_t>(size), ahead, std::uint16_t{0});
    for (std::size_t next = 0; next < ahead; ++next)
        fetch(used[next]);
    for (std::size_t at = 0; at < size; ++at) {
        fetch(used[at + ahead]);
        each(used[at]);
    }
}

std::uint64_t distribution::in_window(std::size_t cell) const noexcept
{
    std::uint64_t count = 0;
    for (std::size_t slice = 0; slice < slices_; ++slice)
        count += read(counts_[place_of(cell, slice)]);
    return count;
}

void distribution::retire(std::size_t slice) noexcept
{
    std::uint64_t below = 0;
    std::size_t which = 0;
    for_each_used([&](std::size_t cell) {
        auto& in_slice = counts_[place_of(cell, slice)];
        const auto count = in_slice;
        write(in_slice, 0U);
        for (; which < upper_->size() && upper_->cell(which) < cell; ++which)
            add(at_bound_[which].retired_below, below);
        for (; which < upper_->size() && upper_->cell(which) == cell; ++which)
            add(at_bound_[which].retired_below, below + (upper_->cuts(which) ? 0 : count));
        below += count;
    });
    for (; which < upper_->size(); ++which)
        add(at_bound_[which].retired_below, below);
    add(retired_, below);
}

/// No fence: who has read a number that was written during a change, or after it, sees that change begun, too. And the
/// thread sanitizer knows of no fences.
template <class Read>
auto distribution::consistently(Read look_at) const
{
    while (true) {
        const auto before = read(changes_);
        auto seen = look_at();
        if (before % 2 == 0 && read(changes_) == before)
            return seen;
    }
}

distribution::totals distribution::look() const
{
    return consistently([this] {
        totals seen;
        seen.sum = read(sum_);
        seen.upper_counts.resize(upper_->size());
        std::uint64_t below = 0;
        std::size_t which = 0;
        const auto bounds_before = [&](std::size_t cell) {
            for (; which < upper_->size() && upper_->cell(which) < cell; ++which)
                seen.upper_counts[which] = counted_at(which) + below;
        };
        for_each_used([&](std::size_t cell) {
            bounds_before(cell);
            const auto count = in_window(cell);
            for (; which < upper_->size() && upper_->cell(which) == cell; ++which)
                seen.upper_counts[which] = counted_at(which) + below + (upper_->cuts(which) ? 0 : count);
            below += count;
        });
        bounds_before(log_linear::cells);
        seen.count = read(retired_) + below;
        return seen;
    });
}

std::uint64_t distribution::counted_at(std::size_t which) const noexcept
{
    const auto& at = at_bound_[which];
    return read(at.retired_below) + read(at.in_cut_cell);
}

distribution::totals distribution::look_at_totals() const
{
    return consistently([this] {
        totals seen;
        seen.sum = read(sum_);
        seen.count = read(retired_);
        for_each_used([&](std::size_t cell) { seen.count += in_window(cell); });
        return seen;
    });
}

std::vector<double> distribution::quantiles(std::span<const double> wanted, std::uint64_t epoch) const
{
    struct cell_count {
        std::size_t cell;
        std::uint64_t count;
    };
    std::vector<cell_count> counts;
    const auto total = consistently([&] {
        counts.clear();
        const auto written = read(epoch_);
        // The slices that still count.
        std::vector<std::size_t> fresh;
        for (std::uint64_t age = 0; age < slices_ && age <= written; ++age)
            if (written - age + slices_ > epoch)
                fresh.push_back((written - age) % slices_);
        std::uint64_t sum = 0;
        for_each_used([&](std::size_t cell) {
            std::uint64_t count = 0;
            for (const auto slice : fresh)
                count += read(counts_[place_of(cell, slice)]);
            if (count > 0)
                counts.push_back({cell, count});
            sum += count;
        });
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
        std::uint64_t up_to = 0;
        const auto found =
            std::ranges::find_if(counts, [&](const cell_count& one) { return (up_to += one.count) >= rank; });
        values.push_back(log_linear::middle_of(found->cell));
    }
    return values;
}

} // namespace http_metrics
