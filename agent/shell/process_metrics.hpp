#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace agent::shell {

/// The standard `process_*` metrics of this process, read now. What cannot be read is left out.
///
/// Source: proc(5) `/proc/[pid]/stat`, `/proc/[pid]/fd`, `/proc/stat`; names and help as the other Prometheus client
/// libraries have them.
[[nodiscard]] std::vector<prometheus::MetricFamily> process_metrics();

} // namespace agent::shell
