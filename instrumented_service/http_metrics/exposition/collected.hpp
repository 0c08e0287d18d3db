#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

/// Between prometheus-cpp's metrics and ours, both ways.
namespace http_metrics {

/// The metrics of a prometheus-cpp registry, or of anything else that can be collected.
///
/// A reading collects everything when it begins, since prometheus-cpp has no other way: 10,000 series keep a thread for
/// some 10 to 100 ms. A scrape page should begin such readings beside the reactor (`read_on::helper`), which is safe
/// with prometheus-cpp's own classes. Timestamps of single metrics are not taken over: Prometheus advises against them.
class collected final : public metric_source {
public:
    /// Two owners, as prometheus-cpp's exposer has it: this, and who changes the metrics.
    explicit collected(std::shared_ptr<const prometheus::Collectable> from);
    /// @param from  must outlive this and its readings
    explicit collected(const prometheus::Collectable& from);

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    std::shared_ptr<const prometheus::Collectable> from_;
};

/// Makes prometheus-cpp's families of what it is given. Exemplars, native buckets, units and times of creation have no
/// place there.
class collecting_sink final : public metric_sink {
public:
    void begin(const family& next) override;
    void add(const series& one) override;

    [[nodiscard]] std::vector<prometheus::MetricFamily> take() noexcept { return std::move(families_); }

private:
    std::vector<prometheus::MetricFamily> families_;
};

/// Everything that a source has, at once: for sources of a few series.
[[nodiscard]] std::vector<prometheus::MetricFamily> collect(const metric_source& from);

/// Offers a source of ours to prometheus-cpp, for its exposer, say.
///
/// The exposer collects on threads of its own: a source that belongs to a reactor cannot be offered to it.
class as_collectable final : public prometheus::Collectable {
public:
    /// Two owners: this, and who counts with the source.
    explicit as_collectable(std::shared_ptr<const metric_source> from) : from_(std::move(from)) {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    std::shared_ptr<const metric_source> from_;
};

} // namespace http_metrics
