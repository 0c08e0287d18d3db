#pragma once

#include <cstdint>
#include <string>

/// Numbers as the text formats have them.
namespace http_metrics {

void append_count(std::string& to, std::uint64_t count);

/// The shortest text that reads as the same value, whole numbers without a point; `NaN`, `+Inf`, `-Inf`.
void append_value(std::string& to, double value);

/// As Go's `strconv.FormatFloat(value, 'g', -1, 64)`. For `le` and `quantile`, whose text is part of a series'
/// identity: the Go client's `1e+06` and a `1000000` would be two series.
void append_bound(std::string& to, double value);

/// The same with a point in it: `1.0`.
///
/// Source: OpenMetrics 1.0 §4.6.1, canonical numbers; Prometheus 2.42 makes these of protobuf's numbers, too
/// (model/textparse/protobufparse.go, formatOpenMetricsFloat).
void append_canonical_bound(std::string& to, double value);

/// Unix time in seconds, never with an exponent.
void append_time(std::string& to, double unix_seconds);

} // namespace http_metrics
