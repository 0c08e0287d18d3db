#pragma once

#include "instrumented_service/http_metrics/exposition/exposition_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace http_metrics {

enum class exposition_format : std::uint8_t { text, openmetrics, protobuf };
inline constexpr std::size_t exposition_format_count = 3;

/// What may be answered besides the text format 0.0.4, which is always there.
struct offered_formats {
    bool openmetrics = true;
    bool protobuf = true;
};

struct negotiated_format {
    exposition_format format = exposition_format::text;
    std::string_view content_type; ///< of the answer
};

/// The format that a scraper likes best, by its weights, ties in its own order. The text format for `*/*`, for no
/// Accept header, and where nothing that is asked for is known: a scraper that cannot read it says so itself.
///
/// OpenMetrics 1.0.0 and its predecessor 0.0.1 are the same bytes, answered by the name that was asked for.
///
/// @param accept  the Accept header
/// Source: prometheus/common, expfmt.NegotiateIncludingOpenMetrics; Prometheus 2.42 scrape/scrape.go, acceptHeader and
/// acceptHeaderWithProtobuf.
[[nodiscard]] negotiated_format negotiate(std::string_view accept, const offered_formats& offered = {});

/// @param to  must outlive the writer
[[nodiscard]] std::unique_ptr<exposition_writer> make_writer(exposition_format format, std::string& to);

/// A family's name as that format has it: no two families may have the same.
[[nodiscard]] std::string_view family_name(exposition_format format, const family& of) noexcept;

} // namespace http_metrics
