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
    ask(tasks_, task_id, now, now + after_death, first_end);
}

void read_queue::node_hint(std::string_view id, time_point now)
{
    ask(nodes_, id, now, now + after_hint);
}

void read_queue::containers_hint(time_point now)
{
    ask(local_, {}, now, now + after_hint);
}

/// A hint starts the entry's delays anew; an earlier time that was set already stays, and so does an end that is awaited.
void read_queue::ask(entries& among, std::string_view id, time_point now, time_point due, task_state awaited)
{
    if (among.size() >= most_waiting && among.find(id) == among.end()) {
        is_full_ = true;
        return;
    }
    const auto at = among.get(id, {now});
    auto& [known, already_due] = at->second;
    if (!already_due || due < *already_due)
        among.set_due(at, due);
    known.delay = first_delay;
    known.looks = 0;
    known.awaited = std::max(known.awaited, awaited);
}

std::optional<read_queue::job> read_queue::take_due(time_point now)
{
    const auto first = deadline();
    if (!first || *first > now)
        return std::nullopt;

    // Of reads due at the same moment services go first: labels and ports of a new service are known when its tasks
    // come.
    if (services_.deadline() == first)
        return take(services_, [](const std::string& id) { return read_service{id}; });
    if (nodes_.deadline() == first)
        return take(nodes_, [](const std::string& id) { return read_node{id}; });
    if (local_.deadline() == first)
        return take(local_, [](const std::string&) { return read_containers{}; });
    if (tasks_.deadline() == first)
        return await(tasks_, [](const std::string& id) { return read_task{id}; });
    return await(settling_, [](const std::string& id) { return read_tasks_of{id}; });
}

/// An object that one look is enough for.
template <class Request>
read_queue::job read_queue::take(entries& from, Request request)
{
    const auto at = from.earliest();
    job next{request(at->first), at->second.value.since};
    from.erase(at);
    return next;
}

/// An object that stays until what it does has come to an end.
template <class Request>
read_queue::job read_queue::await(entries& from, Request request)
{
    const auto at = from.earliest();
    from.set_due(at, std::nullopt);
    return {request(at->first), at->second.value.since};
}

bool read_queue::overflows(time_point now, std::size_t task_count) const
{
    const auto most = list_costs_reads + task_count / tasks_cost_a_read;
    return is_full_ || count_due(now, most + 1) > most;
}

void read_queue::list_started(const read_everything& lists, time_point now)
{
    const auto is_due = [now](const entries& among) { return among.deadline() && *among.deadline() <= now; };
    if (lists.containers)
        while (is_due(local_))
            local_.erase(local_.earliest());
    if (!lists.swarm)
        return;
    is_full_ = false;
    for (auto* objects : {&services_, &nodes_})
        while (is_due(*objects))
            objects->erase(objects->earliest());
    for (auto* awaited : {&tasks_, &settling_})
        while (is_due(*awaited))
            awaited->set_due(awaited->earliest(), std::nullopt);
}

void read_queue::forget_swarm()
{
    for (auto* each : {&services_, &nodes_, &tasks_, &settling_})
        each->clear();
    is_full_ = false;
}

void read_queue::listed(const swarm& world, time_point looked, time_point now)
{
    for (const auto& id : tasks_.without_due())
        task_looked_at(id, world.find_task(id), now);
    for (const auto& id : settling_.without_due()) {
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
    auto& known = found->second.value;
    if (++known.looks >= service_looks && settled) {
        settling_.erase(found);
        return;
    }
    known.since = looked;
    settling_.set_due(found, now + known.delay);
    known.delay = std::min<duration>(known.delay * 2, longest_delay);
}

void read_queue::task_looked_at(std::string_view id, const task* found, time_point now)
{
    const auto at = tasks_.find(id);
    if (at == tasks_.end() || at->second.due)
        return;
    auto& known = at->second.value;
    const bool death = known.awaited >= first_end;
    const bool arrived = !found || found->state >= known.awaited;
    // An end is waited for as long as it takes: until then the model has a target that does not answer.
    if (!arrived && (death || ++known.looks < task_looks)) {
        tasks_.set_due(at, now + known.delay);
        known.delay = std::min<duration>(known.delay * 2, longest_delay);
        return;
    }
    if (found && (death || !arrived))
        settle(found->service_id, now, known.delay);
    tasks_.erase(at);
}

void read_queue::forget_service(std::string_view id)
{
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
    for (const auto* each : {&services_, &nodes_, &tasks_, &settling_, &local_})
        if (const auto due = each->deadline(); due && (!first || *due < *first))
            first = due;
    return first;
}

std::size_t read_queue::count_due(time_point now, std::size_t most) const
{
    std::size_t count = 0;
    for (const auto* each : {&services_, &nodes_, &tasks_, &settling_, &local_})
        count += each->count_due(now, most - std::min(count, most));
    return count;
}

} // namespace agent::core
