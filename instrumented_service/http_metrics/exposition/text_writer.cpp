#include "instrumented_service/http_metrics/exposition/text_writer.hpp"

#include "instrumented_service/http_metrics/exposition/escaping.hpp"
#include "instrumented_service/http_metrics/exposition/numbers.hpp"

#include <cstddef>
#include <limits>
#include <string_view>
#include <variant>

namespace http_metrics {
namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();

std::string_view type_word(metric_type type)
{
    switch (type) {
    case metric_type::counter:
        return "counter";
    case metric_type::gauge:
        return "gauge";
    case metric_type::summary:
        return "summary";
    case metric_type::histogram:
        return "histogram";
    case metric_type::untyped:
        break;
    }
    return "untyped";
}

} // namespace

text_writer::text_writer(std::string& to) : to_(to), lines_(to, append_bound) {}

void text_writer::begin(const family& next)
{
    lines_.set_name(next.name);
    if (!next.help.empty()) {
        to_.append("# HELP ").append(next.name).append(" ");
        append_line(to_, next.help);
        to_ += '\n';
    }
    to_.append("# TYPE ").append(next.name).append(" ").append(type_word(next.type)).append("\n");
}

void text_writer::add(const series& one)
{
    lines_.set_labels(one.labels);
    std::visit([this](const auto& value) { add_value(value); }, one.value);
}

void text_writer::add_simple(double value)
{
    lines_.add("", value);
    lines_.end_line();
}

void text_writer::add_value(const counter_value& value)
{
    add_simple(value.value);
}

void text_writer::add_value(const gauge_value& value)
{
    add_simple(value.value);
}

void text_writer::add_value(const untyped_value& value)
{
    add_simple(value.value);
}

void text_writer::add_value(const summary_value& value)
{
    for (std::size_t at = 0; at < value.quantiles.size(); ++at) {
        lines_.add_quantile(at, value.quantiles[at]);
        lines_.end_line();
    }
    lines_.add("_sum", value.sum);
    lines_.end_line();
    lines_.add_count("_count", value.count);
    lines_.end_line();
}

void text_writer::add_value(const histogram_value& value)
{
    const auto& buckets = value.buckets;
    for (std::size_t at = 0; at < buckets.size(); ++at) {
        lines_.add_bucket(at, buckets[at].upper_bound, buckets[at].cumulative_count);
        lines_.end_line();
    }
    if (buckets.empty() || buckets.back().upper_bound != infinity) {
        lines_.add_bucket(buckets.size(), infinity, value.count);
        lines_.end_line();
    }
    lines_.add("_sum", value.sum);
    lines_.end_line();
    lines_.add_count("_count", value.count);
    lines_.end_line();
}

} // namespace http_metrics
