#pragma once

#include <string>
#include <string_view>

/// Text from anywhere as the formats can carry it. Bytes that are no UTF-8 become U+FFFD: Prometheus refuses a whole
/// scrape for one of them.
namespace http_metrics {

/// `\`, `"` and line feeds escaped, for label values, and for HELP in OpenMetrics.
void append_quotable(std::string& to, std::string_view text);

/// `\` and line feeds escaped, for HELP in the text format 0.0.4.
void append_line(std::string& to, std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Nothing escaped.
void append_utf8(std::string& to, std::string_view text);

} // namespace http_metrics
