#include "tests/simulation/manager_node.hpp"

#include "proto_http/target.hpp"
#include "tests/simulation/objects.hpp"

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

using namespace std::chrono_literals;
using support::fake_engine;

constexpr std::size_t kept_commits = 400;
/// An engine without a leader gives up after so long; once it knows, at once.
constexpr auto engine_patience = 20s;
constexpr auto leader_known_lost = 10s;

/// `/tasks/x` of `/v1.41/tasks/x?filters=…`
std::string path_of(const std::string& asked)
{
    auto path = asked.substr(0, asked.find('?'));
    if (path.starts_with("/v1."))
        path.erase(0, path.find('/', 1));
    return path;
}

/// The service that tasks are asked of.
std::string filtered_service(const std::string& asked)
{
    const auto split = proto_http::split(asked);
    if (!split || split->query.empty())
        return {};
    const auto& filters = split->query.front().second; // {"service":["s00001"]}
    const auto start = filters.find('[') + 2;
    return filters.substr(start, filters.find('"', start) - start);
}

/// What a request reads of the swarm, if anything.
std::optional<reading> reading_of(const std::string& asked)
{
    using enum reading::kind;
    const auto path = path_of(asked);
    const auto id = [&path](std::size_t from) { return path.substr(from); };
    if (path == "/services")
        return reading{.what = services};
    if (path == "/nodes")
        return reading{.what = nodes};
    if (path == "/tasks" && asked.find('?') == std::string::npos)
        return reading{.what = tasks};
    if (path == "/tasks")
        return reading{.what = tasks_of_one, .id = filtered_service(asked)};
    if (path.starts_with("/services/"))
        return reading{.what = one_service, .id = id(10)};
    if (path.starts_with("/tasks/"))
        return reading{.what = one_task, .id = id(7)};
    if (path.starts_with("/nodes/"))
        return reading{.what = one_node, .id = id(7)};
    return std::nullopt;
}

std::optional<reading> reading_of_call(std::string_view name)
{
    const auto list = [](reading::kind what) { return reading{.from = reading::source::control_socket, .what = what}; };
    if (name == "ListNodes")
        return list(reading::kind::nodes);
    if (name == "ListNetworks")
        return list(reading::kind::networks);
    if (name == "ListServices")
        return list(reading::kind::services);
    if (name == "ListTasks")
        return list(reading::kind::tasks);
    return std::nullopt;
}

std::string_view name_of(const support::grpc_server::call& call)
{
    return std::string_view(call.method).substr(call.method.rfind('/') + 1);
}

} // namespace

manager_node::manager_node(boost::asio::io_context& io, std::filesystem::path directory, agenda& plan,
                           std::uint64_t seed, listener to)
    : engine(io.get_executor(), directory / "engine.sock"),
      manager(io.get_executor(), directory / "control.sock"),
      directory_(std::move(directory)),
      plan_(plan),
      dice_(seed),
      listener_(std::move(to))
{
    engine.journey_of = [this](const auto& asked) { return journey_of(asked); };
    engine.tamper = [this](const auto& asked) { return tamper(asked); };
    engine.observe = [this](const auto& asked, auto what) { observe(asked, what); };
    engine.on_stream = [this] { listener_.referee->stream_opened(clock::now()); };
    manager.take_over = [this](auto& call) { return take_over(call); };
    manager.networks["net1"] = support::network_message(overlay_json(), 2);
    manager.networks["net0"] = support::network_message(ingress_json(), 1);
}

// --- The swarm's store ---

void manager_node::take(const commit& done)
{
    using support::watch_event;
    told_commit told{clock::now(), {}, {}, {}};
    std::vector<watch_event> watched;
    const auto put = [](auto& objects, const std::string& id, std::string text, bool removed) {
        if (removed)
            objects.erase(id);
        else
            objects[id] = std::move(text);
    };
    for (const auto& [what, object] : done) {
        const bool removed = what == change::kind::removed;
        const auto action = removed                         ? watch_event::change::removed
                            : what == change::kind::created ? watch_event::change::created
                                                            : watch_event::change::updated;
        const std::string_view word = removed ? "remove" : what == change::kind::created ? "create" : "update";
        if (const auto* const one = std::get_if<task>(&object)) {
            const auto json = to_json(*one);
            const auto message = support::task_message(json);
            put(engine.state.tasks, one->id, json, removed);
            put(manager.tasks, one->id, message, removed);
            watched.push_back({action, watch_event::kind::task, message});
        } else if (const auto* const owner = std::get_if<service>(&object)) {
            const auto json = to_json(*owner);
            const auto message = support::service_message(json);
            put(engine.state.services, owner->id, json, removed);
            put(manager.services, owner->id, message, removed);
            watched.push_back({action, watch_event::kind::service, message});
            told.records.push_back(object_record("service", word, owner->id));
            told.events.push_back({sent_event::subject::service, owner->id});
        } else {
            const auto& where = std::get<node>(object);
            const auto json = to_json(where);
            put(engine.state.nodes, where.id, json, removed);
            put(manager.nodes, where.id, support::node_message(json), removed);
            watched.push_back({action, watch_event::kind::node, support::node_message(to_json(where, false))});
            told.records.push_back(object_record("node", word, where.id));
            told.events.push_back({sent_event::subject::node, where.id});
        }
    }
    told.message = support::watch_message(watched);
    log_.push_back(std::move(told));
    pump();
}

/// Brings the log to this manager, commit by commit.
void manager_node::pump()
{
    if (is_pumping_ || !has_leader() || next_ == first_ + log_.size())
        return;
    is_pumping_ = true;
    const auto& told = log_[next_ - first_];
    const auto travel = dice_.between(500us, 8ms);
    const auto due = is_replaying() ? clock::now() + dice_.between(20ms, 80ms) : told.at + travel + lags;
    // What waited comes one after the other.
    plan_.at(std::max(due, clock::now() + 200us), [this] {
        is_pumping_ = false;
        if (!has_leader())
            return;
        if (!is_demoted_)
            tell(log_[next_ - first_]);
        ++next_;
        keep_log_short();
        pump();
    });
}

void manager_node::keep_log_short()
{
    for (; log_.size() > kept_commits && first_ < next_; ++first_)
        log_.pop_front();
}

void manager_node::tell(const told_commit& what)
{
    if (!is_control_away_)
        manager.tell(what.message);
    if (store_events_stopped)
        return;
    for (std::size_t at = 0; at < what.records.size(); ++at)
        send_event(what.records[at], what.events[at]);
}

// --- Events ---

void manager_node::container(std::string_view action, const task& about)
{
    // That a container was made is no news.
    const auto subject = action == "create" ? sent_event::subject::nothing : sent_event::subject::task;
    send_event(container_record(action, about), {subject, about.id, about.service_id});
}

void manager_node::send_event(const std::string& record, const sent_event& about)
{
    if (is_engine_away_ || (loses_one_in != 0 && dice_.one_in(loses_one_in)))
        return;
    const auto times = doubles_events && dice_.one_in(2) ? 2 : 1;
    for (int time = 0; time < times; ++time)
        if (delays_events == 0s)
            deliver(record, about);
        else
            plan_.in(dice_.between(0s, delays_events), [this, record, about] { deliver(record, about); });
}

void manager_node::deliver(const std::string& record, const sent_event& about)
{
    if (is_engine_away_ || engine.streams() == 0)
        return;
    engine.emit(record);
    if (about.about != sent_event::subject::nothing)
        listener_.referee->hinted(about, clock::now());
}

// --- The Engine API ---

fake_engine::journey manager_node::journey_of(const fake_engine::request& asked)
{
    const auto path = path_of(asked.target);
    fake_engine::journey way{dice_.between(200us, 15ms), dice_.between(200us, 15ms)};
    if (engine_trouble && (engine_trouble->path.empty() || path == engine_trouble->path)) {
        way.arrives = !engine_trouble->hangs;
        if (path != "/events")
            way.after += engine_trouble->more;
        if (engine_trouble->breaks)
            way.cut_at = 1 + dice_.below(600);
    }
    if (!has_leader() && reading_of(asked.target) && clock::now() - leader_lost_at_ < leader_known_lost)
        way.before = std::min<duration>(engine_patience, leader_back_at_ - clock::now() + dice_.between(1ms, 50ms));
    return way;
}

std::optional<fake_engine::canned> manager_node::tamper(const fake_engine::request& asked)
{
    const auto path = path_of(asked.target);
    auto& is_false = tampered_[asked.number];
    is_false = true;
    if (is_demoted_ && path != "/_ping" && path != "/events")
        return fake_engine::canned{503, R"({"message":"This node is not a swarm manager."})"};
    if (!has_leader() && reading_of(asked.target))
        return fake_engine::canned{500, R"({"message":"rpc error: The swarm does not have a leader."})"};
    if (engine_trouble && engine_trouble->instead && (engine_trouble->path.empty() || path == engine_trouble->path)) {
        if (engine_trouble->instead->body == "[]")
            listener_.referee->told_emptiness(clock::now());
        return engine_trouble->instead;
    }
    is_false = false;
    return std::nullopt;
}

void manager_node::observe(const fake_engine::request& asked, fake_engine::moment what)
{
    if (what == fake_engine::moment::asked)
        listener_.on_asked(asked.target);
    const auto read = reading_of(asked.target);
    if (!read)
        return;
    if (what == fake_engine::moment::asked)
        return listener_.referee->asked(asked.number, *read, clock::now());
    const auto looked = tampered_.extract(asked.number);
    const bool is_true = looked && !looked.mapped();
    listener_.referee->answered(asked.number, is_true && what == fake_engine::moment::answered, clock::now());
}

// --- The control socket ---

bool manager_node::take_over(support::grpc_server::call& call)
{
    const auto name = name_of(call);
    listener_.on_asked(std::string(name));
    const auto number = ++asked_;
    if (const auto read = reading_of_call(name))
        listener_.referee->asked(number, *read, clock::now());
    else
        listener_.referee->watch_armed(clock::now());
    const bool is_meant = control_trouble && (control_trouble->path.empty() || control_trouble->path == name);
    if (is_meant && control_trouble->hangs)
        return true;
    auto delay = dice_.between(200us, 15ms);
    if (is_meant)
        delay += control_trouble->more;
    ++calls_under_way_;
    plan_.in(delay, [this, &call, number] { answer(call, number); });
    return true;
}

void manager_node::answer(support::grpc_server::call& call, std::uint64_t number)
{
    const auto name = name_of(call);
    const auto read = reading_of_call(name);
    if (read && !has_leader()) { // no error: it waits
        plan_.at(leader_back_at_ + dice_.between(1ms, 50ms), [this, &call, number] { answer(call, number); });
        return;
    }
    const bool is_meant = control_trouble && (control_trouble->path.empty() || control_trouble->path == name);
    --calls_under_way_;
    bool is_true = !call.is_over();
    if (is_meant && control_trouble->instead) {
        is_true = false;
        if (control_trouble->instead->status == 200) {
            listener_.referee->told_emptiness(clock::now());
            call.answer({});
        } else {
            call.end(2, control_trouble->instead->body);
        }
    } else {
        manager.answer(call);
    }
    if (read)
        listener_.referee->answered(number, is_true, clock::now());
}

// --- What goes wrong ---

void manager_node::lose_leader(time_point back_at)
{
    leader_lost_at_ = clock::now();
    leader_back_at_ = back_at;
}

void manager_node::heal()
{
    pump();
}

void manager_node::take_engine_away()
{
    is_engine_away_ = true;
    std::filesystem::rename(engine_socket(), directory_ / "engine.away");
    engine.drop_connections();
}

void manager_node::bring_engine_back()
{
    is_engine_away_ = false;
    std::filesystem::rename(directory_ / "engine.away", engine_socket());
}

void manager_node::take_control_socket_away()
{
    is_control_away_ = true;
    manager.end_watches(2, "context canceled");
    std::filesystem::rename(control_socket(), directory_ / "control.away");
    manager.server.drop_connections();
}

void manager_node::bring_control_socket_back()
{
    is_control_away_ = false;
    std::filesystem::rename(directory_ / "control.away", control_socket());
}

void manager_node::demote()
{
    is_demoted_ = true;
    engine.swarm = "active/worker";
    take_control_socket_away();
}

void manager_node::promote(std::size_t commits)
{
    is_demoted_ = false;
    engine.swarm = "active/manager";
    replay_until_ = first_ + log_.size();
    next_ -= std::min(commits, next_ - first_);
    bring_control_socket_back();
    pump();
}

void manager_node::forget()
{
    engine.forget_requests();
    manager.asked.clear();
    if (calls_under_way_ == 0)
        manager.server.forget_ended();
}

void manager_node::close()
{
    engine.drop_connections();
    manager.server.drop_connections();
}

} // namespace simulation
