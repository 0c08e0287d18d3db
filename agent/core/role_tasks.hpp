#pragma once

#include "agent/core/role_targets.hpp"
#include "agent/core/swarm.hpp"

#include <cstdint>

#include <string_view>

namespace agent::core {

/// What Prometheus' `dockerswarm_sd_configs` makes of a service's tasks, role `tasks`: every task in any state, each
/// TCP port on its node, and each of its addresses with each published TCP port of the service. Exact duplicates once.
///
/// A service that is not known still has the targets of its tasks, without service labels. An address that cannot be
/// read, at which Prometheus fails the whole refresh, costs only itself.
///
/// Source: Prometheus 2.42 `discovery/moby/tasks.go`.
[[nodiscard]] role_targets role_tasks(std::string_view service_id, const swarm& world, std::uint16_t role_port);

} // namespace agent::core
