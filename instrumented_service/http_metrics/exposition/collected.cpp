#include "instrumented_service/http_metrics/exposition/collected.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include <prometheus/metric_type.h>

namespace http_metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// --- From prometheus-cpp ---

metric_type type_of(const MetricFamily& from)
{
    switch (from.type) {
    case MetricType::Counter:
        return metric_type::counter;
    case MetricType::Gauge:
        return metric_type::gauge;
    case MetricType::Summary:
        return metric_type::summary;
    case MetricType::Histogram:
        return metric_type::histogram;
    case MetricType::Untyped:
        break;
    }
    return metric_type::untyped;
}

summary_value summary_of(const ClientMetric::Summary& from)
{
    summary_value made{.count = from.sample_count, .sum = from.sample_sum, .quantiles = {}};
    made.quantiles.reserve(from.quantile.size());
    for (const auto& each : from.quantile)
        made.quantiles.push_back({each.quantile, each.value});
    return made;
}

histogram_value histogram_of(const ClientMetric::Histogram& from)
{
    histogram_value made{.count = from.sample_count, .sum = from.sample_sum, .buckets = {}};
    made.buckets.reserve(from.bucket.size());
    for (const auto& each : from.bucket)
        made.buckets.push_back({each.upper_bound, each.cumulative_count});
    return made;
}

series series_of(const ClientMetric& from, metric_type type)
{
    series made{{}, untyped_value{from.untyped.value}};
    made.labels.reserve(from.label.size());
    for (const auto& [name, value] : from.label)
        made.labels.emplace_back(name, value);
    switch (type) {
    case metric_type::counter:
        made.value = counter_value{from.counter.value};
        break;
    case metric_type::gauge:
        made.value = gauge_value{from.gauge.value};
        break;
    case metric_type::summary:
        made.value = summary_of(from.summary);
        break;
    case metric_type::histogram:
        made.value = histogram_of(from.histogram);
        break;
    case metric_type::untyped:
        break;
    }
    return made;
}

class collected_reading final : public metric_reading {
public:
    explicit collected_reading(std::vector<MetricFamily> families) : families_(std::move(families)) {}

    bool next(metric_sink& to) override
    {
        if (family_ == families_.size())
            return false;
        const auto& now = families_[family_];
        if (!std::exchange(is_begun_, true)) {
            to.begin({now.name, now.help, type_of(now)});
            return true;
        }
        if (series_ < now.metric.size()) {
            to.add(series_of(now.metric[series_++], type_of(now)));
            return true;
        }
        is_begun_ = false;
        series_ = 0;
        return ++family_ < families_.size();
    }

private:
    std::vector<MetricFamily> families_;
    std::size_t family_ = 0;
    std::size_t series_ = 0;
    bool is_begun_ = false; ///< whether the family's head has been handed over
};

// --- To prometheus-cpp ---

MetricType type_for(metric_type type)
{
    switch (type) {
    case metric_type::counter:
        return MetricType::Counter;
    case metric_type::gauge:
        return MetricType::Gauge;
    case metric_type::summary:
        return MetricType::Summary;
    case metric_type::histogram:
        return MetricType::Histogram;
    case metric_type::untyped:
        break;
    }
    return MetricType::Untyped;
}

void set_value(ClientMetric& made, const counter_value& from)
{
    made.counter.value = from.value;
}

void set_value(ClientMetric& made, const gauge_value& from)
{
    made.gauge.value = from.value;
}

void set_value(ClientMetric& made, const untyped_value& from)
{
    made.untyped.value = from.value;
}

void set_value(ClientMetric& made, const summary_value& from)
{
    made.summary.sample_count = from.count;
    made.summary.sample_sum = from.sum;
    for (const auto& each : from.quantiles)
        made.summary.quantile.push_back({each.which, each.value});
}

void set_value(ClientMetric& made, const histogram_value& from)
{
    made.histogram.sample_count = from.count;
    made.histogram.sample_sum = from.sum;
    for (const auto& each : from.buckets)
        made.histogram.bucket.push_back({each.cumulative_count, each.upper_bound});
}

} // namespace

collected::collected(std::shared_ptr<const prometheus::Collectable> from) : from_(std::move(from)) {}

collected::collected(const prometheus::Collectable& from) : from_(std::shared_ptr<void>(), &from) {}

std::unique_ptr<metric_reading> collected::read() const
{
    return std::make_unique<collected_reading>(from_->Collect());
}

void collecting_sink::begin(const family& next)
{
    MetricFamily made;
    made.name = next.name;
    made.help = next.help;
    made.type = type_for(next.type);
    families_.push_back(std::move(made));
}

void collecting_sink::add(const series& one)
{
    ClientMetric made;
    for (const auto& [name, value] : one.labels)
        made.label.push_back({name, value});
    std::visit([&made](const auto& value) { set_value(made, value); }, one.value);
    families_.back().metric.push_back(std::move(made));
}

std::vector<MetricFamily> collect(const metric_source& from)
{
    collecting_sink sink;
    const auto reading = from.read();
    while (reading->next(sink)) {
    }
    return sink.take();
}

std::vector<MetricFamily> as_collectable::Collect() const
{
    return collect(*from_);
}

} // namespace http_metrics
