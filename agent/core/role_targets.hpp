#pragma once

#include "agent/core/skip_counts.hpp"
#include "sd_writer/target_group.hpp"

#include <vector>

namespace agent::core {

/// What one object (a service, a node, a container) comes to in a role, and what was left out of it.
struct role_targets {
    std::vector<sd_writer::target_group> groups; ///< canonical
    skip_counts skipped;

    friend bool operator==(const role_targets&, const role_targets&) = default;
};

} // namespace agent::core
