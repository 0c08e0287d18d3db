#include "instrumented_service/http_metrics/exposition/openmetrics_writer.hpp"

#include "instrumented_service/http_metrics/exposition/escaping.hpp"
#include "instrumented_service/http_metrics/exposition/numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <variant>

namespace http_metrics {
namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();
constexpr std::string_view counter_suffix = "_total";

/// OpenMetrics 1.0 §4.6.1.
constexpr std::size_t most_exemplar_characters = 128;

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
    return "unknown";
}

std::size_t count_characters(std::string_view text) noexcept
{
    const auto is_first_byte = [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; };
    return static_cast<std::size_t>(std::ranges::count_if(text, is_first_byte));
}

} // namespace

std::string_view openmetrics_name(const family& of) noexcept
{
    std::string_view name = of.name;
    if (of.type == metric_type::counter && name.ends_with(counter_suffix))
        name.remove_suffix(counter_suffix.size());
    return name;
}

std::string_view openmetrics_unit(const family& of) noexcept
{
    auto name = openmetrics_name(of);
    if (of.unit.empty() || !name.ends_with(of.unit))
        return {};
    name.remove_suffix(of.unit.size());
    return name.size() > 1 && name.ends_with('_') ? std::string_view(of.unit) : std::string_view{};
}

bool is_sendable(const exemplar& one) noexcept
{
    std::size_t characters = 0;
    for (const auto& [name, value] : one.labels)
        characters += count_characters(name) + count_characters(value);
    return characters <= most_exemplar_characters;
}

openmetrics_writer::openmetrics_writer(std::string& to) : to_(to), lines_(to, append_canonical_bound) {}

void openmetrics_writer::begin(const family& next)
{
    const auto name = openmetrics_name(next);
    lines_.set_name(name);
    add_head("# TYPE ", name, type_word(next.type));
    to_ += '\n';
    if (const auto unit = openmetrics_unit(next); !unit.empty()) {
        add_head("# UNIT ", name, unit);
        to_ += '\n';
    }
    if (!next.help.empty()) {
        add_head("# HELP ", name, {});
        append_quotable(to_, next.help);
        to_ += '\n';
    }
}

void openmetrics_writer::add(const series& one)
{
    lines_.set_labels(one.labels);
    std::visit([this](const auto& value) { add_value(value); }, one.value);
}

void openmetrics_writer::finish()
{
    to_ += "# EOF\n";
}

void openmetrics_writer::add_head(std::string_view word, std::string_view name, std::string_view text)
{
    to_ += word;
    to_ += name;
    to_ += ' ';
    to_ += text;
}

void openmetrics_writer::add_line(std::string_view suffix, double value)
{
    lines_.add(suffix, value);
    lines_.end_line();
}

void openmetrics_writer::add_count(std::uint64_t count)
{
    lines_.add_count("_count", count);
    lines_.end_line();
}

void openmetrics_writer::add_created(const std::optional<double>& created)
{
    if (!created)
        return;
    lines_.start_line("_created");
    append_time(to_, *created);
    lines_.end_line();
}

void openmetrics_writer::add_value(const counter_value& value)
{
    add_line(counter_suffix, value.value);
    add_created(value.created);
}

void openmetrics_writer::add_value(const gauge_value& value)
{
    add_line("", value.value);
}

void openmetrics_writer::add_value(const untyped_value& value)
{
    add_line("", value.value);
}

void openmetrics_writer::add_value(const summary_value& value)
{
    for (std::size_t at = 0; at < value.quantiles.size(); ++at) {
        lines_.add_quantile(at, value.quantiles[at]);
        lines_.end_line();
    }
    add_line("_sum", value.sum);
    add_count(value.count);
    add_created(value.created);
}

void openmetrics_writer::add_value(const histogram_value& value)
{
    const auto& buckets = value.buckets;
    for (std::size_t at = 0; at < buckets.size(); ++at) {
        lines_.add_bucket(at, buckets[at].upper_bound, buckets[at].cumulative_count);
        if (buckets[at].example && is_sendable(*buckets[at].example))
            add_example(*buckets[at].example);
        lines_.end_line();
    }
    if (buckets.empty() || buckets.back().upper_bound != infinity) {
        lines_.add_bucket(buckets.size(), infinity, value.count);
        lines_.end_line();
    }
    add_line("_sum", value.sum);
    add_count(value.count);
    add_created(value.created);
}

/// ` # {trace_id="abc"} 0.67 1520879607.789`
void openmetrics_writer::add_example(const exemplar& one)
{
    to_ += " # {";
    append_labels(to_, one.labels);
    to_ += "} ";
    append_value(to_, one.value);
    if (one.unix_seconds == 0)
        return;
    to_ += ' ';
    append_time(to_, one.unix_seconds);
}

} // namespace http_metrics
