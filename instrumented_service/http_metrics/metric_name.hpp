#pragma once

#include <string_view>

/// What Prometheus takes as names (data model, "Metric names and labels"). Names known when the program is compiled can
/// be checked then: `static_assert(is_metric_name("account_service"))`.
namespace http_metrics {

[[nodiscard]] constexpr bool is_metric_name(std::string_view text) noexcept
{
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    };
    if (text.empty() || !is_letter(text.front()))
        return false;
    for (const char c : text)
        if (!is_letter(c) && !(c >= '0' && c <= '9'))
            return false;
    return true;
}

/// Names that begin with two underscores are Prometheus' own.
[[nodiscard]] constexpr bool is_label_name(std::string_view text) noexcept
{
    return is_metric_name(text) && text.find(':') == std::string_view::npos && !text.starts_with("__");
}

} // namespace http_metrics
