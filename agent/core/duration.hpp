#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace agent::core {

/// Reads a duration as Prometheus writes them: `500ms`, `1m30s`, `0`. Units `y w d h m s ms`, each at most once and
/// in that order.
///
/// @return nothing when the text is no such duration, or one longer than can be counted in nanoseconds
/// Source: `model.ParseDuration` of prometheus/common, which Prometheus 2.42 uses for scrape intervals.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

} // namespace agent::core
