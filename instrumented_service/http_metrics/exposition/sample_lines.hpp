#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http_metrics {

/// Appends `name="value",other="value"`.
void append_labels(std::string& to, const label_list& labels);

/// The lines of samples, which the text formats have in common: `name_suffix{label="value",le="0.5"} 1`.
class sample_lines {
public:
    using number_format = void (*)(std::string& to, double number);

    /// @param to     the lines go to its end; must outlive this
    /// @param bound  how `le` and `quantile` are written
    sample_lines(std::string& to, number_format bound) : to_(to), bound_(bound) {}

    /// What the next lines belong to.
    void set_name(std::string_view name) { name_ = name; }
    void set_labels(const label_list& labels);

    /// A line up to its value.
    void start_line(std::string_view suffix);

    /// A line without its end: OpenMetrics has exemplars there.
    void add(std::string_view suffix, double value);
    void add_count(std::string_view suffix, std::uint64_t count);
    void add_quantile(std::size_t position, const summary_value::quantile& one);
    void add_bucket(std::size_t position, double upper_bound, std::uint64_t cumulative_count);

    void end_line() { to_ += '\n'; }

private:
    void start_with(std::string_view suffix, std::string_view name_of_bound, std::size_t position, double bound);
    [[nodiscard]] std::string_view bound_text(std::size_t position, double bound);

    std::string& to_;
    number_format bound_;
    std::string name_;
    std::string labels_; ///< as they stand between the braces
    /// By position, as the series of a family mostly have the same bounds.
    std::vector<std::pair<double, std::string>> bound_texts_;
};

} // namespace http_metrics
