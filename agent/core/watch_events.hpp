#pragma once

#include "agent/core/model.hpp"

#include <algorithm>
#include <variant>
#include <vector>

/// What swarmkit's own stream tells (its `Watch` and `Control` services).
namespace agent::core {

/// One change of one object.
struct object_change {
    enum class kind { created, updated, removed };

    kind what = kind::updated;
    /// As it is now; of a removed one as it was last. A node comes without its manager's status, which the swarm's
    /// store does not hold.
    std::variant<task, service, node, network> object;
};

/// The four lists of a manager, in the order in which they were asked for. Each is as its leader has it.
struct swarm_lists {
    std::vector<node> nodes;
    std::vector<network> networks;
    std::vector<service> services;
    std::vector<task> tasks;
};

/// Whether two managers that listed these nodes are of one swarm: IDs are never given twice.
[[nodiscard]] inline bool are_of_one_swarm(const std::vector<node>& here, const std::vector<node>& there)
{
    return std::any_of(here.begin(), here.end(), [&there](const node& one) {
        return std::any_of(there.begin(), there.end(), [&one](const node& other) { return one.id == other.id; });
    });
}

} // namespace agent::core
