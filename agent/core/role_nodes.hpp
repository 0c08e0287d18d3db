#pragma once

#include "agent/core/model.hpp"
#include "agent/core/role_targets.hpp"

#include <cstdint>

namespace agent::core {

/// What Prometheus' `dockerswarm_sd_configs` makes of a node, role `nodes`: its address with the role's port.
///
/// Source: Prometheus 2.42 `discovery/moby/nodes.go`.
[[nodiscard]] role_targets role_nodes(const node& subject, std::uint16_t role_port);

} // namespace agent::core
