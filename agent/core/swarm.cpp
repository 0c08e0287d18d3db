#include "agent/core/swarm.hpp"

#include <algorithm>
#include <iterator>
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
        ids.insert(value.id);
    return ids;
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

/// Keys of `map` that are not among `kept`.
template <class Map>
std::vector<std::string> missing(const Map& map, const id_set& kept)
{
    std::vector<std::string> gone;
    for (const auto& entry : map)
        if (!kept.contains(entry.first))
            gone.push_back(entry.first);
    return gone;
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
    auto changes = put(std::move(data.networks));
    if (data.swarm_listed)
        changes += replace_swarm(data);
    if (data.containers_listed)
        changes += put_containers(std::move(data.containers));
    return changes;
}

model_changes swarm::replace_swarm(snapshot& data)
{
    model_changes changes;
    const auto service_ids = ids_of(data.services);
    for (auto& value : data.services)
        changes += put(std::move(value));
    for (const auto& id : missing(services_, service_ids))
        changes += remove_service(id);

    const auto node_ids = ids_of(data.nodes);
    for (auto& value : data.nodes)
        changes += put(std::move(value));
    for (const auto& id : missing(nodes_, node_ids))
        changes += remove_node(id);

    const auto task_ids = ids_of(data.tasks);
    for (auto& value : data.tasks)
        changes += put(std::move(value));
    for (const auto& id : missing(service_of_task_, task_ids))
        changes += remove_task(id);
    return changes;
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
    const auto* owner = find_in(service_of_task_, value.id);
    if (owner && *owner != value.service_id) // never in swarmkit; two tasks of one ID would be for good
        changes = remove_task(value.id);

    auto& tasks = tasks_[value.service_id];
    auto* known = find_in(tasks, value.id);
    if (known && *known == value) {
        known->version = value.version;
        return changes;
    }

    note_flip(changes, known, &value);
    changes.concerned.insert(value.service_id);
    service_of_task_.insert_or_assign(value.id, value.service_id);
    assign(tasks, std::move(value));
    return changes;
}

model_changes swarm::remove_task(std::string_view id)
{
    model_changes changes;
    const auto* service_id = find_in(service_of_task_, id);
    if (!service_id)
        return changes;
    note_flip(changes, find_in(tasks_[*service_id], id), nullptr);
    changes.concerned.insert(*service_id);
    erase_task(id);
    return changes;
}

model_changes swarm::put_tasks_of(std::string_view service_id, std::vector<task> tasks)
{
    model_changes changes;
    const auto kept = ids_of(tasks);
    for (auto& value : tasks)
        changes += put(std::move(value));
    for (const auto& id : missing(tasks_of(service_id), kept))
        changes += remove_task(id);
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
    for (const auto& id : missing(containers_, kept)) {
        containers_.erase(id);
        changes.containers = true;
    }
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
    const auto* service_id = find_in(service_of_task_, id);
    return service_id ? find_in(tasks_of(*service_id), id) : nullptr;
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

const swarm::task_map& swarm::tasks_of(std::string_view service_id) const
{
    static const task_map none;
    const auto* tasks = find_in(tasks_, service_id);
    return tasks ? *tasks : none;
}

template <class Matches>
id_set swarm::services_with_task(Matches matches) const
{
    id_set services;
    for (const auto& [service_id, tasks] : tasks_)
        if (std::any_of(tasks.begin(), tasks.end(), [&matches](const auto& entry) { return matches(entry.second); }))
            services.insert(service_id);
    return services;
}

id_set swarm::services_on(std::string_view node_id) const
{
    return services_with_task([node_id](const task& value) { return value.node_id == node_id; });
}

id_set swarm::services_attached_to(std::string_view network_id) const
{
    auto found = services_with_task([network_id](const task& value) {
        return std::any_of(value.attachments.begin(), value.attachments.end(),
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
    for (const auto& [id, tasks] : tasks_)
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
    for (const auto& [service_id, tasks] : tasks_)
        if (!services_.contains(service_id))
            count += tasks.size();
    return count;
}

void swarm::note_flip(model_changes& changes, const task* before, const task* after) const
{
    const bool served = before && is_serving(*before);
    const bool serves = after && is_serving(*after);
    if (served != serves)
        changes.flipped.push_back(after ? *after : *before);
}

void swarm::erase_task(std::string_view id)
{
    const auto index = service_of_task_.find(id);
    const auto tasks = tasks_.find(index->second);
    tasks->second.erase(tasks->second.find(id));
    if (tasks->second.empty())
        tasks_.erase(tasks);
    service_of_task_.erase(index);
}

} // namespace agent::core
