#include "instrumented_service/http_metrics/prometheus_families.hpp"

#include <utility>

namespace http_metrics {
namespace {

prometheus::MetricType type_of(metric_type type)
{
    switch (type) {
    case metric_type::counter:
        return prometheus::MetricType::Counter;
    case metric_type::gauge:
        return prometheus::MetricType::Gauge;
    case metric_type::summary:
        return prometheus::MetricType::Summary;
    case metric_type::histogram:
        return prometheus::MetricType::Histogram;
    case metric_type::untyped:
        break;
    }
    return prometheus::MetricType::Untyped;
}

void put(const counter_value& from, prometheus::ClientMetric& to)
{
    to.counter.value = from.value;
}

void put(const gauge_value& from, prometheus::ClientMetric& to)
{
    to.gauge.value = from.value;
}

void put(const untyped_value& from, prometheus::ClientMetric& to)
{
    to.untyped.value = from.value;
}

void put(const summary_value& from, prometheus::ClientMetric& to)
{
    to.summary.sample_count = from.count;
    to.summary.sample_sum = from.sum;
    for (const auto& [which, value] : from.quantiles)
        to.summary.quantile.push_back({which, value});
}

void put(const histogram_value& from, prometheus::ClientMetric& to)
{
    to.histogram.sample_count = from.count;
    to.histogram.sample_sum = from.sum;
    for (const auto& each : from.buckets)
        to.histogram.bucket.push_back({each.cumulative_count, each.upper_bound});
}

class family_sink final : public metric_sink {
public:
    void begin(const family& next) override
    {
        auto& added = families.emplace_back();
        added.name = next.name;
        added.help = next.help;
        added.type = type_of(next.type);
    }

    void add(const series& one) override
    {
        auto& added = families.back().metric.emplace_back();
        for (const auto& [name, value] : one.labels)
            added.label.push_back({name, value});
        std::visit([&added](const auto& value) { put(value, added); }, one.value);
    }

    std::vector<prometheus::MetricFamily> families;
};

} // namespace

std::vector<prometheus::MetricFamily> prometheus_families(const metric_source& from)
{
    family_sink sink;
    const auto reading = from.read();
    while (reading->next(sink)) {
    }
    return std::move(sink.families);
}

} // namespace http_metrics
