#include "instrumented_service/http_metrics/recording/buckets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace http_metrics {
namespace {

/// Eight buckets between one power of two and the next: each 9 % wider than the one before, as client libraries have it
/// that are asked for a growth of at most 1.1.
constexpr int schema = 3;
constexpr double per_octave = 1 << schema;

/// The greatest whole number that is not above the bound. A bound that is a whole number but for rounding is that
/// number.
std::uint64_t whole(double bound, double unit)
{
    const auto exact = bound / unit;
    const auto nearest = std::round(exact);
    const auto chosen = std::abs(exact - nearest) <= 1e-9 * exact ? nearest : std::floor(exact);
    return static_cast<std::uint64_t>(chosen);
}

/// A native bucket ends where the nearest cell ends, at most 0.79 % away: exact ones would cut every eighth cell.
std::uint64_t native_bound(std::int32_t index, double unit)
{
    const auto bound = whole(std::exp2(index / per_octave), unit);
    const auto cell = log_linear::cell_of(std::min(bound, log_linear::most));
    const auto first = log_linear::first_of(cell);
    const auto last = log_linear::last_of(cell);
    return bound - first < last - bound ? first - 1 : last;
}

std::int32_t first_native(double unit)
{
    return static_cast<std::int32_t>(std::ceil(std::log2(unit) * per_octave));
}

std::int32_t last_native(double unit)
{
    return static_cast<std::int32_t>(std::floor(std::log2(unit * static_cast<double>(log_linear::most)) * per_octave));
}

void check(const std::vector<double>& classic, double unit)
{
    double before = -std::numeric_limits<double>::infinity();
    for (const auto bound : classic) {
        if (!(bound > before) || bound < 0)
            throw std::invalid_argument("bucket " + std::to_string(bound) + " is not above the one before it");
        if (bound / unit > static_cast<double>(log_linear::most))
            throw std::invalid_argument("bucket " + std::to_string(bound) + " is beyond what can be told apart, " +
                                        std::to_string(unit * static_cast<double>(log_linear::most)));
        before = bound;
    }
}

std::vector<std::uint64_t> all_bounds(const std::vector<double>& classic, double unit)
{
    std::vector<std::uint64_t> all{0};
    for (const auto bound : classic)
        all.push_back(whole(bound, unit));
    for (auto index = first_native(unit); index <= last_native(unit); ++index)
        all.push_back(native_bound(index, unit));
    return all;
}

} // namespace

buckets::buckets(std::vector<double> classic, double unit)
    : unit_(unit), upper_((check(classic, unit), all_bounds(classic, unit)))
{
    for (const auto bound : classic)
        classic_.push_back({bound, upper_.index_of(whole(bound, unit))});
    for (auto index = first_native(unit); index <= last_native(unit); ++index)
        native_.push_back({index, upper_.index_of(native_bound(index, unit))});
}

histogram_value buckets::histogram_of(const distribution::totals& seen) const
{
    histogram_value made;
    made.count = seen.count;
    made.sum = static_cast<double>(seen.sum) * unit_;
    made.buckets.reserve(classic_.size() + 1);
    for (const auto& each : classic_)
        made.buckets.push_back({each.upper_bound, seen.upper_counts[each.bound]});
    made.buckets.push_back({std::numeric_limits<double>::infinity(), seen.count});

    auto& native = made.native.emplace();
    native.schema = schema;
    native.zero_count = seen.upper_counts[upper_.index_of(0)];
    auto below = native.zero_count;
    for (const auto& each : native_) {
        const auto up_to = seen.upper_counts[each.bound];
        if (up_to > below)
            native.positive.emplace_back(each.index, up_to - below);
        below = up_to;
    }
    if (seen.count > below)
        native.positive.emplace_back(native_.back().index + 1, seen.count - below);
    return made;
}

std::size_t buckets::classic_of(std::uint64_t value) const noexcept
{
    std::size_t which = 0;
    while (which < classic_.size() && value > upper_.value(classic_[which].bound))
        ++which;
    return which;
}

} // namespace http_metrics
