#pragma once

#include "agent/core/skip_log.hpp"

#include <string>
#include <vector>

namespace agent::core {

/// One rule as it was applied to a task.
struct rule_step {
    std::string rule;     ///< `state`, `ignore-services`, `select`, `endpoint`, `port`, `network`, `address`,
                          ///< `quota`
    std::string saw;      ///< what it went by
    bool rejects = false; ///< it left the task, or this endpoint of it, out

    friend bool operator==(const rule_step&, const rule_step&) = default;
};

/// What the rules of role `endpoints` made of one task, in their order.
struct task_trace {
    std::string task_id;
    std::string node_id;
    std::vector<rule_step> steps;
    std::vector<std::string> targets;
};

/// Filled by `endpoints_of` for whoever wants to know why.
struct rule_trace {
    std::vector<task_trace> tasks;
    std::vector<label_fault> labels; ///< those without effect
};

} // namespace agent::core
