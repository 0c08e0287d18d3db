#include "agent/core/read_queue.hpp"

#include "agent/core/settle.hpp"

#include <algorithm>
#include <vector>

namespace agent::core {
namespace {

/// The first of the states that a task has behind `running`.
constexpr auto first_end = task_state::complete;

constexpr std::size_t list_costs_reads = 8;   // 4 ms against 0.6 ms, rounded up
constexpr std::size_t tasks_cost_a_read = 16; // 0.04 ms against 0.6 ms

template <class Entries>
std::size_t due_in(const Entries& entries, time_point now)
{
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [now](const auto& item) {
        return item.second.due && *item.second.due <= now;
    }));
}

/// The entry that is due first, or the end.
template <class Entries>
auto earliest(Entries& entries)
{
    auto first = entries.end();
    for (auto at = entries.begin(); at != entries.end(); ++at)
        if (at->second.due && (first == entries.end() || *at->second.due < *first->second.due))
            first = at;
    return first;
}

template <class Entries>
std::optional<time_point> earliest_due(const Entries& entries)
{
    const auto first = earliest(entries);
    return first == entries.end() ? std::nullopt : first->second.due;
}

std::vector<std::string> awaited(const auto& entries)
{
    std::vector<std::string> ids;
    for (const auto& [id, value] : entries)
        if (!value.due)
            ids.push_back(id);
    return ids;
}

} // namespace

void read_queue::service_hint(std::string_view id, time_point now)
{
    ask(services_, id, now, now + after_hint);
    settle(id, now);
}

void read_queue::settle(std::string_view service_id, time_point now, duration delay)
{
    ask(settling_, service_id, now, now + delay);
}

void read_queue::start_hint(std::string_view task_id, time_point now)
{
    ask(tasks_, task_id, now, now + after_start);
}

void read_queue::death_hint(std::string_view task_id, time_point now)
{
    ask(tasks_, task_id, now, now + after_death).awaited = first_end;
}

void read_queue::node_hint(std::string_view id, time_point now)
{
    ask(nodes_, id, now, now + after_hint);
}

void read_queue::containers_hint(time_point now)
{
    ask(local_, {}, now, now + after_hint);
}

/// A hint starts the entry's delays anew; an earlier time that was set already stays.
read_queue::entry& read_queue::ask(entry_map& entries, std::string_view id, time_point now, time_point due)
{
    auto found = entries.find(id);
    if (found == entries.end())
        found = entries.emplace(std::string(id), entry{due, now}).first;
    auto& known = found->second;
    known.due = known.due ? std::min(*known.due, due) : due;
    known.delay = first_delay;
    known.looks = 0;
    return known;
}

std::optional<read_queue::job> read_queue::take_due(time_point now)
{
    const auto first = deadline();
    if (!first || *first > now)
        return std::nullopt;

    // Of reads due at the same moment services go first: labels and ports of a new service are known when its tasks
    // come.
    if (earliest_due(services_) == first)
        return take(services_, [](const std::string& id) { return read_service{id}; });
    if (earliest_due(nodes_) == first)
        return take(nodes_, [](const std::string& id) { return read_node{id}; });
    if (earliest_due(local_) == first)
        return take(local_, [](const std::string&) { return read_containers{}; });
    if (earliest_due(tasks_) == first)
        return await(tasks_, [](const std::string& id) { return read_task{id}; });
    return await(settling_, [](const std::string& id) { return read_tasks_of{id}; });
}

/// An object that one look is enough for.
template <class Request>
read_queue::job read_queue::take(entry_map& entries, Request request)
{
    const auto at = earliest(entries);
    job next{request(at->first), at->second.since};
    entries.erase(at);
    return next;
}

/// An object that stays until what it does has come to an end.
template <class Request>
read_queue::job read_queue::await(entry_map& entries, Request request)
{
    const auto at = earliest(entries);
    at->second.due.reset();
    return {request(at->first), at->second.since};
}

bool read_queue::overflows(time_point now, std::size_t task_count) const
{
    return count_due(now) > list_costs_reads + task_count / tasks_cost_a_read;
}

void read_queue::list_started(const read_everything& lists, time_point now)
{
    const auto is_due = [now](const auto& item) { return item.second.due && *item.second.due <= now; };
    if (lists.containers)
        std::erase_if(local_, is_due);
    if (!lists.swarm)
        return;
    std::erase_if(services_, is_due);
    std::erase_if(nodes_, is_due);
    for (auto* entries : {&tasks_, &settling_})
        for (auto& item : *entries)
            if (is_due(item))
                item.second.due.reset();
}

void read_queue::forget_swarm()
{
    for (auto* entries : {&services_, &nodes_, &tasks_, &settling_})
        entries->clear();
}

void read_queue::listed(const swarm& world, time_point looked, time_point now)
{
    for (const auto& id : awaited(tasks_))
        task_looked_at(id, world.find_task(id), now);
    for (const auto& id : awaited(settling_)) {
        const auto* known = world.find_service(id);
        if (known)
            tasks_looked_at(id, is_settled(*known, world.tasks_of(id)), looked, now);
        else
            forget_service(id);
    }
}

void read_queue::tasks_looked_at(std::string_view service_id, bool settled, time_point looked, time_point now)
{
    const auto found = settling_.find(service_id);
    // Asked for once more meanwhile: that look is still to come, whatever this one showed.
    if (found == settling_.end() || found->second.due)
        return;
    auto& waiting = found->second;
    if (++waiting.looks >= service_looks && settled) {
        settling_.erase(found);
        return;
    }
    waiting.since = looked;
    waiting.due = now + waiting.delay;
    waiting.delay = std::min<duration>(waiting.delay * 2, longest_delay);
}

void read_queue::task_looked_at(std::string_view id, const task* found, time_point now)
{
    const auto at = tasks_.find(id);
    if (at == tasks_.end() || at->second.due)
        return;
    auto& waiting = at->second;
    const bool death = waiting.awaited >= first_end;
    const bool arrived = !found || found->state >= waiting.awaited;
    // An end is waited for as long as it takes: until then the model has a target that does not answer.
    if (!arrived && (death || ++waiting.looks < task_looks)) {
        waiting.due = now + waiting.delay;
        waiting.delay = std::min<duration>(waiting.delay * 2, longest_delay);
        return;
    }
    if (found && (death || !arrived))
        settle(found->service_id, now, waiting.delay);
    tasks_.erase(at);
}

void read_queue::forget_service(std::string_view id)
{
    if (const auto found = services_.find(id); found != services_.end())
        services_.erase(found);
    if (const auto found = settling_.find(id); found != settling_.end())
        settling_.erase(found);
}

bool read_queue::has_due(time_point now) const
{
    const auto first = deadline();
    return first && *first <= now;
}

std::optional<time_point> read_queue::deadline() const
{
    std::optional<time_point> first;
    for (const auto* entries : {&services_, &nodes_, &tasks_, &settling_, &local_})
        if (const auto due = earliest_due(*entries); due && (!first || *due < *first))
            first = due;
    return first;
}

std::size_t read_queue::count_due(time_point now) const
{
    return due_in(services_, now) + due_in(nodes_, now) + due_in(tasks_, now) + due_in(settling_, now) +
           due_in(local_, now);
}

} // namespace agent::core
