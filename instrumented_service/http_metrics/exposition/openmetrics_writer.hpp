#pragma once

#include "instrumented_service/http_metrics/exposition/exposition_writer.hpp"
#include "instrumented_service/http_metrics/exposition/sample_lines.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace http_metrics {

/// A family's name in HELP and TYPE: that of a counter goes without `_total`.
[[nodiscard]] std::string_view openmetrics_name(const family& of) noexcept;

/// The unit, if the name ends in it, as OpenMetrics demands; otherwise none.
[[nodiscard]] std::string_view openmetrics_unit(const family& of) noexcept;

/// Whether an exemplar is short enough to be sent: all scrapers may refuse one of more than 128 characters.
[[nodiscard]] bool is_sendable(const exemplar& one) noexcept;

/// OpenMetrics 1.0.0. It has no room for native histograms.
///
/// A counter's sample is named `…_total`, whether or not its family says so. Series of the type untyped are `unknown`.
///
/// Source: the OpenMetrics specification 1.0.
class openmetrics_writer final : public exposition_writer {
public:
    /// @param to  must outlive the writer
    explicit openmetrics_writer(std::string& to);

    void begin(const family& next) override;
    void add(const series& one) override;
    void finish() override;
    [[nodiscard]] std::size_t settled_bytes() const override { return to_.size(); }

private:
    void add_value(const counter_value& value);
    void add_value(const gauge_value& value);
    void add_value(const untyped_value& value);
    void add_value(const summary_value& value);
    void add_value(const histogram_value& value);
    void add_line(std::string_view suffix, double value);
    void add_count(std::uint64_t count);
    void add_created(const std::optional<double>& created);
    void add_example(const exemplar& one);
    void add_head(std::string_view word, std::string_view name, std::string_view text);

    std::string& to_;
    sample_lines lines_;
};

} // namespace http_metrics
