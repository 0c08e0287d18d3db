#include "instrumented_service/http_metrics/exposition/format.hpp"
#include "proto_http/gzip.hpp"
#include "proto_http/preferences.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

/// An Accept or Accept-Encoding header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto header = input.rest();

    double last_weight = 1;
    for (const auto& each : proto_http::preferences(header)) {
        fuzz::require(!each.what.empty(), "a choice has a name");
        fuzz::require(each.weight >= 0 && each.weight <= last_weight, "the best comes first");
        last_weight = each.weight;
        fuzz::require(header.find(each.what) != std::string_view::npos, "a name is the header's");
        for (const auto& [name, value] : each.parameters)
            fuzz::require(header.find(name) != std::string_view::npos && header.find(value) != std::string_view::npos,
                          "so is a parameter");
    }

    using http_metrics::exposition_format;
    http_metrics::offered_formats only_text;
    only_text.openmetrics = false;
    only_text.protobuf = false;
    fuzz::require(http_metrics::negotiate(header, only_text).format == exposition_format::text,
                  "what is not offered is not chosen");
    const auto chosen = http_metrics::negotiate(header);
    fuzz::require(chosen.content_type.starts_with(chosen.format == exposition_format::text ? "text/" : "application/"),
                  "a format has its own content type");

    fuzz::require(!proto_http::accepts_gzip("gzip;q=0," + std::string(header)) || proto_http::accepts_gzip(header),
                  "a refusal allows nothing");
    fuzz::require(http_metrics::negotiate(chosen.content_type).format == chosen.format,
                  "a content type asks for its own format");
    return 0;
}
