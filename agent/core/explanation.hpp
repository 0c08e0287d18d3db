#pragma once

#include "agent/core/endpoints.hpp"
#include "agent/core/rule_trace.hpp"
#include "agent/core/swarm.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// Why a service has the targets it has in role `endpoints`, or none.
struct explanation {
    std::string service;              ///< its name, or what was asked for
    std::string service_id;           ///< empty: there is no such service
    std::vector<std::string> nearest; ///< names that are like what was asked for, when there is no such service
    std::vector<task_trace> tasks;
    std::vector<label_fault> labels; ///< those without effect, each once
    skip_counts skipped;
};

/// @param asked  a service's name or ID
[[nodiscard]] explanation explain(std::string_view asked, const swarm& world, const endpoint_rules& rules);

/// For a person, ending in a line end. Nothing in it from outside can end a line or move a cursor, or is very long.
[[nodiscard]] std::string to_text(const explanation& value);

} // namespace agent::core
