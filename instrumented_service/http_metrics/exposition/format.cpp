#include "instrumented_service/http_metrics/exposition/format.hpp"

#include "instrumented_service/http_metrics/exposition/openmetrics_writer.hpp"
#include "instrumented_service/http_metrics/exposition/protobuf_writer.hpp"
#include "instrumented_service/http_metrics/exposition/text_writer.hpp"
#include "proto_http/fields.hpp"
#include "proto_http/preferences.hpp"

#include <optional>

namespace http_metrics {
namespace {

using proto_http::equal_ignoring_case;
using proto_http::preference;

constexpr negotiated_format text{exposition_format::text, "text/plain; version=0.0.4; charset=utf-8"};
constexpr negotiated_format openmetrics{exposition_format::openmetrics,
                                        "application/openmetrics-text; version=1.0.0; charset=utf-8"};
constexpr negotiated_format old_openmetrics{exposition_format::openmetrics,
                                            "application/openmetrics-text; version=0.0.1; charset=utf-8"};
constexpr negotiated_format protobuf{
    exposition_format::protobuf,
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"};

bool is_text(const preference& wanted)
{
    if (wanted.what == "*/*" || equal_ignoring_case(wanted.what, "text/*"))
        return true;
    const auto version = wanted.parameter("version");
    return equal_ignoring_case(wanted.what, "text/plain") && (version.empty() || version == "0.0.4");
}

bool is_protobuf(const preference& wanted)
{
    return equal_ignoring_case(wanted.what, "application/vnd.google.protobuf") &&
           wanted.parameter("proto") == "io.prometheus.client.MetricFamily" &&
           wanted.parameter("encoding") == "delimited";
}

std::optional<negotiated_format> openmetrics_for(const preference& wanted)
{
    if (!equal_ignoring_case(wanted.what, "application/openmetrics-text"))
        return std::nullopt;
    const auto version = wanted.parameter("version");
    if (version.empty() || version == "1.0.0")
        return openmetrics;
    return version == "0.0.1" ? std::optional(old_openmetrics) : std::nullopt;
}

} // namespace

negotiated_format negotiate(std::string_view accept, const offered_formats& offered)
{
    for (const auto& wanted : proto_http::preferences(accept)) {
        if (wanted.weight <= 0)
            break; // so are all that follow
        if (is_text(wanted))
            return text;
        if (offered.protobuf && is_protobuf(wanted))
            return protobuf;
        if (const auto found = openmetrics_for(wanted); offered.openmetrics && found)
            return *found;
    }
    return text;
}

std::unique_ptr<exposition_writer> make_writer(exposition_format format, std::string& to)
{
    switch (format) {
    case exposition_format::openmetrics:
        return std::make_unique<openmetrics_writer>(to);
    case exposition_format::protobuf:
        return std::make_unique<protobuf_writer>(to);
    case exposition_format::text:
        break;
    }
    return std::make_unique<text_writer>(to);
}

std::string_view family_name(exposition_format format, const family& of) noexcept
{
    return format == exposition_format::openmetrics ? openmetrics_name(of) : std::string_view(of.name);
}

} // namespace http_metrics
