#include "agent/core/target_set.hpp"

#include "agent/core/endpoints.hpp"
#include "agent/core/role_containers.hpp"
#include "agent/core/role_nodes.hpp"
#include "agent/core/role_services.hpp"
#include "agent/core/role_tasks.hpp"

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

bool target_set::refresh(const model_changes& changes, const swarm& world)
{
    bool changed = false;
    for (const auto& id : concerned_by(changes, world))
        changed |= refresh_one(id, world);
    return changed;
}

void target_set::refresh_all(const swarm& world)
{
    (void)shared_networks_changed({}, world);
    for (const auto& id : all_objects(world))
        refresh_one(id, world);
}

std::vector<sd_writer::target_group> target_set::groups() const
{
    std::vector<sd_writer::target_group> all;
    for (const auto& [id, targets] : objects_)
        all.insert(all.end(), targets.groups.begin(), targets.groups.end());
    return sd_writer::canonical(std::move(all));
}

std::size_t target_set::target_count() const
{
    std::size_t count = 0;
    for (const auto& [id, targets] : objects_)
        count += sd_writer::count_targets(targets.groups);
    return count;
}

skip_counts target_set::skipped() const
{
    skip_counts sum;
    for (const auto& [id, targets] : objects_)
        sum += targets.skipped;
    return sum;
}

const role_targets* target_set::find(std::string_view id) const
{
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : &found->second;
}

std::vector<std::string> target_set::skipping() const
{
    std::vector<std::string> ids;
    for (const auto& [id, targets] : objects_)
        if (targets.skipped.tasks != skip_counts{}.tasks)
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

bool target_set::refresh_one(const std::string& id, const swarm& world)
{
    auto fresh = targets_of(id, world);
    auto& known = objects_[id];
    const bool changed = known.groups != fresh.groups;
    known = std::move(fresh);
    if (known == role_targets{})
        objects_.erase(id);
    return changed;
}

} // namespace agent::core
