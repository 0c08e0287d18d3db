#include "tests/simulation/faults.hpp"

#include <array>
#include <cerrno>
#include <utility>

namespace simulation {
namespace {

using namespace std::chrono_literals;
using support::fake_engine;

constexpr auto most_pause = 150s;

} // namespace

faults::faults(agenda& plan, std::uint64_t seed, manager_node& where, swarm& world, disk& files,
               std::filesystem::path output_directory, hands with)
    : plan_(plan),
      dice_(seed),
      node_(where),
      world_(world),
      disk_(files),
      output_directory_(std::move(output_directory)),
      with_(std::move(with))
{
}

const std::vector<faults::entry>& faults::all()
{
    using enum kind;
    static const std::vector<entry> known{
        {"stream ends", {engine}, 0s, &faults::end_streams},
        {"connections drop", {engine}, 0s, &faults::drop_connections},
        {"events are lost", {events}, 60s, &faults::lose_events},
        {"events come twice", {events}, 60s, &faults::double_events},
        {"events come late", {events}, 60s, &faults::delay_events},
        {"store events stop", {events}, 90s, &faults::stop_store_events},
        {"bad answers", {engine}, 40s, &faults::answer_badly},
        {"broken answers", {engine}, 40s, &faults::break_answers},
        {"no answers", {engine}, 40s, &faults::hang},
        {"slow answers", {engine}, 60s, &faults::answer_slowly},
        {"empty answer", {engine, watch}, 4400ms, &faults::tell_emptiness},
        {"engine is away", {engine}, 60s, &faults::take_engine_away},
        {"demotion", {engine, watch, events}, 60s, &faults::demote},
        {"leader changes", {engine, watch}, 20s, &faults::change_leader},
        {"cut off", {engine, watch}, 60s, &faults::cut_off},
        {"watch ends", {watch}, 0s, &faults::end_watch},
        {"watch breaks", {watch}, 0s, &faults::break_watch},
        {"control socket is away", {watch}, 60s, &faults::take_socket_away},
        {"control lists fail", {watch}, 60s, &faults::fail_control_lists},
        {"control lists hang", {watch}, 60s, &faults::hang_control_lists},
        {"log lags", {watch, events}, 60s, &faults::lag},
        {"disk fails", {disk}, 60s, &faults::fail_disk},
        {"slow disk", {disk}, 60s, &faults::slow_disk},
        {"no directory", {disk}, 60s, &faults::remove_directory},
        {"file disturbed", {disk}, 0s, &faults::disturb_file},
        {"agent restarts", {agent}, 0s, &faults::restart_agent},
        {"agent stands still", {agent}, 0s, &faults::freeze_agent},
        {"wall clock jumps", {agent}, 0s, &faults::shift_wall_clock},
    };
    return known;
}

std::vector<std::string_view> faults::names()
{
    std::vector<std::string_view> found;
    for (const auto& one : all())
        found.push_back(one.name);
    return found;
}

void faults::begin(time_point until, unsigned slowness)
{
    until_ = until;
    slowness_ = slowness;
    plan_next();
}

void faults::plan_next()
{
    // Sometimes one after the other, sometimes calm for long enough to see whether all is well again.
    const auto pause = slowness_ * (dice_.below(3) > 0 ? dice_.between(1s, 20s) : dice_.between(1min, most_pause));
    if (clock::now() + pause < until_)
        plan_.in(pause, [this] { strike(); });
}

void faults::strike()
{
    plan_next();
    const auto& chosen = dice_.any(all());
    for (const auto one : chosen.touches)
        if (touched_.contains(one))
            return;
    touched_.insert(chosen.touches.begin(), chosen.touches.end());
    with_.on_begin(std::string(chosen.name));
    const auto length = std::min(dice_.between(chosen.longest / 20, chosen.longest), until_ - clock::now());
    auto end = (this->*chosen.begin)(length);
    plan_.in(length, [this, &chosen, end = std::move(end)] {
        if (end)
            end();
        for (const auto one : chosen.touches)
            touched_.erase(one);
        with_.on_end(std::string(chosen.name));
    });
}

// --- Events ---

faults::ending faults::end_streams(duration)
{
    node_.engine.end_streams();
    return {};
}

faults::ending faults::drop_connections(duration)
{
    node_.engine.drop_connections();
    return {};
}

faults::ending faults::lose_events(duration)
{
    node_.loses_one_in = 1 + dice_.below(3);
    return [this] { node_.loses_one_in = 0; };
}

faults::ending faults::double_events(duration)
{
    node_.doubles_events = true;
    return [this] { node_.doubles_events = false; };
}

faults::ending faults::delay_events(duration)
{
    node_.delays_events = dice_.between(10ms, 3s);
    return [this] { node_.delays_events = {}; };
}

faults::ending faults::stop_store_events(duration)
{
    node_.store_events_stopped = true;
    return [this] { node_.store_events_stopped = false; };
}

// --- Answers ---

faults::ending faults::answer_badly(duration)
{
    static const std::array<fake_engine::canned, 10> answers{
        {{500, R"({"message":"rpc error: code = DeadlineExceeded"})"},
         {503, R"({"message":"This node is not a swarm manager."})"},
         {403, "<html><body>403 Forbidden</body></html>", "text/html"},
         {502, "<html><body>502 Bad Gateway</body></html>", "text/html"},
         {301, "", "text/plain"},
         {200, "null"},
         {200, "{}"},
         {200, ""},
         {200, R"([{"ID":"t00001"},{)"},
         {200, R"([{"Spec":{"Name":"no ID"}}])"}}};
    static const std::array<const char*, 6> paths{"", "/services", "/nodes", "/tasks", "/tasks", "/events"};
    node_.engine_trouble = answer_trouble{.path = dice_.any(paths), .instead = dice_.any(answers)};
    return [this] { node_.engine_trouble.reset(); };
}

faults::ending faults::break_answers(duration)
{
    static const std::array<const char*, 4> paths{"", "/services", "/tasks", "/tasks"};
    node_.engine_trouble = answer_trouble{.path = dice_.any(paths), .breaks = true};
    return [this] { node_.engine_trouble.reset(); };
}

faults::ending faults::hang(duration)
{
    static const std::array<const char*, 5> paths{"", "/services", "/nodes", "/tasks", "/_ping"};
    node_.engine_trouble = answer_trouble{.path = dice_.any(paths), .hangs = true};
    return [this] { node_.engine_trouble.reset(); };
}

faults::ending faults::answer_slowly(duration)
{
    node_.engine_trouble = answer_trouble{.more = dice_.between(100ms, 600ms)};
    return [this] { node_.engine_trouble.reset(); };
}

/// Shorter than two lists that confirm each other are apart.
faults::ending faults::tell_emptiness(duration)
{
    node_.engine_trouble = answer_trouble{.path = "/tasks", .instead = fake_engine::canned{200, "[]"}};
    node_.control_trouble = answer_trouble{.path = "ListTasks", .instead = fake_engine::canned{200, ""}};
    return [this] {
        node_.engine_trouble.reset();
        node_.control_trouble.reset();
    };
}

faults::ending faults::take_engine_away(duration)
{
    node_.take_engine_away();
    return [this] { node_.bring_engine_back(); };
}

// --- The swarm's managers ---

faults::ending faults::demote(duration)
{
    node_.demote();
    return [this] { node_.promote(20 + dice_.below(200)); };
}

faults::ending faults::change_leader(duration length)
{
    node_.lose_leader(clock::now() + length);
    return [this] {
        node_.heal();
        world_.change_leader();
    };
}

faults::ending faults::cut_off(duration length)
{
    node_.lose_leader(clock::now() + length);
    return [this] { node_.heal(); };
}

faults::ending faults::end_watch(duration)
{
    node_.manager.end_watches(2, "context canceled");
    node_.manager.server.go_away();
    return {};
}

faults::ending faults::break_watch(duration)
{
    node_.manager.tell(std::string("\x0a\x05no"));
    return {};
}

faults::ending faults::take_socket_away(duration)
{
    node_.take_control_socket_away();
    return [this] { node_.bring_control_socket_back(); };
}

faults::ending faults::fail_control_lists(duration)
{
    static const std::array<const char*, 3> names{"ListTasks", "ListNodes", "ListServices"};
    node_.control_trouble =
        answer_trouble{.path = dice_.any(names), .instead = fake_engine::canned{500, "scripted", "text/plain"}};
    return [this] { node_.control_trouble.reset(); };
}

faults::ending faults::hang_control_lists(duration)
{
    static const std::array<const char*, 4> names{"ListTasks", "ListNodes", "ListServices", "Watch"};
    node_.control_trouble = answer_trouble{.path = dice_.any(names), .hangs = true};
    return [this] { node_.control_trouble.reset(); };
}

faults::ending faults::lag(duration)
{
    node_.lags = dice_.between(500ms, 20s);
    return [this] { node_.lags = {}; };
}

// --- The disk ---

faults::ending faults::fail_disk(duration)
{
    static const std::array<std::pair<file_call, int>, 6> failures{{{file_call::create, ENOSPC},
                                                                    {file_call::create, EROFS},
                                                                    {file_call::write, ENOSPC},
                                                                    {file_call::write, EDQUOT},
                                                                    {file_call::fsync, EIO},
                                                                    {file_call::rename, EIO}}};
    const auto& [call, code] = dice_.any(failures);
    disk_.failing[call] = code;
    return [this] { disk_.failing.clear(); };
}

faults::ending faults::slow_disk(duration)
{
    disk_.job_time = dice_.between(100ms, 4s);
    return [this] { disk_.job_time = {}; };
}

faults::ending faults::remove_directory(duration)
{
    std::filesystem::remove_all(output_directory_);
    with_.disturb_file(3);
    return [this] { std::filesystem::create_directory(output_directory_); };
}

faults::ending faults::disturb_file(duration)
{
    with_.disturb_file(dice_.below(3));
    return {};
}

// --- The agent ---

faults::ending faults::restart_agent(duration)
{
    with_.restart_agent(dice_.one_in(2) ? 0s : dice_.between(1s, 30s));
    return {};
}

faults::ending faults::freeze_agent(duration)
{
    with_.freeze_agent(dice_.between(500ms, 30s));
    return {};
}

faults::ending faults::shift_wall_clock(duration)
{
    constexpr std::chrono::hours year{24 * 365};
    with_.shift_wall_clock(dice_.one_in(2) ? year : -year);
    return {};
}

} // namespace simulation
