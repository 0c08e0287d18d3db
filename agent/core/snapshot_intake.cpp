#include "agent/core/snapshot_intake.hpp"

#include <string>
#include <utility>

namespace agent::core {
namespace {

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

bool snapshot_intake::go_on(swarm& world, std::size_t& left)
{
    while (at_ != stage::finished && left > 0)
        take_part(world, left);
    return at_ == stage::finished;
}

void snapshot_intake::take_part(swarm& world, std::size_t& left)
{
    switch (at_) {
    case stage::networks:
        changes_ += world.put(std::exchange(data_.networks, {}));
        at_ = data_.swarm_listed ? stage::services : stage::containers;
        break;
    case stage::services:
        take_services(world, left);
        break;
    case stage::nodes:
        take_nodes(world, left);
        break;
    case stage::tasks:
        take_tasks(world, left);
        break;
    case stage::gone_tasks:
        remove_gone_tasks(world);
        at_ = stage::containers;
        break;
    case stage::containers:
        if (data_.containers_listed)
            changes_ += world.put_containers(std::exchange(data_.containers, {}));
        at_ = stage::finished;
        break;
    case stage::finished:
        break;
    }
}

/// @return whether those were the last ones
template <class Values, class Take>
bool snapshot_intake::take_some(Values& values, std::size_t& left, Take take)
{
    for (; next_ < values.size() && left > 0; ++next_, --left)
        take(values[next_]);
    if (next_ < values.size())
        return false;
    values = Values{};
    next_ = 0;
    return true;
}

void snapshot_intake::take_services(swarm& world, std::size_t& left)
{
    const bool all = take_some(data_.services, left, [&](service& value) {
        named_.insert(value.id);
        changes_ += world.put(std::move(value));
    });
    if (!all)
        return;
    for (const auto& id : missing(world.services_, named_))
        changes_ += world.remove_service(id);
    named_.clear();
    at_ = stage::nodes;
}

void snapshot_intake::take_nodes(swarm& world, std::size_t& left)
{
    const bool all = take_some(data_.nodes, left, [&](node& value) {
        named_.insert(value.id);
        changes_ += world.put(std::move(value));
    });
    if (!all)
        return;
    for (const auto& id : missing(world.nodes_, named_))
        changes_ += world.remove_node(id);
    named_.clear();
    at_ = stage::tasks;
    world.tasks_.reserve(data_.tasks.size());
    ++world.latest_list_;
}

void snapshot_intake::take_tasks(swarm& world, std::size_t& left)
{
    const bool all = take_some(data_.tasks, left, [&](task& value) {
        const auto& held = world.put(std::move(value), changes_);
        named_tasks_ += held.named_by == world.latest_list_ ? 0 : 1;
        held.named_by = world.latest_list_;
    });
    if (all)
        at_ = stage::gone_tasks;
}

void snapshot_intake::remove_gone_tasks(swarm& world)
{
    if (named_tasks_ < world.task_count()) {
        std::vector<std::string> gone;
        for (const auto& held : world.tasks_)
            if (held.named_by != world.latest_list_)
                gone.emplace_back(held.value.id);
        for (const auto& id : gone)
            world.remove_task(id, changes_);
    }
    world.parts_.sweep();
}

} // namespace agent::core
