#pragma once

#include "instrumented_service/http_metrics/recording/log_linear.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace http_metrics {

/// Upper bounds as they lie in the cells of a log-linear histogram. Shared by
/// all histograms that have them.
///
/// Most cells are wholly below a bound or wholly above it. Where a bound goes through a cell, the values up to the
/// bound are counted beside the cell, so that counts up to a bound are exact.
class bounds {
public:
    /// @param most  inclusive upper bounds as whole numbers, in any order, each once or more
    explicit bounds(std::vector<std::uint64_t> most);

    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    [[nodiscard]] std::uint64_t value(std::size_t which) const noexcept { return values_[which]; }
    [[nodiscard]] std::size_t cell(std::size_t which) const noexcept { return cells_[which]; }
    /// Whether the cell of that bound holds values above it, too.
    [[nodiscard]] bool cuts(std::size_t which) const noexcept
    {
        return values_[which] < log_linear::last_of(cells_[which]);
    }

    /// Which bound has that value. It must be one of them.
    [[nodiscard]] std::size_t index_of(std::uint64_t value) const noexcept;

    /// Whether a bound cuts this cell.
    [[nodiscard]] bool is_cut(std::size_t cell) const noexcept { return (cut_[cell / 64] >> (cell % 64) & 1) != 0; }
    /// The first bound that lies in the cell, if one cuts it.
    [[nodiscard]] std::size_t first_in(std::size_t cell) const noexcept { return first_[cell]; }

private:
    std::vector<std::uint64_t> values_; ///< ascending
    std::vector<std::uint16_t> cells_;
    std::array<std::uint64_t, log_linear::cells / 64> cut_{};
    std::array<std::uint16_t, log_linear::cells> first_{};
};

} // namespace http_metrics
