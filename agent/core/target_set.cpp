#include "agent/core/target_set.hpp"

#include "agent/core/endpoints.hpp"
#include "agent/core/role_containers.hpp"
#include "agent/core/role_nodes.hpp"
#include "agent/core/role_services.hpp"
#include "agent/core/role_tasks.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace agent::core {
namespace {

template <class Map>
void add_keys(id_set& into, const Map& map)
{
    for (const auto& entry : map)
        into.insert(entry.first);
}

id_set united(id_set ids, const id_set& more)
{
    ids.insert(more.begin(), more.end());
    return ids;
}

} // namespace

void target_set::begin(const model_changes& changes, const swarm& world)
{
    begin(concerned_by(changes, world));
}

void target_set::begin_all(const swarm& world)
{
    (void)shared_networks_changed({}, world);
    begin(all_objects(world));
}

void target_set::begin(id_set ids)
{
    to_do_ = std::move(ids);
    worked_out_.clear();
    target_count_then_ = target_count_;
    differs_ = false;
}

bool target_set::work(const swarm& world, std::size_t& left)
{
    while (!to_do_.empty() && left > 0) {
        const auto next = to_do_.extract(to_do_.begin());
        left -= std::min(left, cost_of(next.value(), world));
        work_out(next.value(), world);
    }
    return to_do_.empty();
}

/// In objects that are looked at.
std::size_t target_set::cost_of(const std::string& id, const swarm& world) const
{
    const bool of_tasks = role_ == role::endpoints || role_ == role::tasks;
    return 1 + (of_tasks ? world.tasks_of(id).size() : 0);
}

void target_set::work_out(const std::string& id, const swarm& world)
{
    static const std::vector<sd_writer::target_group> none;
    auto fresh = targets_of(id, world);
    const auto known = objects_.find(id);
    const auto& before = known != objects_.end() && known->second.groups ? *known->second.groups : none;
    const bool same_groups = before == fresh.groups;
    if (same_groups && fresh.skipped == (known == objects_.end() ? skip_counts{} : known->second.skipped))
        return;

    object_targets made{nullptr, fresh.skipped};
    if (same_groups && known != objects_.end())
        made.groups = known->second.groups;
    else if (!fresh.groups.empty())
        made.groups = std::make_shared<const std::vector<sd_writer::target_group>>(std::move(fresh.groups));
    differs_ |= !same_groups;
    target_count_then_ += made.groups ? sd_writer::count_targets(*made.groups) : 0;
    target_count_then_ -= sd_writer::count_targets(before);
    worked_out_.emplace_back(id, std::move(made));
}

void target_set::apply()
{
    for (auto& [id, fresh] : worked_out_) {
        auto& known = objects_[id];
        skipped_ += fresh.skipped;
        skipped_ -= known.skipped;
        known = std::move(fresh);
        if (!known.groups && known.skipped == skip_counts{})
            objects_.erase(id);
    }
    worked_out_.clear();
    target_count_ = target_count_then_;
    differs_ = false;
}

bool target_set::work_and_apply(const swarm& world)
{
    auto left = std::numeric_limits<std::size_t>::max();
    work(world, left);
    const bool changed = differs_;
    apply();
    return changed;
}

bool target_set::refresh(const model_changes& changes, const swarm& world)
{
    begin(changes, world);
    return work_and_apply(world);
}

void target_set::refresh_all(const swarm& world)
{
    begin_all(world);
    work_and_apply(world);
}

sd_writer::target_parts target_set::parts() const
{
    sd_writer::target_parts all;
    all.reserve(objects_.size());
    for (const auto& [id, object] : objects_)
        if (object.groups)
            all.push_back(object.groups);
    return all;
}

const object_targets* target_set::find(std::string_view id) const
{
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : &found->second;
}

std::vector<std::string> target_set::skipping() const
{
    std::vector<std::string> ids;
    for (const auto& [id, object] : objects_)
        if (object.skipped.tasks != skip_counts{}.tasks)
            ids.push_back(id);
    return ids;
}

id_set target_set::concerned_by(const model_changes& changes, const swarm& world)
{
    switch (role_) {
    case role::endpoints:
        return shared_networks_changed(changes.concerned, world) ? all_objects(world) : changes.concerned;
    case role::tasks:
    case role::services:
        return changes.concerned;
    case role::nodes:
        return united(changes.nodes, changes.managers);
    case role::containers:
        // One may use the networks of another, so a change of one may concern any.
        return changes.containers ? all_objects(world) : id_set{};
    }
    return {};
}

/// Also those that are gone, but had targets.
id_set target_set::all_objects(const swarm& world) const
{
    id_set ids;
    add_keys(ids, objects_);
    switch (role_) {
    case role::endpoints:
    case role::services:
        add_keys(ids, world.services());
        break;
    case role::tasks:
        ids.merge(world.all_service_ids());
        break;
    case role::nodes:
        add_keys(ids, world.nodes());
        break;
    case role::containers:
        add_keys(ids, world.containers());
        break;
    }
    return ids;
}

role_targets target_set::targets_of(const std::string& id, const swarm& world) const
{
    switch (role_) {
    case role::endpoints:
        if (const auto* subject = world.find_service(id))
            return endpoints_of(*subject, world, rules_.endpoints);
        break;
    case role::tasks:
        return role_tasks(id, world, rules_.role_port);
    case role::services:
        if (const auto* subject = world.find_service(id))
            return role_services(*subject, world, rules_.role_port);
        break;
    case role::nodes:
        if (const auto* subject = world.find_node(id))
            return role_nodes(*subject, rules_.role_port);
        break;
    case role::containers:
        if (const auto found = world.containers().find(id); found != world.containers().end())
            return role_containers(found->second, world, rules_);
        break;
    }
    return {};
}

bool target_set::shared_networks_changed(const id_set& services, const swarm& world)
{
    const auto& name = rules_.endpoints.prometheus_service;
    if (name.empty())
        return false;
    const auto* prometheus = world.find_service_by_name(name);
    const auto before = std::exchange(prometheus_id_, prometheus ? prometheus->id : std::string{});
    return prometheus_id_ != before || services.contains(prometheus_id_);
}

} // namespace agent::core
