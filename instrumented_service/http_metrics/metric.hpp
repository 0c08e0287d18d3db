#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a scrape is made of, before any format: families of series and what has them.
///
/// Richer than prometheus-cpp's `ClientMetric`: exemplars, native histograms, units.
namespace http_metrics {

using label = std::pair<std::string, std::string>;
using label_list = std::vector<label>;

enum class metric_type : std::uint8_t { counter, gauge, summary, histogram, untyped };

/// One series family. Counters' names end in `_total` in every format's sample lines; OpenMetrics wants them without it
/// in HELP and TYPE, which is the writer's business.
struct family {
    std::string name;
    std::string help;
    metric_type type = metric_type::untyped;
    std::string unit{}; ///< `seconds`, `bytes`, or none; the name ends in it (before `_total`)
};

/// An observation that stands for others, with the trace it belongs to (OpenMetrics 1.0 §4.6.1: names and values of its
/// labels have at most 128 characters together).
struct exemplar {
    label_list labels;
    double value = 0;
    double unix_seconds = 0;
};

struct counter_value {
    double value = 0;
    std::optional<double> created{}; ///< Unix time in seconds
};

struct gauge_value {
    double value = 0;
};

struct untyped_value {
    double value = 0;
};

struct summary_value {
    struct quantile {
        double which = 0;
        double value = 0; ///< not a number where the window holds no observation
    };
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<quantile> quantiles;
    std::optional<double> created{}; ///< Unix time in seconds
};

/// Exponential buckets: number `index` holds what is in (2^((index-1)·2^-schema), 2^(index·2^-schema)].
///
/// Source: Prometheus' metrics.proto, message Histogram.
struct native_buckets {
    std::int32_t schema = 3;
    double zero_threshold = 0;
    std::uint64_t zero_count = 0;
    std::vector<std::pair<std::int32_t, std::uint64_t>> positive; ///< index, count; by index, no empty ones
};

struct histogram_value {
    struct bucket {
        double upper_bound = 0; ///< inclusive; the last one is +Inf
        std::uint64_t cumulative_count = 0;
        std::optional<exemplar> example{};
    };
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<bucket> buckets;
    std::optional<native_buckets> native{}; ///< only the protobuf format has room for them
    std::optional<double> created{};        ///< Unix time in seconds
};

struct series {
    label_list labels;
    std::variant<counter_value, gauge_value, untyped_value, summary_value, histogram_value> value;
};

/// Takes families one after the other, each followed by its series: a format's writer, or whoever wants the values.
class metric_sink {
public:
    virtual void begin(const family& next) = 0;
    virtual void add(const series& one) = 0;

protected:
    ~metric_sink() = default;
};

/// One pass over a source, in small pieces, so that a reactor can do something else between them.
class metric_reading {
public:
    virtual ~metric_reading() = default;

    /// Hands over the next family's head or one series.
    ///
    /// @return whether there may be more
    virtual bool next(metric_sink& to) = 0;
};

/// Something that has metrics.
class metric_source {
public:
    virtual ~metric_source() = default;

    /// Values are those of the moment at which they are handed over: a series is consistent in itself, two series need
    /// not be. The source must outlive the reading.
    [[nodiscard]] virtual std::unique_ptr<metric_reading> read() const = 0;
};

} // namespace http_metrics
