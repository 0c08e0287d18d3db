#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace http_metrics {

/// The standard `process_*` metrics of this process, and what its allocator holds. What cannot be read is left out.
///
/// A reading takes its values when it is first asked for something, some 20 µs with thousands of descriptors (Linux 6.2
/// and newer say how many there are; before, they are counted a few hundred at a time, step by step).
///
/// The allocator, glibc's, walks its free blocks to say how much it holds: with a million of them that takes tens of
/// milliseconds. So it is asked anew only when a thousand times what the last answer took has passed, and in between
/// the last answer stands.
///
/// Source: getrusage(2), getrlimit(2), mallinfo(3), proc(5) `/proc/[pid]/stat`, `/proc/[pid]/fd`, `/proc/stat`; names
/// as in Prometheus' guidelines for client libraries, and help as those have it.
class process_metrics final : public metric_source {
public:
    process_metrics();

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    struct reading;

    struct heap_bytes {
        double held = 0;   ///< from the system
        double in_use = 0; ///< by the program, with what the allocator adds to each block
        double mapped = 0; ///< of both, blocks so large that each is mapped on its own
    };
    [[nodiscard]] heap_bytes heap() const;

    std::optional<double> start_seconds_; ///< Unix time
    mutable heap_bytes heap_;
    mutable std::chrono::steady_clock::time_point heap_stands_until_{};
};

} // namespace http_metrics
