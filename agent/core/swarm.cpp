#include "agent/core/swarm.hpp"

#include "agent/core/snapshot_intake.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

namespace agent::core {
namespace {

/// Puts `value` under that key; true when that changed anything.
template <class Map, class Value>
bool assign(Map& map, std::string key, Value value)
{
    const auto found = map.find(key);
    if (found == map.end()) {
        map.emplace(std::move(key), std::move(value));
        return true;
    }
    const bool changed = found->second != value;
    found->second = std::move(value); // its version, at least
    return changed;
}

/// Puts `value` under its ID; true when that changed anything.
template <class Map, class Value>
bool assign(Map& map, Value value)
{
    auto id = value.id;
    return assign(map, std::move(id), std::move(value));
}

/// By ID, and by name where lists name one ID twice, as Prometheus' own test data does: each is a target there.
std::string container_key(const container& value)
{
    return value.id + value.name;
}

template <class Map>
auto* find_in(Map& map, std::string_view id)
{
    const auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
}

template <class Values>
id_set ids_of(const Values& values)
{
    id_set ids;
    for (const auto& value : values)
        ids.emplace(value.id);
    return ids;
}

void note_flip(model_changes& changes, const task* before, const task* after)
{
    const bool served = before && is_serving(*before);
    const bool serves = after && is_serving(*after);
    if (served == serves)
        return;
    const auto& which = after ? *after : *before;
    changes.flipped.push_back({which.id, which.service_id, which.node_id});
}

void concern(model_changes& changes, std::string_view service_id)
{
    if (!changes.concerned.contains(service_id))
        changes.concerned.emplace(service_id);
}

bool is_on(const container& value, std::string_view network_id)
{
    return std::any_of(value.networks.begin(), value.networks.end(),
                       [network_id](const container_network& place) { return place.network_id == network_id; });
}

bool any_on(const std::map<std::string, container, std::less<>>& containers, std::string_view network_id)
{
    return std::any_of(containers.begin(), containers.end(),
                       [network_id](const auto& entry) { return is_on(entry.second, network_id); });
}

/// A manager's status is not in the swarm's store: whoever answers a list looks it up, so no event tells of it
/// (swarmkit `manager/controlapi/node.go`).
bool same_but_for_manager(const node& known, node value)
{
    value.manager = known.manager;
    return value == known;
}

} // namespace

model_changes& model_changes::operator+=(model_changes&& more)
{
    services.merge(more.services);
    nodes.merge(more.nodes);
    managers.merge(more.managers);
    concerned.merge(more.concerned);
    containers |= more.containers;
    flipped.insert(flipped.end(), std::make_move_iterator(more.flipped.begin()),
                   std::make_move_iterator(more.flipped.end()));
    return *this;
}

model_changes swarm::replace(snapshot data)
{
    snapshot_intake whole(std::move(data));
    auto left = std::numeric_limits<std::size_t>::max();
    whole.go_on(*this, left);
    return whole.take_changes();
}

model_changes swarm::put(service value)
{
    model_changes changes;
    auto id = value.id;
    if (assign(services_, std::move(value))) {
        changes.services.insert(id);
        changes.concerned.insert(std::move(id));
    }
    return changes;
}

model_changes swarm::remove_service(std::string_view id)
{
    model_changes changes;
    const auto found = services_.find(id);
    if (found == services_.end())
        return changes;
    changes.services.insert(found->first);
    changes.concerned.insert(found->first);
    services_.erase(found);
    return changes;
}

model_changes swarm::put(node value)
{
    model_changes changes;
    auto id = value.id;
    const auto* known = find_in(nodes_, id);
    const bool in_store = !known || !same_but_for_manager(*known, value);
    if (!assign(nodes_, std::move(value)))
        return changes;
    if (in_store) {
        changes.concerned = services_on(id);
        changes.nodes.insert(std::move(id));
    } else {
        changes.managers.insert(std::move(id));
    }
    return changes;
}

model_changes swarm::remove_node(std::string_view id)
{
    model_changes changes;
    const auto found = nodes_.find(id);
    if (found == nodes_.end())
        return changes;
    changes.nodes.insert(found->first);
    changes.concerned = services_on(id);
    nodes_.erase(found);
    return changes;
}

model_changes swarm::put(task value)
{
    model_changes changes;
    put(std::move(value), changes);
    return changes;
}

const swarm::held_task& swarm::put(task value, model_changes& changes)
{
    const auto found = tasks_.find(static_cast<std::string_view>(value.id));
    if (found != tasks_.end() && found->value == value) {
        found->value.version = value.version;
        return *found;
    }

    parts_.share(value);
    concern(changes, value.service_id);
    if (found != tasks_.end() && found->value.service_id == value.service_id) {
        note_flip(changes, &found->value, &value);
        found->value = std::move(value);
        return *found;
    }
    if (found != tasks_.end()) { // never in swarmkit
        note_flip(changes, &found->value, nullptr);
        concern(changes, found->value.service_id);
        leave_service(found->value);
        found->value = std::move(value);
    }
    const auto& held = found != tasks_.end() ? *found : *tasks_.emplace(std::move(value)).first;
    note_flip(changes, nullptr, &held.value);
    join_service(held.value);
    return held;
}

model_changes swarm::remove_task(std::string_view id)
{
    model_changes changes;
    remove_task(id, changes);
    return changes;
}

void swarm::remove_task(std::string_view id, model_changes& changes)
{
    const auto found = tasks_.find(id);
    if (found == tasks_.end())
        return;
    const auto& gone = found->value;
    note_flip(changes, &gone, nullptr);
    concern(changes, gone.service_id);
    leave_service(gone);
    tasks_.erase(found);
}

void swarm::join_service(const task& value)
{
    auto owner = tasks_by_service_.find(value.service_id);
    if (owner == tasks_by_service_.end())
        owner = tasks_by_service_.try_emplace(std::string(value.service_id)).first;
    owner->second.insert(value);
}

void swarm::leave_service(const task& value)
{
    const auto owner = tasks_by_service_.find(value.service_id);
    owner->second.erase(value);
    if (owner->second.sorted().empty())
        tasks_by_service_.erase(owner);
}

model_changes swarm::put_tasks_of(std::string_view service_id, std::vector<task> tasks)
{
    model_changes changes;
    const auto kept = ids_of(tasks);
    for (auto& value : tasks)
        put(std::move(value), changes);
    id_set gone;
    for (const auto* known : tasks_of(service_id))
        if (!kept.contains(known->id))
            gone.emplace(known->id);
    for (const auto& id : gone)
        remove_task(id, changes);
    return changes;
}

model_changes swarm::put(std::vector<network> values)
{
    model_changes changes;
    for (auto& value : values) {
        const auto id = value.id;
        const auto* known = find_in(networks_, id);
        // A task may carry a copy from before its network was made.
        if (known && value.driver.empty() && !known->driver.empty())
            continue;
        if (known && value.scope.empty()) // lists always say it, copies need not
            value.scope = known->scope;
        if (!assign(networks_, std::move(value)))
            continue;
        changes.concerned.merge(services_attached_to(id));
        changes.containers |= any_on(containers_, id);
    }
    return changes;
}

model_changes swarm::remove_network(std::string_view id)
{
    model_changes changes;
    const auto found = networks_.find(id);
    if (found == networks_.end())
        return changes;
    changes.concerned = services_attached_to(id);
    changes.containers = any_on(containers_, id);
    networks_.erase(found);
    return changes;
}

model_changes swarm::put_containers(std::vector<container> values)
{
    model_changes changes;
    id_set kept;
    for (auto& value : values) {
        auto key = container_key(value);
        kept.insert(key);
        changes.containers |= assign(containers_, std::move(key), std::move(value));
    }
    const auto gone = std::erase_if(containers_, [&kept](const auto& entry) { return !kept.contains(entry.first); });
    changes.containers |= gone > 0;
    return changes;
}

const service* swarm::find_service(std::string_view id) const
{
    return find_in(services_, id);
}

const service* swarm::find_service_by_name(std::string_view name) const
{
    for (const auto& [id, value] : services_)
        if (value.name == name)
            return &value;
    return nullptr;
}

const task* swarm::find_task(std::string_view id) const
{
    const auto found = tasks_.find(id);
    return found == tasks_.end() ? nullptr : &found->value;
}

const node* swarm::find_node(std::string_view id) const
{
    return find_in(nodes_, id);
}

const network* swarm::find_network(std::string_view id) const
{
    return find_in(networks_, id);
}

const container* swarm::find_container(std::string_view id) const
{
    for (auto at = containers_.lower_bound(id); at != containers_.end() && at->first.starts_with(id); ++at)
        if (at->second.id == id)
            return &at->second;
    return nullptr;
}

const swarm::task_list& swarm::tasks_of(std::string_view service_id) const
{
    static const task_list none;
    const auto* tasks = find_in(tasks_by_service_, service_id);
    return tasks ? tasks->sorted() : none;
}

template <class Matches>
id_set swarm::services_with_task(Matches matches) const
{
    id_set services;
    for (const auto& [service_id, tasks] : tasks_by_service_)
        if (const auto& list = tasks.sorted(); std::any_of(list.begin(), list.end(), matches))
            services.insert(service_id);
    return services;
}

id_set swarm::services_on(std::string_view node_id) const
{
    return services_with_task([node_id](const task* value) { return value->node_id == node_id; });
}

id_set swarm::services_attached_to(std::string_view network_id) const
{
    auto found = services_with_task([network_id](const task* value) {
        return std::any_of(value->attachments.begin(), value->attachments.end(),
                           [network_id](const attachment& attached) { return attached.network_id == network_id; });
    });
    for (const auto& [id, value] : services_)
        if (std::any_of(value.virtual_ips.begin(), value.virtual_ips.end(),
                        [network_id](const virtual_ip& vip) { return vip.network_id == network_id; }))
            found.insert(id);
    return found;
}

id_set swarm::all_service_ids() const
{
    id_set ids;
    for (const auto& [id, value] : services_)
        ids.insert(id);
    for (const auto& [id, tasks] : tasks_by_service_)
        ids.insert(id);
    return ids;
}

bool swarm::lacks_networks() const
{
    const auto is_unknown = [this](const auto& place) {
        return !place.network_id.empty() && !networks_.contains(place.network_id);
    };
    return std::any_of(services_.begin(), services_.end(),
                       [&](const auto& entry) {
                           const auto& vips = entry.second.virtual_ips;
                           return std::any_of(vips.begin(), vips.end(), is_unknown);
                       }) ||
           std::any_of(containers_.begin(), containers_.end(), [&](const auto& entry) {
               const auto& networks = entry.second.networks;
               return std::any_of(networks.begin(), networks.end(), is_unknown);
           });
}

std::size_t swarm::orphan_count() const
{
    std::size_t count = 0;
    for (const auto& [service_id, tasks] : tasks_by_service_)
        if (!services_.contains(service_id))
            count += tasks.sorted().size();
    return count;
}

void swarm::service_tasks::insert(const task& value)
{
    constexpr std::size_t many = 256;
    const auto is_before = [](const task* known, std::string_view id) { return known->id < id; };
    if (list_.empty() || (is_sorted_ && list_.back()->id < value.id)) {
        list_.push_back(&value);
    } else if (is_sorted_ && list_.size() < many) {
        const std::string_view id = value.id;
        list_.insert(std::lower_bound(list_.begin(), list_.end(), id, is_before), &value);
    } else {
        list_.push_back(&value);
        is_sorted_ = false;
    }
}

void swarm::service_tasks::erase(const task& value)
{
    std::erase(list_, &value);
}

const swarm::task_list& swarm::service_tasks::sorted() const
{
    if (!std::exchange(is_sorted_, true))
        std::sort(list_.begin(), list_.end(), [](const task* a, const task* b) { return a->id < b->id; });
    return list_;
}

} // namespace agent::core
