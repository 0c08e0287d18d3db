#include "instrumented_service/http_metrics/recording/trace_context.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string_view>

/// A `traceparent` header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto header = input.rest();

    const auto found = http_metrics::parse_traceparent(header);
    if (!found)
        return 0;
    const std::string_view trace(found->trace_id.data(), found->trace_id.size());
    const std::string_view span(found->span_id.data(), found->span_id.size());
    for (const auto id : {trace, span}) {
        fuzz::require(header.find(id) != std::string_view::npos, "an ID is the header's");
        fuzz::require(id.find_first_not_of("0123456789abcdef") == std::string_view::npos, "an ID is hexadecimal");
        fuzz::require(id.find_first_not_of('0') != std::string_view::npos, "an ID is not zero");
    }
    return 0;
}
