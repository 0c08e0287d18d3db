#include "instrumented_service/http_metrics/recording/bounds.hpp"

#include <algorithm>
#include <utility>

namespace http_metrics {

bounds::bounds(std::vector<std::uint64_t> most) : values_(std::move(most))
{
    for (auto& value : values_)
        value = std::min(value, log_linear::most);
    std::ranges::sort(values_);
    values_.erase(std::unique(values_.begin(), values_.end()), values_.end());

    for (std::size_t which = 0; which < values_.size(); ++which) {
        const auto cell = log_linear::cell_of(values_[which]);
        cells_.push_back(static_cast<std::uint16_t>(cell));
        if (!cuts(which))
            continue;
        if (!is_cut(cell))
            first_[cell] = static_cast<std::uint16_t>(which);
        cut_[cell / 64] |= 1ULL << (cell % 64);
    }
}

std::size_t bounds::index_of(std::uint64_t value) const noexcept
{
    const auto found = std::ranges::lower_bound(values_, std::min(value, log_linear::most));
    return static_cast<std::size_t>(found - values_.begin());
}

} // namespace http_metrics
