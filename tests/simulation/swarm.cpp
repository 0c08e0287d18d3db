#include "tests/simulation/swarm.hpp"

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t node_count = 4;
constexpr std::size_t most_services = 8;
constexpr std::size_t kept_dead_tasks = 2; // per slot
constexpr unsigned most_replicas = 6;
constexpr unsigned job_at_once = 2;
constexpr auto restart_delay = 5s; // Docker's default

bool has_ended(const task& subject)
{
    return subject.state > task_state::running;
}

/// Whether the orchestrator counts on it.
bool is_wanted(const task& subject)
{
    return subject.desired <= task_state::complete && !has_ended(subject);
}

std::string padded(unsigned number)
{
    auto text = std::to_string(number);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
}

} // namespace

std::string_view to_string(task_state state)
{
    constexpr std::array<std::string_view, 11> words{"new",      "pending",  "assigned", "preparing",
                                                     "ready",    "starting", "running",  "complete",
                                                     "shutdown", "failed",   "remove"};
    return words.at(static_cast<std::size_t>(state));
}

swarm::swarm(agenda& plan, std::uint64_t seed, listener to) : plan_(plan), dice_(seed), listener_(std::move(to)) {}

void swarm::populate()
{
    for (std::size_t number = 1; number <= node_count; ++number) {
        node made{.id = "node" + std::to_string(number), .address = "192.0.2." + std::to_string(number)};
        made.is_leader = number == 2; // the agent's manager follows
        put(nodes_[made.id] = made);
    }
    flush();
    for (int count = 0; count < 3; ++count)
        create_service();
}

void swarm::act()
{
    auto* const subject = any_service();
    const auto what = dice_.below(24);
    if (!subject || (what < 3 && services_.size() < most_services))
        return create_service();
    if (what < 8)
        return scale(*subject);
    if (what < 11)
        return relabel(*subject);
    if (what < 12)
        return republish(*subject);
    if (what < 14)
        return update_image(*subject);
    if (what < 16)
        return remove_service(*subject);
    if (what < 20)
        return fail_some_task();
    if (what < 22)
        return drain_or_activate();
    if (what < 23)
        return lose_or_find_node();
    if (dice_.one_in(2)) {
        listener_.on_deed("storm of " + subject->name);
        return storm(subject->id, 60);
    }
    // Rarely everything goes: the hardest thing to believe.
    if (!dice_.one_in(3))
        return;
    listener_.on_deed("remove all services");
    while (!services_.empty())
        remove_service(services_.begin()->second);
}

// --- What people do ---

void swarm::create_service()
{
    service made;
    made.id = new_id('s');
    made.name = "service-" + std::to_string(made_);
    made.wanted = 1 + static_cast<unsigned>(dice_.below(4));
    made.port = 8000 + static_cast<unsigned>(dice_.below(4));
    made.has_health_check = dice_.one_in(4);
    switch (dice_.below(8)) {
    case 0:
        made.mode = service_mode::global;
        break;
    case 1:
        made.mode = service_mode::global;
        made.is_on_host = true;
        made.port = 9000 + made_ % 500; // one port of a node can be had once
        break;
    case 2:
        made.mode = service_mode::job;
        break;
    case 3:
        made.port = 0;
        break;
    default:
        break;
    }
    if (dice_.one_in(3))
        made.labels["prometheus.port"] = dice_.one_in(2) ? "7001" : "7001,7002";
    listener_.on_deed("create " + made.name);
    const auto id = made.id;
    put(services_[id] = std::move(made));
    flush();
    plan_.in(dice_.between(5ms, 20ms), [this, id] { reconcile(id); });
}

void swarm::scale(service& subject)
{
    if (subject.mode == service_mode::global)
        return;
    subject.wanted = static_cast<unsigned>(dice_.below(most_replicas));
    listener_.on_deed("scale " + subject.name + " " + std::to_string(subject.wanted));
    put(subject);
    flush();
    plan_.in(dice_.between(2ms, 10ms), [this, id = subject.id] { reconcile(id); });
}

/// Labels of a service alone touch no task.
void swarm::relabel(service& subject)
{
    constexpr std::array<std::pair<const char*, const char*>, 8> choices{{{"prometheus.scrape", "false"},
                                                                          {"prometheus.scrape", "true"},
                                                                          {"prometheus.job", "front"},
                                                                          {"prometheus.job", "back"},
                                                                          {"prometheus.path", "/stats"},
                                                                          {"prometheus.label.tier", "a"},
                                                                          {"prometheus.label.tier", "b"},
                                                                          {"prometheus.port", "7003"}}};
    const auto& [name, value] = dice_.any(choices);
    if (subject.labels.contains(name) && dice_.one_in(2))
        subject.labels.erase(name);
    else
        subject.labels[name] = value;
    listener_.on_deed("relabel " + subject.name + " " + name);
    put(subject);
    flush();
}

void swarm::republish(service& subject)
{
    if (subject.is_on_host)
        return;
    subject.port = dice_.one_in(4) ? 0 : 8000 + static_cast<unsigned>(dice_.below(4));
    listener_.on_deed("republish " + subject.name);
    put(subject);
    flush();
}

void swarm::update_image(service& subject)
{
    if (subject.mode != service_mode::replicated || subject.update_state == "updating")
        return;
    subject.update_state = "updating";
    listener_.on_deed("update " + subject.name);
    put(subject);
    flush();
    plan_.in(dice_.between(10ms, 50ms), [this, id = subject.id] { continue_update(id, 1); });
}

void swarm::remove_service(service& subject)
{
    const auto id = subject.id;
    const bool leaves_tasks = subject.mode == service_mode::job;
    listener_.on_deed("remove " + subject.name);
    erase_service(id);
    flush();
    if (leaves_tasks) { // as engines do, for a while
        plan_.in(dice_.between(20s, 60s), [this, id] {
            for (auto* const left : tasks_of(id))
                erase_task(left->id);
            flush();
        });
        return;
    }
    for (auto* const one : tasks_of(id))
        if (has_ended(*one))
            erase_task(one->id);
        else
            stop(*one, task_state::remove);
    flush();
}

void swarm::fail_some_task()
{
    std::vector<std::string> running;
    for (const auto& [id, one] : tasks_)
        if (one.state == task_state::running && one.desired == task_state::running && is_reachable(one) &&
            services_.contains(one.service_id) && !stopping_.contains(id))
            running.push_back(id);
    if (running.empty())
        return;
    const auto id = dice_.any(running);
    listener_.on_deed("kill a container of " + tasks_.at(id).service_id);
    finish(id, task_state::failed);
}

void swarm::drain_or_activate()
{
    auto& subject = dice_.any(nodes_).second;
    // One node stays, or there is nothing to see.
    if (subject.availability == "active" && subject.id == "node3")
        return;
    subject.availability = subject.availability == "active" ? "drain" : "active";
    listener_.on_deed(subject.availability + " " + subject.id);
    put(subject);
    flush();
    plan_.in(dice_.between(5ms, 30ms), [this] { reconcile_all(); });
}

void swarm::lose_or_find_node()
{
    auto& subject = nodes_.at("node4");
    if (subject.is_reachable) {
        listener_.on_deed("lose " + subject.id);
        subject.is_reachable = false;
        plan_.in(dice_.between(5s, 15s), [this] {
            auto& lost = nodes_.at("node4");
            if (lost.is_reachable)
                return;
            lost.state = "down";
            put(lost);
            flush();
            reconcile_all();
        });
        return;
    }
    listener_.on_deed("find " + subject.id);
    subject.is_reachable = true;
    if (subject.state == "ready")
        return;
    subject.state = "ready";
    put(subject);
    flush();
    // It learns what it should have stopped.
    for (const auto& [id, one] : tasks_)
        if (one.node_id == subject.id && one.desired > task_state::complete && !has_ended(one))
            plan_.in(dice_.between(100ms, 2s), [this, id] { end(id, task_state::shutdown); });
    plan_.in(dice_.between(5ms, 30ms), [this] { reconcile_all(); });
}

/// Never quiet for as long as a write waits for.
void swarm::storm(const std::string& service_id, unsigned times)
{
    const auto found = services_.find(service_id);
    if (times == 0 || found == services_.end())
        return;
    found->second.labels["prometheus.label.tier"] = times % 2 == 0 ? "a" : "b";
    put(found->second);
    flush();
    plan_.in(dice_.between(50ms, 90ms), [this, service_id, times] { storm(service_id, times - 1); });
}

void swarm::change_leader()
{
    for (auto& [id, subject] : nodes_) {
        subject.is_leader = id == (nodes_.at("node2").is_leader ? "node3" : "node2");
        if (id != "node2" && id != "node3")
            subject.is_leader = false;
        if (subject.state == "ready")
            subject.state = "unknown";
        put(subject);
    }
    flush();
    for (auto& [id, subject] : services_)
        put(subject);
    flush();
    for (auto& [id, subject] : tasks_)
        put(subject);
    flush();
    for (auto& [id, subject] : nodes_)
        plan_.in(dice_.between(1s, 4s), [this, &subject] {
            if (subject.state != "unknown")
                return;
            subject.state = subject.is_reachable ? "ready" : "down";
            put(subject);
            flush();
            reconcile_all();
        });
}

// --- What the orchestrator does ---

void swarm::reconcile_all()
{
    std::vector<std::string> ids;
    for (const auto& [id, subject] : services_)
        ids.push_back(id);
    for (const auto& id : ids)
        reconcile(id);
}

void swarm::reconcile(const std::string& service_id)
{
    const auto found = services_.find(service_id);
    if (found == services_.end())
        return;
    switch (found->second.mode) {
    case service_mode::replicated:
        reconcile_slots(found->second);
        break;
    case service_mode::global:
        reconcile_nodes(found->second);
        break;
    case service_mode::job:
        reconcile_job(found->second);
        break;
    }
    drop_history(found->second);
    flush();
}

void swarm::reconcile_slots(const service& subject)
{
    std::set<unsigned> filled;
    for (auto* const one : tasks_of(subject.id)) {
        if (!is_wanted(*one))
            continue;
        const auto where = nodes_.find(one->node_id);
        const bool can_stay =
            where == nodes_.end() || (where->second.availability == "active" && where->second.state != "down");
        if (one->slot > subject.wanted)
            stop(*one, task_state::remove);
        else if (can_stay)
            filled.insert(one->slot);
        else
            stop(*one, task_state::shutdown);
    }
    for (unsigned slot = 1; slot <= subject.wanted; ++slot)
        if (!filled.contains(slot))
            create_task(subject, slot, task_state::running);
}

void swarm::reconcile_nodes(const service& subject)
{
    for (const auto& [id, where] : nodes_) {
        const bool is_usable = where.availability == "active" && where.state != "down";
        bool is_there = false;
        for (auto* const one : tasks_of(subject.id))
            if (one->node_id == id && is_wanted(*one)) {
                is_there = true;
                if (!is_usable)
                    stop(*one, task_state::shutdown);
            }
        if (is_usable && !is_there && where.state == "ready")
            create_task(subject, 0, task_state::running, id);
    }
}

void swarm::reconcile_job(const service& subject)
{
    unsigned done = 0;
    unsigned at_work = 0;
    for (auto* const one : tasks_of(subject.id)) {
        const auto where = nodes_.find(one->node_id);
        if (one->state == task_state::complete)
            ++done;
        else if (is_wanted(*one) && where != nodes_.end() && where->second.state == "down")
            stop(*one, task_state::shutdown);
        else if (is_wanted(*one))
            ++at_work;
    }
    for (; done + at_work < subject.wanted && at_work < job_at_once; ++at_work)
        create_task(subject, done + at_work + 1, task_state::complete);
}

/// One slot after the other: the new task gets ready, the old one is stopped, the new one starts.
void swarm::continue_update(const std::string& service_id, unsigned slot)
{
    const auto found = services_.find(service_id);
    if (found == services_.end())
        return;
    auto& subject = found->second;
    const auto again = [this, service_id](unsigned next, duration delay) {
        plan_.in(delay, [this, service_id, next] { continue_update(service_id, next); });
    };
    if (slot > subject.wanted) {
        subject.update_state = "completed";
        put(subject);
        flush();
        return;
    }
    for (auto* const old : tasks_of(service_id))
        if (old->slot == slot && is_wanted(*old))
            stop(*old, task_state::shutdown);
    const auto id = create_task(subject, slot, task_state::ready).id;
    flush();
    start_in(dice_.between(3s, 4s), id);
    again(slot + 1, dice_.between(5s, 7s));
}

/// A task that gets ready beside the one it replaces is meant to run only then.
void swarm::start_in(duration delay, const std::string& id)
{
    plan_.in(delay, [this, id] {
        const auto fresh = tasks_.find(id);
        if (fresh == tasks_.end() || fresh->second.desired != task_state::ready)
            return;
        fresh->second.desired = task_state::running;
        put(fresh->second);
        flush();
        next_step(fresh->second, 20ms, 100ms);
    });
}

task& swarm::create_task(const service& subject, unsigned slot, task_state desired, const std::string& node_id)
{
    task made;
    made.id = new_id('t');
    made.service_id = subject.id;
    made.slot = slot;
    made.desired = desired;
    made.node_id = node_id;
    auto& kept = tasks_[made.id] = std::move(made);
    put(kept);
    next_step(kept, 5ms, 40ms);
    return kept;
}

/// Gossip has 2 s to tell before the container is stopped.
void swarm::stop(task& subject, task_state desired)
{
    if (subject.desired >= desired)
        return;
    subject.desired = desired;
    put(subject);
    const auto id = subject.id;
    if (subject.state < task_state::starting) {
        plan_.in(dice_.between(10ms, 200ms), [this, id] { end(id, task_state::shutdown); });
        return;
    }
    if (has_ended(subject) || !is_reachable(subject)) {
        if (desired == task_state::remove)
            plan_.in(dice_.between(100ms, 400ms), [this, id] {
                if (tasks_.contains(id))
                    erase_task(id);
                flush();
            });
        return;
    }
    plan_.in(dice_.between(2s, 3300ms), [this, id] { finish(id, task_state::shutdown); });
}

void swarm::drop_history(const service& subject)
{
    std::map<std::pair<unsigned, std::string>, std::vector<std::string>> dead;
    for (auto* const one : tasks_of(subject.id))
        if (has_ended(*one) && one->state != task_state::complete)
            dead[{one->slot, one->slot == 0 ? one->node_id : ""}].push_back(one->id);
    for (auto& [where, ids] : dead)
        for (std::size_t at = 0; at + kept_dead_tasks < ids.size(); ++at)
            erase_task(ids[at]);
}

// --- What nodes do ---

bool swarm::is_reachable(const task& subject) const
{
    const auto where = nodes_.find(subject.node_id);
    return where == nodes_.end() || where->second.is_reachable;
}

void swarm::next_step(const task& subject, duration least, duration most)
{
    plan_.in(dice_.between(least, most), [this, id = subject.id] { step(id); });
}

void swarm::step(const std::string& task_id)
{
    const auto found = tasks_.find(task_id);
    if (found == tasks_.end() || found->second.desired > task_state::complete)
        return;
    auto& subject = found->second;
    if (!is_reachable(subject))
        return next_step(subject, 1s, 2s);
    const auto owner = services_.find(subject.service_id);
    const bool is_on_host = owner != services_.end() && owner->second.is_on_host;
    switch (subject.state) {
    case task_state::fresh:
        subject.state = task_state::pending;
        if (!is_on_host)
            subject.address = free_address();
        break;
    case task_state::pending:
        if (subject.node_id.empty())
            subject.node_id = choose_node();
        if (subject.node_id.empty())
            return next_step(subject, 1s, 2s);
        subject.state = task_state::assigned;
        break;
    case task_state::assigned:
        subject.state = task_state::preparing;
        break;
    case task_state::preparing:
        subject.state = task_state::ready;
        break;
    case task_state::ready:
        if (subject.desired == task_state::ready)
            return; // whoever wants it to run says so
        subject.state = task_state::starting;
        if (subject.node_id == "node1")
            listener_.on_container("create", subject);
        plan_.in(dice_.between(100ms, 400ms), [this, task_id] { start(task_id); });
        put(subject);
        return flush();
    default:
        return;
    }
    put(subject);
    flush();
    next_step(subject, 20ms, 300ms);
}

/// The container runs; the swarm hears of it a moment later, or once it is healthy.
void swarm::start(const std::string& task_id)
{
    const auto found = tasks_.find(task_id);
    if (found == tasks_.end() || found->second.state != task_state::starting)
        return;
    const auto owner = services_.find(found->second.service_id);
    const bool has_health_check = owner != services_.end() && owner->second.has_health_check;
    const bool is_local = found->second.node_id == "node1";
    if (is_local)
        listener_.on_container("start", found->second);
    const auto healthy_after = has_health_check ? dice_.between(1s, 4s) : 0s;
    plan_.in(healthy_after, [this, task_id, is_local, has_health_check] {
        const auto healthy = tasks_.find(task_id);
        if (healthy == tasks_.end() || healthy->second.state != task_state::starting)
            return;
        if (is_local && has_health_check)
            listener_.on_container("health_status: healthy", healthy->second);
        plan_.in(dice_.between(6ms, 101ms), [this, task_id] {
            const auto running = tasks_.find(task_id);
            if (running == tasks_.end() || running->second.state != task_state::starting)
                return;
            if (!is_reachable(running->second)) // tells it when it is back
                return;
            auto& subject = running->second;
            subject.state = task_state::running;
            const auto service_of = services_.find(subject.service_id);
            if (service_of != services_.end() && service_of->second.is_on_host) {
                subject.target_port = service_of->second.port;
                subject.published_port = service_of->second.port + 20'000;
            }
            put(subject);
            flush();
            if (subject.desired == task_state::complete)
                plan_.in(dice_.between(10s, 60s), [this, task_id] { finish(task_id, task_state::complete); });
        });
    });
}

/// The container dies; the swarm hears of it a moment later.
void swarm::finish(const std::string& task_id, task_state end_state)
{
    const auto found = tasks_.find(task_id);
    if (found == tasks_.end() || has_ended(found->second) || !stopping_.insert(task_id).second)
        return;
    if (found->second.node_id == "node1")
        listener_.on_container("die", found->second);
    plan_.in(dice_.between(133ms, 235ms), [this, task_id, end_state] { end(task_id, end_state); });
}

void swarm::end(const std::string& task_id, task_state state)
{
    stopping_.erase(task_id);
    const auto found = tasks_.find(task_id);
    if (found == tasks_.end() || has_ended(found->second))
        return;
    auto& subject = found->second;
    if (!is_reachable(subject)) { // nobody hears of it
        plan_.in(5s, [this, task_id, state] { end(task_id, state); });
        return;
    }
    subject.state = state;
    put(subject);
    flush();
    if (subject.desired == task_state::remove)
        plan_.in(dice_.between(200ms, 500ms), [this, task_id] {
            if (tasks_.contains(task_id))
                erase_task(task_id);
            flush();
        });
    const auto owner = services_.find(subject.service_id);
    if (owner == services_.end())
        return;
    if (state != task_state::failed) {
        plan_.in(dice_.between(5ms, 30ms), [this, id = owner->first] { reconcile(id); });
        return;
    }
    // Its replacement gets ready at once, and starts after the restart delay.
    if (subject.desired <= task_state::running) {
        subject.desired = task_state::shutdown;
        put(subject);
    }
    const auto fresh_id =
        create_task(owner->second, subject.slot, task_state::ready, subject.slot == 0 ? subject.node_id : std::string())
            .id;
    flush();
    start_in(restart_delay, fresh_id);
}

std::string swarm::choose_node()
{
    std::vector<std::string> usable;
    for (const auto& [id, where] : nodes_)
        if (where.availability == "active" && where.state == "ready")
            usable.push_back(id);
    return usable.empty() ? std::string() : dice_.any(usable);
}

/// The lowest that no task holds that may still run: addresses are used again soon.
std::string swarm::free_address() const
{
    std::set<std::string> held;
    for (const auto& [id, one] : tasks_)
        if (!has_ended(one))
            held.insert(one.address);
    for (unsigned number = 2;; ++number)
        if (auto address = "10.0." + std::to_string(1 + number / 250) + "." + std::to_string(number % 250);
            !held.contains(address))
            return address;
}

// --- The store ---

void swarm::put(service& subject)
{
    const auto what = subject.version == 0 ? change::kind::created : change::kind::updated;
    subject.version = index_;
    pending_.push_back({what, subject});
}

void swarm::put(task& subject)
{
    const auto what = subject.version == 0 ? change::kind::created : change::kind::updated;
    subject.version = index_;
    pending_.push_back({what, subject});
}

void swarm::put(node& subject)
{
    const auto what = subject.version == 0 ? change::kind::created : change::kind::updated;
    subject.version = index_;
    pending_.push_back({what, subject});
}

void swarm::erase_service(const std::string& id)
{
    pending_.push_back({change::kind::removed, services_.at(id)});
    services_.erase(id);
}

void swarm::erase_task(std::string id)
{
    pending_.push_back({change::kind::removed, tasks_.at(id)});
    tasks_.erase(id);
    stopping_.erase(id);
}

void swarm::flush()
{
    if (pending_.empty())
        return;
    ++index_;
    const auto done = std::exchange(pending_, {});
    listener_.on_commit(done);
}

std::vector<task*> swarm::tasks_of(const std::string& service_id)
{
    std::vector<task*> found;
    for (auto& [id, one] : tasks_)
        if (one.service_id == service_id)
            found.push_back(&one);
    return found;
}

std::string swarm::new_id(char kind)
{
    return kind + padded(++made_);
}

service* swarm::any_service()
{
    return services_.empty() ? nullptr : &dice_.any(services_).second;
}

} // namespace simulation
