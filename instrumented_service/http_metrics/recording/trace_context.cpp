#include "instrumented_service/http_metrics/recording/trace_context.hpp"

#include <algorithm>

namespace http_metrics {
namespace {

bool is_hex(std::string_view text) noexcept
{
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text) noexcept
{
    return text.find_first_not_of('0') == std::string_view::npos;
}

bool is_odd(char hex_digit) noexcept
{
    return std::string_view("13579bdf").find(hex_digit) != std::string_view::npos;
}

} // namespace

std::optional<trace_context> parse_traceparent(std::string_view header) noexcept
{
    constexpr std::size_t size = 55; // of version 00: 2 + 1 + 32 + 1 + 16 + 1 + 2
    if (header.size() < size || header[2] != '-' || header[35] != '-' || header[52] != '-')
        return std::nullopt;
    const auto version = header.substr(0, 2);
    const auto trace = header.substr(3, 32);
    const auto span = header.substr(36, 16);
    const auto flags = header.substr(53, 2);
    const bool is_hex_throughout = is_hex(version) && is_hex(trace) && is_hex(span) && is_hex(flags);
    const bool is_right_size = version == "00" ? header.size() == size : header.size() == size || header[size] == '-';
    if (!is_hex_throughout || !is_right_size || version == "ff" || is_zero(trace) || is_zero(span))
        return std::nullopt;

    trace_context found;
    std::ranges::copy(trace, found.trace_id.begin());
    std::ranges::copy(span, found.span_id.begin());
    found.is_sampled = is_odd(flags.back());
    return found;
}

} // namespace http_metrics
