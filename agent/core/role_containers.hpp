#pragma once

#include "agent/core/role_rules.hpp"
#include "agent/core/role_targets.hpp"
#include "agent/core/swarm.hpp"

namespace agent::core {

/// What Prometheus' `docker_sd_configs` makes of a container: each of its networks with each exposed TCP port.
///
/// As version 2.42 has it, and as newer versions have it a container that shares another one's networks
/// (`--network container:X`) has those, and an IPv6 address counts where there is no IPv4 one.
///
/// Source: Prometheus 2.42 `discovery/moby/docker.go`.
[[nodiscard]] role_targets role_containers(const container& subject, const swarm& world, const role_rules& rules);

} // namespace agent::core
