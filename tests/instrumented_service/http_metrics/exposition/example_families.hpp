#pragma once

#include "instrumented_service/http_metrics/metric.hpp"
#include "instrumented_service/http_metrics/ready_families.hpp"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace http_metrics {

/// One family of each kind, with what can be odd about it. tests/testdata/exposition has them in all formats.
inline std::vector<ready_family> example_families()
{
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();
    const exemplar traced{{{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}}, 0.043, 1700000000.25};

    ready_family counter{{"example_requests_total", "Requests, \"all\" of them.\nA back\\slash.", metric_type::counter},
                         {}};
    counter.all = {
        {{{"method", "get"}, {"path", "C:\\DIR\n\"x\""}}, counter_value{1027, 1700000000.5}},
        {{{"method", "p\xC3\xB6st"}, {"path", "\xFF"}}, counter_value{0.1, {}}},
    };

    ready_family gauge{{"example_temperature_celsius", "How warm it is.", metric_type::gauge, "celsius"}, {}};
    gauge.all = {
        {{{"place", "in"}}, gauge_value{-12.5}},
        {{{"place", "out"}}, gauge_value{infinity}},
        {{{"place", "space"}}, gauge_value{-infinity}},
        {{{"place", "nowhere"}}, gauge_value{not_a_number}},
    };

    ready_family untyped{
        {"example_anything", "No type, and the unit is not in the name.", metric_type::untyped, "bytes"}, {}};
    untyped.all = {{{}, untyped_value{1e300}}};

    ready_family summary{{"example_rpc_seconds", "How long calls took.", metric_type::summary, "seconds"}, {}};
    summary.all = {
        {{{"service", "a"}}, summary_value{4, 10.5, {{0.5, 2}, {0.99, not_a_number}, {1, 7.25}}, 1700000000}},
        {{{"service", "b"}}, summary_value{0, 0, {}, {}}},
    };

    ready_family histogram{{"example_latency_seconds", "How long requests took.", metric_type::histogram, "seconds"},
                           {}};
    histogram_value full;
    full.count = 9;
    full.sum = 20.25;
    full.buckets = {{0.00001, 1, {}}, {0.05, 3, traced}, {1, 5, {}}, {1e6, 9, {}}, {infinity, 9, exemplar{{}, 3, 0}}};
    full.native = native_buckets{0, 0.0009765625, 1, {{-5, 2}, {-4, 1}, {0, 3}, {9, 2}}};
    full.created = 1700000000.125;
    histogram_value empty;
    empty.buckets = {{0.5, 0, {}}}; // the bucket of everything is missing
    empty.native = native_buckets{3, 0, 0, {}};
    histogram.all = {{{{"path", "/"}}, full}, {{{"path", "/none"}}, empty}};

    return {counter, gauge, untyped, summary, histogram};
}

/// A source that is ready made.
class example_source final : public metric_source {
public:
    explicit example_source(std::vector<ready_family> families = example_families()) : families_(std::move(families)) {}

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override
    {
        return std::make_unique<ready_reading>(families_);
    }

private:
    std::vector<ready_family> families_;
};

/// Hands over all that a source has.
inline void copy_families(const metric_source& from, metric_sink& to)
{
    const auto reading = from.read();
    bool more = true;
    while (more)
        more = reading->next(to);
}

} // namespace http_metrics
