#pragma once

#include "agent/core/model.hpp"

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

} // namespace agent::core
