#pragma once

#include "instrumented_service/http_metrics/metric.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"

#include <memory>
#include <vector>

namespace http_metrics {

/// What a middleware has recorded. All of it must outlive the reading.
struct recorded {
    const middleware_options* options;
    const recording* in;
    const std::vector<std::shared_ptr<recorder>>* recorders;
};

/// The families of the namings that are wanted, one recorder's series at a time.
[[nodiscard]] std::unique_ptr<metric_reading> read_families(const recorded& from);

} // namespace http_metrics
