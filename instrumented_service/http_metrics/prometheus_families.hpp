#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <vector>

#include <prometheus/metric_family.h>

namespace http_metrics {

/// Everything that a source has, as prometheus-cpp knows it: for programs whose `/metrics` that library writes. It has
/// no room for units, exemplars, native histograms and times of creation, which are dropped.
///
/// All at once, so for sources of a few series.
[[nodiscard]] std::vector<prometheus::MetricFamily> prometheus_families(const metric_source& from);

} // namespace http_metrics
