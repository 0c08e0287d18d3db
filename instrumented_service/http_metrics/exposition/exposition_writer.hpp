#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <cstddef>

namespace http_metrics {

/// Writes families and series in one format to the end of a string, which belongs to somebody else.
///
/// Names of families and labels are taken as they are: who makes them checks them. A family must have been begun before
/// a series is added, and a series' value is of the kind that its family's type says.
class exposition_writer : public metric_sink {
public:
    virtual ~exposition_writer() = default;

    /// Writes what the format wants behind the last series.
    virtual void finish() = 0;

    /// How many bytes of the string will not be touched any more. Where that is all of them, the string may be cleared.
    [[nodiscard]] virtual std::size_t settled_bytes() const = 0;
};

} // namespace http_metrics
