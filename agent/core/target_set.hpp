#pragma once

#include "agent/core/role.hpp"
#include "agent/core/role_rules.hpp"
#include "agent/core/role_targets.hpp"
#include "agent/core/swarm.hpp"
#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::core {

/// What one object comes to, as it is kept.
struct object_targets {
    sd_writer::target_list groups; ///< canonical; null: none
    skip_counts skipped;
};

/// The targets of one role, kept object by object (services, nodes or containers) so that a change costs its own
/// objects only.
///
/// A change is worked out beside what is there, in parts if need be, and then takes its place at once.
class target_set {
public:
    target_set(role which, role_rules rules) : role_(which), rules_(std::move(rules)) {}

    /// Begins to work out anew what changed. A change of the service whose networks count (`--prometheus.service`)
    /// concerns all.
    void begin(const model_changes& changes, const swarm& world);

    /// Begins to work out everything.
    void begin_all(const swarm& world);

    /// Goes on with that, for about `left` more objects of the swarm, and takes them off it. The world must not change
    /// in between.
    ///
    /// @return whether all is worked out; otherwise nothing is left
    bool work(const swarm& world, std::size_t& left);

    /// Whether what is worked out has another target or label than what is there.
    [[nodiscard]] bool differs() const noexcept { return differs_; }

    /// How many targets there will be.
    [[nodiscard]] std::size_t target_count_then() const noexcept { return target_count_then_; }

    /// Puts what is worked out into its place.
    void apply();

    /// All of it: begins, works and applies.
    /// @return whether any target or label is different now
    bool refresh(const model_changes& changes, const swarm& world);
    void refresh_all(const swarm& world);

    /// All groups, for whoever puts them into order.
    [[nodiscard]] sd_writer::target_parts parts() const;

    /// All groups, canonical.
    [[nodiscard]] std::vector<sd_writer::target_group> groups() const { return sd_writer::canonical(parts()); }

    [[nodiscard]] std::size_t target_count() const noexcept { return target_count_; }

    /// What is left out now, over all objects.
    [[nodiscard]] const skip_counts& skipped() const noexcept { return skipped_; }

    /// What one object comes to; nothing for one that has no target and leaves nothing out.
    [[nodiscard]] const object_targets* find(std::string_view id) const;

    /// IDs of the objects that leave a task or an address out.
    [[nodiscard]] std::vector<std::string> skipping() const;

private:
    [[nodiscard]] id_set concerned_by(const model_changes& changes, const swarm& world);
    [[nodiscard]] id_set all_objects(const swarm& world) const;
    [[nodiscard]] role_targets targets_of(const std::string& id, const swarm& world) const;
    [[nodiscard]] bool shared_networks_changed(const id_set& services, const swarm& world);
    [[nodiscard]] std::size_t cost_of(const std::string& id, const swarm& world) const;
    void begin(id_set ids);
    void work_out(const std::string& id, const swarm& world);
    bool work_and_apply(const swarm& world);

    role role_;
    role_rules rules_;
    std::map<std::string, object_targets, std::less<>>
        objects_; ///< those that have a target, or had something left out
    std::size_t target_count_ = 0;
    skip_counts skipped_;
    std::string prometheus_id_; ///< of the service whose networks count, while it is known

    id_set to_do_;
    std::vector<std::pair<std::string, object_targets>> worked_out_;
    std::size_t target_count_then_ = 0;
    bool differs_ = false;
};

} // namespace agent::core
