#pragma once

#include "agent/core/role.hpp"
#include "agent/core/role_rules.hpp"
#include "agent/core/role_targets.hpp"
#include "agent/core/swarm.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::core {

/// The targets of one role, kept object by object (services, nodes or containers) so that a change costs its own
/// objects only.
class target_set {
public:
    target_set(role which, role_rules rules) : role_(which), rules_(std::move(rules)) {}

    /// Works out anew what changed. A change of the service whose networks count (`--prometheus.service`) concerns all.
    ///
    /// @return whether any target or label is different now
    bool refresh(const model_changes& changes, const swarm& world);

    /// Works out everything.
    void refresh_all(const swarm& world);

    /// All groups, canonical.
    [[nodiscard]] std::vector<sd_writer::target_group> groups() const;

    [[nodiscard]] std::size_t target_count() const;

    /// What is left out now, over all objects.
    [[nodiscard]] skip_counts skipped() const;

    /// What one object comes to; nothing for one that has no target and leaves nothing out.
    [[nodiscard]] const role_targets* find(std::string_view id) const;

    /// IDs of the objects that leave a task or an address out.
    [[nodiscard]] std::vector<std::string> skipping() const;

private:
    [[nodiscard]] id_set concerned_by(const model_changes& changes, const swarm& world);
    [[nodiscard]] id_set all_objects(const swarm& world) const;
    [[nodiscard]] role_targets targets_of(const std::string& id, const swarm& world) const;
    [[nodiscard]] bool shared_networks_changed(const id_set& services, const swarm& world);
    bool refresh_one(const std::string& id, const swarm& world);

    role role_;
    role_rules rules_;
    std::map<std::string, role_targets, std::less<>> objects_; ///< those that have a target, or had something left out
    std::string prometheus_id_; ///< of the service whose networks count, while it is known
};

} // namespace agent::core
