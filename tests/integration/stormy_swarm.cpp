#include "tests/integration/stormy_swarm.hpp"

#include "sd_writer/json.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace integration {
namespace {

using namespace std::chrono_literals;

/// An engine reports a task as running 6 to 101 ms after its container's start (measured on 20.10).
constexpr auto start_takes = 50ms;
constexpr unsigned port = 8080;
const std::string node = "node1";

std::string quoted(const std::string& text)
{
    std::string json;
    sd_writer::append_json_string(json, text);
    return json;
}

template <class Objects, class Keep>
std::string as_list(const Objects& objects, Keep keep)
{
    std::string list = "[";
    for (const auto& [id, object] : objects) {
        if (!keep(object))
            continue;
        if (list.size() > 1)
            list += ',';
        list += object.text;
    }
    return list + "]\n";
}

template <class Objects>
std::optional<std::string> text_of(const Objects& objects, std::string_view id)
{
    const auto found = objects.find(id);
    return found == objects.end() ? std::nullopt : std::optional(found->second.text + "\n");
}

} // namespace

stormy_swarm::stormy_swarm(unsigned services, unsigned replicas, std::uint32_t seed)
    : random_(seed), replicas_(replicas)
{
    records nobody_listens;
    for (unsigned number = 0; number < services; ++number)
        create_service(clock::time_point{}, nobody_listens);
    advance(clock::time_point::max());
}

std::vector<std::string> stormy_swarm::change(clock::time_point now)
{
    records told;
    const auto what = below(1000);
    if (what < 5) {
        remove_service(told);
        create_service(now, told);
    } else if (what < 50) {
        label(any_service(), told);
    } else if (what < 100) {
        scale(any_service(), now, told);
    } else {
        replace(any_service(), now, told);
    }
    return told;
}

void stormy_swarm::advance(clock::time_point now)
{
    for (; !starting_.empty() && starting_.front().first <= now; starting_.pop_front()) {
        const auto found = tasks_.find(starting_.front().second);
        if (found == tasks_.end() || found->second.value.state != "starting")
            continue; // it has ended before
        found->second.value.state = "running";
        found->second.text = to_json(found->second.value);
    }
}

std::optional<std::string> stormy_swarm::get(std::string_view path, std::string_view of) const
{
    const auto all = [](const auto&) { return true; };
    if (path == "/services")
        return as_list(services_, all);
    if (path == "/nodes")
        return "[" + support::node_json(node, "192.0.2.1") + "]\n";
    if (path == "/tasks" && of.empty())
        return as_list(tasks_, all);
    if (path == "/tasks" && !services_.contains(of))
        return std::nullopt;
    if (path == "/tasks")
        return as_list(tasks_, [of](const task& each) { return each.value.service_id == of; });
    if (path.starts_with("/services/"))
        return text_of(services_, path.substr(10));
    if (path.starts_with("/tasks/"))
        return text_of(tasks_, path.substr(7));
    if (path == "/nodes/" + node)
        return support::node_json(node, "192.0.2.1") + "\n";
    return std::nullopt;
}

std::string stormy_swarm::expected_file() const
{
    std::string file = "[";
    for (const auto& [id, each] : services_) {
        std::string targets;
        for (const auto& place : each.slots) {
            const auto& value = tasks_.find(place.task)->second.value;
            if (value.state == "running")
                targets += (targets.empty() ? "" : ",") + quoted(value.address + ":" + std::to_string(port));
        }
        if (targets.empty())
            continue;
        const auto team = each.value.labels.find("prometheus.label.team");
        file += (file.size() > 1 ? ",{\"targets\":[" : "{\"targets\":[") + targets + "],\"labels\":{\"task\":" +
                quoted(each.value.name) +
                (team == each.value.labels.end() ? "" : ",\"team\":" + quoted(team->second)) + "}}";
    }
    return file + "]\n";
}

std::size_t stormy_swarm::serving_tasks() const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(tasks_, [](const auto& each) { return each.second.value.state == "running"; }));
}

// --- Changes ---

void stormy_swarm::create_service(clock::time_point now, records& told)
{
    const auto number = std::to_string(++made_);
    service added{{"service" + number, "storm" + number, replicas_, port}};
    describe(added);
    told.push_back(support::object_event("service", "create", added.value.id));
    auto& kept = services_.emplace(added.value.id, std::move(added)).first->second;
    kept.slots.resize(replicas_);
    for (auto& place : kept.slots)
        start_task(kept, place, now, told);
}

void stormy_swarm::remove_service(records& told)
{
    auto& leaving = any_service();
    told.push_back(support::object_event("service", "remove", leaving.value.id));
    for (const auto& place : leaving.slots) {
        end_task(place.task, told);
        forget_task(place.task);
        forget_task(place.previous);
    }
    services_.erase(services_.find(leaving.value.id));
}

void stormy_swarm::scale(service& which, clock::time_point now, records& told)
{
    const bool up = which.slots.size() < 2 || (which.slots.size() < std::size_t{2} * replicas_ && below(2) == 0);
    which.value.replicas = static_cast<unsigned>(up ? which.slots.size() + 1 : which.slots.size() - 1);
    describe(which);
    told.push_back(support::object_event("service", "update", which.value.id));
    if (up) {
        start_task(which, which.slots.emplace_back(), now, told);
        return;
    }
    end_task(which.slots.back().task, told);
    forget_task(which.slots.back().task);
    forget_task(which.slots.back().previous);
    which.slots.pop_back();
}

void stormy_swarm::label(service& which, records& told)
{
    which.value.labels["prometheus.label.team"] = "team" + std::to_string(below(10));
    describe(which);
    told.push_back(support::object_event("service", "update", which.value.id));
}

void stormy_swarm::replace(service& which, clock::time_point now, records& told)
{
    auto& place = which.slots[below(static_cast<unsigned>(which.slots.size()))];
    end_task(place.task, told);
    forget_task(std::exchange(place.previous, place.task));
    start_task(which, place, now, told);
}

void stormy_swarm::start_task(service& which, slot& into, clock::time_point now, records& told)
{
    const auto number = ++made_;
    const auto byte = [number](unsigned shift) { return std::to_string((number >> shift) & 0xffU); };
    task added{{.id = "task" + std::to_string(number),
                .service_id = which.value.id,
                .node_id = node,
                .address = "10." + byte(16) + "." + byte(8) + "." + byte(0),
                .state = "starting"},
               {}};
    added.text = to_json(added.value);
    into.task = added.value.id;
    for (const auto* what : {"create", "start"})
        told.push_back(support::container_event(what, added.value));
    told.push_back(support::object_event("network", "connect", "net1"));
    starting_.emplace_back(now + start_takes, added.value.id);
    tasks_.emplace(added.value.id, std::move(added));
}

void stormy_swarm::end_task(const std::string& id, records& told)
{
    auto& ending = tasks_.find(id)->second;
    ending.value.state = "failed";
    ending.value.desired = "shutdown";
    ending.text = to_json(ending.value);
    told.push_back(support::container_event("die", ending.value));
    told.push_back(support::object_event("network", "disconnect", "net1"));
}

void stormy_swarm::forget_task(const std::string& id)
{
    if (const auto found = tasks_.find(id); found != tasks_.end())
        tasks_.erase(found);
}

void stormy_swarm::describe(service& which)
{
    which.text = to_json(which.value);
}

stormy_swarm::service& stormy_swarm::any_service()
{
    return std::next(services_.begin(), below(static_cast<unsigned>(services_.size())))->second;
}

/// Of a distribution's result nothing is promised; this is the same everywhere.
unsigned stormy_swarm::below(unsigned limit)
{
    return static_cast<unsigned>(random_() % limit);
}

} // namespace integration
