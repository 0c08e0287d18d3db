#pragma once

#include <string>
#include <string_view>

namespace http_metrics {

/// Delimited messages `io.prometheus.client.MetricFamily` as text, a line per field: `metric.histogram.bucket {` …
/// Throws what is no such thing.
[[nodiscard]] std::string protobuf_text(std::string_view messages);

} // namespace http_metrics
