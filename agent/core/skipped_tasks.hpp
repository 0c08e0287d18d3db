#pragma once

#include "agent/core/endpoints.hpp"
#include "agent/core/swarm.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace agent::core {

/// A task, or one endpoint or port of it, that is no target of role `endpoints`.
struct skipped_task {
    std::string service; ///< its name; empty when the service is not known
    std::string service_id;
    std::string task_id;
    std::string node_id;
    std::string rule; ///< as in `rule_step`, or `service` for a task of an unknown one
    std::string saw;

    friend bool operator==(const skipped_task&, const skipped_task&) = default;
};

struct skipped_tasks {
    std::vector<skipped_task> tasks;
    bool more = false; ///< than were asked for
};

/// The skipped tasks of these services, and those whose service is not known.
///
/// @param services  IDs, those that leave anything out: others cost time and give nothing
/// @param most      how many at most
[[nodiscard]] skipped_tasks list_skipped(const std::vector<std::string>& services, const swarm& world,
                                         const endpoint_rules& rules, std::size_t most);

} // namespace agent::core
