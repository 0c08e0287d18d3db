#pragma once

#include "agent/core/role_targets.hpp"
#include "agent/core/swarm.hpp"

#include <cstdint>

namespace agent::core {

/// What Prometheus' `dockerswarm_sd_configs` makes of a service, role `services`: each of its virtual IPs with each
/// published TCP port. A virtual IP without an address, at which Prometheus fails the whole refresh, costs only itself.
///
/// Source: Prometheus 2.42 `discovery/moby/services.go`.
[[nodiscard]] role_targets role_services(const service& subject, const swarm& world, std::uint16_t role_port);

} // namespace agent::core
