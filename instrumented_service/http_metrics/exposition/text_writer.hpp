#pragma once

#include "instrumented_service/http_metrics/exposition/exposition_writer.hpp"
#include "instrumented_service/http_metrics/exposition/sample_lines.hpp"

#include <string>

namespace http_metrics {

/// Prometheus' text format 0.0.4. It has no room for exemplars, native histograms, units and times of creation.
///
/// Source: Prometheus' documentation, "Exposition formats".
class text_writer final : public exposition_writer {
public:
    /// @param to  must outlive the writer
    explicit text_writer(std::string& to);

    void begin(const family& next) override;
    void add(const series& one) override;
    void finish() override {}
    [[nodiscard]] std::size_t settled_bytes() const override { return to_.size(); }

private:
    void add_value(const counter_value& value);
    void add_value(const gauge_value& value);
    void add_value(const untyped_value& value);
    void add_value(const summary_value& value);
    void add_value(const histogram_value& value);
    void add_simple(double value);

    std::string& to_;
    sample_lines lines_;
};

} // namespace http_metrics
