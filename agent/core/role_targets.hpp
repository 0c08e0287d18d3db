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

/// Brings what a role of Prometheus' own came to into its final form: canonical, and without the targets that
/// Prometheus drops one by one when it is about to scrape them, but for which it refuses a whole file: those with a
/// `/`, and empty ones. They are counted as `bad_address`.
[[nodiscard]] role_targets finished(role_targets found);

} // namespace agent::core
