#include "instrumented_service/http_metrics/exposition/protobuf_writer.hpp"

#include "instrumented_service/http_metrics/exposition/escaping.hpp"
#include "instrumented_service/http_metrics/exposition/openmetrics_writer.hpp"

#include <cmath>
#include <variant>

#include <protozero/pbf_writer.hpp>

namespace http_metrics {
namespace {

using protozero::pbf_writer;

// Field numbers of client_model's metrics.proto.
namespace tag {
namespace family {
enum : protozero::pbf_tag_type { name = 1, help = 2, type = 3, metric = 4, unit = 5 };
}
namespace metric {
enum : protozero::pbf_tag_type { label = 1, gauge = 2, counter = 3, summary = 4, untyped = 5, histogram = 7 };
}
namespace label {
enum : protozero::pbf_tag_type { name = 1, value = 2 };
}
namespace simple { // Gauge, Untyped
enum : protozero::pbf_tag_type { value = 1 };
}
namespace counter {
enum : protozero::pbf_tag_type { value = 1, created = 3 };
}
namespace summary {
enum : protozero::pbf_tag_type { count = 1, sum = 2, quantile = 3, created = 4 };
}
namespace quantile {
enum : protozero::pbf_tag_type { which = 1, value = 2 };
}
namespace histogram {
enum : protozero::pbf_tag_type {
    count = 1,
    sum = 2,
    bucket = 3,
    schema = 5,
    zero_threshold = 6,
    zero_count = 7,
    positive_span = 12,
    positive_delta = 13,
    created = 15
};
}
namespace bucket {
enum : protozero::pbf_tag_type { cumulative_count = 1, upper_bound = 2, exemplar = 3 };
}
namespace span {
enum : protozero::pbf_tag_type { offset = 1, length = 2 };
}
namespace exemplar {
enum : protozero::pbf_tag_type { label = 1, value = 2, timestamp = 3 };
}
namespace timestamp {
enum : protozero::pbf_tag_type { seconds = 1, nanos = 2 };
}
} // namespace tag

constexpr std::size_t length_bytes = 5;

/// Prometheus 2.42 takes a histogram without observations for a classic one if nothing is said of zero
/// (model/textparse/protobufparse.go, isNativeHistogram). 2^-128 is what client_golang says.
constexpr double least_zero_threshold = 0x1p-128;

/// Up to so many empty buckets are cheaper than a new span, as client_golang has it.
constexpr std::int32_t bridged_gap = 2;

std::int32_t type_number(metric_type type)
{
    switch (type) {
    case metric_type::counter:
        return 0;
    case metric_type::gauge:
        return 1;
    case metric_type::summary:
        return 2;
    case metric_type::histogram:
        return 4;
    case metric_type::untyped:
        break;
    }
    return 3;
}

void add_text(pbf_writer& to, protozero::pbf_tag_type field, const std::string& text)
{
    if (is_utf8(text)) {
        to.add_string(field, text);
        return;
    }
    std::string repaired;
    append_utf8(repaired, text);
    to.add_string(field, repaired);
}

void add_labels(pbf_writer& to, protozero::pbf_tag_type field, const label_list& labels)
{
    for (const auto& [name, value] : labels) {
        pbf_writer pair(to, field);
        add_text(pair, tag::label::name, name);
        add_text(pair, tag::label::value, value);
    }
}

void add_time(pbf_writer& to, protozero::pbf_tag_type field, double unix_seconds)
{
    // Microseconds are what a double has room for.
    const auto microseconds = std::llround(unix_seconds * 1e6);
    const auto seconds = (microseconds - (microseconds < 0 ? 999'999 : 0)) / 1'000'000;
    pbf_writer time(to, field);
    time.add_int64(tag::timestamp::seconds, seconds);
    time.add_int32(tag::timestamp::nanos, static_cast<std::int32_t>(microseconds - seconds * 1'000'000) * 1'000);
}

void add_created(pbf_writer& to, protozero::pbf_tag_type field, const std::optional<double>& created)
{
    if (created)
        add_time(to, field, *created);
}

void add_exemplar(pbf_writer& to, const exemplar& one)
{
    pbf_writer written(to, tag::bucket::exemplar);
    add_labels(written, tag::exemplar::label, one.labels);
    written.add_double(tag::exemplar::value, one.value);
    if (one.unix_seconds != 0)
        add_time(written, tag::exemplar::timestamp, one.unix_seconds);
}

void add_bucket(pbf_writer& to, const histogram_value::bucket& one)
{
    pbf_writer bucket(to, tag::histogram::bucket);
    bucket.add_uint64(tag::bucket::cumulative_count, one.cumulative_count);
    bucket.add_double(tag::bucket::upper_bound, one.upper_bound);
    if (one.example && is_sendable(*one.example))
        add_exemplar(bucket, *one.example);
}

void add_native(pbf_writer& to, const native_buckets& native, bucket_spans& spans)
{
    to.add_sint32(tag::histogram::schema, native.schema);
    to.add_double(tag::histogram::zero_threshold,
                  native.zero_threshold > 0 ? native.zero_threshold : least_zero_threshold);
    to.add_uint64(tag::histogram::zero_count, native.zero_count);
    spans.assign(native.positive);
    for (const auto& [offset, length] : spans.spans) {
        pbf_writer span(to, tag::histogram::positive_span);
        span.add_sint32(tag::span::offset, offset);
        span.add_uint32(tag::span::length, length);
    }
    for (const auto delta : spans.deltas)
        to.add_sint64(tag::histogram::positive_delta, delta);
}

void add_value(pbf_writer& metric, const counter_value& value, bucket_spans&)
{
    pbf_writer counter(metric, tag::metric::counter);
    counter.add_double(tag::counter::value, value.value);
    add_created(counter, tag::counter::created, value.created);
}

void add_value(pbf_writer& metric, const gauge_value& value, bucket_spans&)
{
    pbf_writer gauge(metric, tag::metric::gauge);
    gauge.add_double(tag::simple::value, value.value);
}

void add_value(pbf_writer& metric, const untyped_value& value, bucket_spans&)
{
    pbf_writer untyped(metric, tag::metric::untyped);
    untyped.add_double(tag::simple::value, value.value);
}

void add_value(pbf_writer& metric, const summary_value& value, bucket_spans&)
{
    pbf_writer summary(metric, tag::metric::summary);
    summary.add_uint64(tag::summary::count, value.count);
    summary.add_double(tag::summary::sum, value.sum);
    for (const auto& [which, number] : value.quantiles) {
        pbf_writer quantile(summary, tag::summary::quantile);
        quantile.add_double(tag::quantile::which, which);
        quantile.add_double(tag::quantile::value, number);
    }
    add_created(summary, tag::summary::created, value.created);
}

void add_value(pbf_writer& metric, const histogram_value& value, bucket_spans& spans)
{
    pbf_writer histogram(metric, tag::metric::histogram);
    histogram.add_uint64(tag::histogram::count, value.count);
    histogram.add_double(tag::histogram::sum, value.sum);
    for (const auto& each : value.buckets)
        add_bucket(histogram, each);
    if (value.native)
        add_native(histogram, *value.native, spans);
    add_created(histogram, tag::histogram::created, value.created);
}

} // namespace

void bucket_spans::assign(const std::vector<std::pair<std::int32_t, std::uint64_t>>& buckets)
{
    spans.clear();
    deltas.clear();
    std::int32_t next_index = 0;
    std::int64_t last_count = 0;
    const auto add_count = [&](std::int64_t count) {
        deltas.push_back(count - last_count);
        last_count = count;
        ++spans.back().length;
    };
    for (const auto& [index, count] : buckets) {
        const auto gap = index - next_index;
        if (spans.empty() || gap > bridged_gap)
            spans.push_back({gap, 0});
        else
            for (auto at = next_index; at < index; ++at)
                add_count(0);
        add_count(static_cast<std::int64_t>(count));
        next_index = index + 1;
    }
}

void protobuf_writer::begin(const family& next)
{
    end_family();
    open_ = to_.size();
    to_.append(length_bytes, '\0');
    pbf_writer written(to_);
    add_text(written, tag::family::name, next.name);
    add_text(written, tag::family::help, next.help);
    written.add_enum(tag::family::type, type_number(next.type));
    if (const auto unit = openmetrics_unit(next); !unit.empty())
        written.add_string(tag::family::unit, unit.data(), unit.size());
}

void protobuf_writer::add(const series& one)
{
    pbf_writer written(to_);
    pbf_writer metric(written, tag::family::metric);
    add_labels(metric, tag::metric::label, one.labels);
    std::visit([&](const auto& value) { add_value(metric, value, spans_); }, one.value);
}

void protobuf_writer::finish()
{
    end_family();
}

void protobuf_writer::end_family()
{
    if (!open_)
        return;
    auto length = to_.size() - *open_ - length_bytes;
    for (std::size_t at = 0; at < length_bytes; ++at, length >>= 7U) {
        const bool is_last = at + 1 == length_bytes;
        to_[*open_ + at] = static_cast<char>((length & 0x7FU) | (is_last ? 0U : 0x80U));
    }
    open_.reset();
}

} // namespace http_metrics
