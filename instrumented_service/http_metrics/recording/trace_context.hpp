#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace http_metrics {

/// The trace that a request belongs to.
struct trace_context {
    std::array<char, 32> trace_id{}; ///< lower-case hexadecimal digits
    std::array<char, 16> span_id{};
    bool is_sampled = false; ///< whether somebody keeps the trace
};

/// Reads a `traceparent` header (W3C Trace Context, level 1, §3.2): `00-<trace>-<span>-<flags>`. Of a later version the
/// part that it has in common is read.
///
/// @return nothing when it is no such header, or an ID is all zeros
[[nodiscard]] std::optional<trace_context> parse_traceparent(std::string_view header) noexcept;

} // namespace http_metrics
