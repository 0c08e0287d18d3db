#include "tests/simulation/simulation.hpp"

#include "tests/support/text_file.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>

namespace simulation {
namespace {

using namespace std::chrono_literals;
using agent::core::role;

constexpr auto look_interval = 250ms;
/// More than ever happens at one moment.
constexpr std::size_t most_handlers = 100'000;
/// After the last fault nothing is wrong for so long: then the file must be right.
constexpr auto recovery = 100s;
/// As long as a change may take to be known, however it is learnt.
constexpr auto settling = 25s;

std::string seconds_text(duration value)
{
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.6f", std::chrono::duration<double>(value).count());
    return text.data();
}

agent::shell::options settings_for(const std::filesystem::path& directory, dice chance)
{
    agent::shell::options settings;
    settings.engine = proto_http::unix_address{(directory / "engine.sock").string()};
    settings.task_watch.socket = chance.below(5) < 3 ? (directory / "control.sock").string() : std::string();
    settings.task_watch.named = chance.one_in(2);
    settings.outputs = {{role::endpoints, directory / "sd" / "endpoints.json"}};
    settings.rules.endpoints.meta = agent::core::meta_labels::none;
    settings.listen_address = "127.0.0.1:0";
    return settings;
}

} // namespace

run::run(plan how)
    : how_(std::move(how)),
      dice_(how_.seed),
      disk_(io_, agenda_, directory_.path() / "sd", "endpoints.json"),
      node_(io_, directory_.path(), agenda_, dice_.roll(),
            {&judge_, [this](const std::string& what) { trace("asked " + what); }}),
      swarm_(agenda_, dice_.roll(),
             {[this](const commit& done) {
                  judge_.committed(done, clock::now());
                  node_.take(done);
              },
              [this](std::string_view action, const task& about) { node_.container(action, about); },
              [this](const std::string& what) {
                  ++outcome_.deeds;
                  trace("deed " + what);
              }}),
      faults_(agenda_, dice_.roll(), node_, swarm_, disk_, directory_.path() / "sd",
              {[this](duration pause) { restart_agent(pause); },
               [this](duration span) { frozen_until_ = clock::now() + span; },
               [this](std::chrono::seconds by) { time_.shift_wall_clock(by); },
               [this](std::size_t what) { disturb_file(what); },
               [this](const std::string& what) {
                   ++outcome_.faults;
                   trace("fault " + what);
                   judge_.fault_began(what, clock::now());
               },
               [this](const std::string& what) {
                   trace("over " + what);
                   judge_.fault_ended(what, clock::now());
               }}),
      engine_(io_, node_.engine.run()),
      manager_(io_, node_.manager.run()),
      settings_(settings_for(directory_.path(), dice(dice_.roll()))),
      log_(runtime::log_level::error, runtime::log_format::logfmt)
{
    std::filesystem::create_directory(directory_.path() / "sd");
    constexpr std::array<duration, 3> paces{2s, 8s, 30s};
    between_deeds_ = dice_.any(paces);
    disk_.on_begin = [this] {
        written_ = agent_->state().believed(role::endpoints);
        judge_.write_began(clock::now());
    };
    disk_.on_end = [this](bool failed, time_point begun_at) { write_ended(failed, begun_at); };
    disk_.blame = [this](const std::string& rule, const std::string& what) {
        judge_.broke_file_rules(rule, what, clock::now());
    };
}

run::~run()
{
    stop_agent();
    engine_.cancel();
    manager_.cancel();
    settle();
    node_.close();
    for (int second = 0; second < 60 && node_.connections() > 0; ++second)
        run_until(clock::now() + 1s); // answers under way find their connection closed
}

outcome run::finish()
{
    swarm_.populate();
    run_until(began_ + dice_.between(0s, 10s)); // the agent may find tasks on their way
    start_agent();
    plan_deed();
    const auto last = began_ + how_.length;
    if (how_.has_faults)
        faults_.begin(last, how_.slowness);
    for (auto hour = began_ + 1h; hour < last; hour += 1h) {
        run_until(hour);
        node_.forget();
        if (how_.on_hour)
            how_.on_hour();
    }
    run_until(last + recovery);
    settle_truth();
    stop_agent();
    outcome_.violations = judge_.violations();
    outcome_.checks = judge_.checks();
    return outcome_;
}

/// Waits for a moment at which the swarm has been the same for long enough, and compares every byte.
void run::settle_truth()
{
    auto known = judge_.swarm().now();
    auto since = clock::now();
    for (int second = 0; second < 300; ++second) {
        run_until(clock::now() + 1s);
        auto now = judge_.swarm().now();
        if (now != known) {
            known = std::move(now);
            since = clock::now();
        }
        if (clock::now() - since >= settling)
            return judge_.settled(file(), clock::now());
    }
}

// --- Time ---

void run::run_until(time_point end)
{
    for (;;) {
        settle();
        auto next = end;
        for (const auto& due : {agenda_.next(), time_.next_timer()})
            if (due)
                next = std::min(next, *due);
        if (clock::now() < frozen_until_)
            next = std::min(next, frozen_until_);
        if (clock::now() >= end)
            return;
        time_.advance_to(next);
        while (agenda_.do_next())
            settle();
    }
}

/// Until nothing more is to be done now.
void run::settle()
{
    if (clock::now() < frozen_until_)
        return;
    io_.restart();
    std::size_t handlers = 0;
    while (io_.poll_one() > 0)
        if (++handlers == most_handlers) {
            judge_.blame("I6", "busy_loop", "it does not come to rest", clock::now());
            break;
        }
    look();
}

void run::look()
{
    const auto now = clock::now();
    if (!running_)
        return;
    if (running_->is_done()) {
        if (is_wanted_ && !std::exchange(is_restarting_, true))
            judge_.blame("I3", "agent_ended", "by itself", now);
        return;
    }
    observation seen;
    const auto believed = agent_->state().believed(role::endpoints);
    seen.has_unwritten = believed && believed != written_;
    seen.unread_bytes = node_.engine.unread_event_bytes();
    judge_.glance(seen, now);
    if (now - looked_at_ < look_interval)
        return;
    looked_at_ = now;
    if (const auto state = state_of_file(); state != seen_) {
        seen_ = state;
        judge_.saw_file(file());
    }
    seen.is_ready = !agent_->not_ready_because();
    seen.watch_carries = agent_->state().carrier() == agent::core::feed::watch;
    seen.list_interval = agent_->state().resync_interval();
    judge_.look(seen, now);
}

void run::plan_deed()
{
    if (clock::now() - began_ > how_.length)
        return;
    const auto pause =
        dice_.one_in(5) ? dice_.between(1ms, 200ms) : dice_.between(between_deeds_ / 4, between_deeds_ * 2);
    agenda_.in(pause * how_.slowness, [this] {
        swarm_.act();
        plan_deed();
    });
}

void run::trace(const std::string& line)
{
    const auto whole = seconds_text(clock::now() - began_) + " " + line;
    for (const auto byte : whole) // FNV-1a
        outcome_.trace_hash = (outcome_.trace_hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
    ++outcome_.trace_lines;
    if (how_.on_line)
        how_.on_line(whole);
}

// --- The agent ---

void run::start_agent()
{
    if (!is_wanted_)
        return;
    try {
        const agent::shell::surroundings around{static_cast<std::uint32_t>(dice_.roll()), disk_.executor()};
        agent_.emplace(io_.get_executor(), settings_, log_, around);
    } catch (const std::runtime_error& error) { // whoever runs it tries again
        trace("cannot start");
        agenda_.in(1s, [this] { start_agent(); });
        return;
    }
    trace("agent starts");
    judge_.agent_started(clock::now());
    written_.reset();
    running_.emplace(io_, agent_->run());
}

void run::stop_agent()
{
    is_wanted_ = false;
    if (!running_)
        return;
    frozen_until_ = {};
    running_->cancel();
    while (running_ && !running_->is_done())
        run_until(clock::now() + 1ms);
    if (!running_) // it was about to be started again
        return;
    forget_agent();
}

/// Stops it as a signal does, and starts another one.
void run::restart_agent(duration pause)
{
    if (!running_ || is_restarting_)
        return;
    is_restarting_ = true;
    running_->cancel();
    await_end(pause);
}

/// A write that has begun is finished first.
void run::await_end(duration pause)
{
    if (!running_->is_done()) {
        agenda_.in(1ms, [this, pause] { await_end(pause); });
        return;
    }
    forget_agent();
    agenda_.in(pause, [this] {
        is_restarting_ = false;
        start_agent();
    });
}

void run::forget_agent()
{
    trace("agent ends");
    judge_.agent_stopped(clock::now());
    running_.reset();
    agent_.reset();
}

// --- The file ---

std::optional<std::string> run::file() const
{
    const auto& path = settings_.outputs.front().path;
    return std::filesystem::exists(path) ? std::optional(support::contents_of(path)) : std::nullopt;
}

run::file_state run::state_of_file() const
{
    struct stat found = {};
    if (::stat(settings_.outputs.front().path.c_str(), &found) != 0)
        return {};
    return {found.st_ino, found.st_size, found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

void run::write_ended(bool failed, time_point begun_at)
{
    const auto& path = settings_.outputs.front().path;
    const bool is_lost = !std::filesystem::exists(path.parent_path());
    const auto identity = state_of_file().identity;
    const bool replaced = std::exchange(identity_, identity) != identity && identity != 0;
    const auto text = file();
    outcome_.writes += replaced ? 1 : 0;
    trace(std::string("write ") + (failed || is_lost ? "fails" : replaced ? "replaces" : "finds it the same"));
    if (replaced && text)
        trace(*text);
    judge_.write_ended(failed || is_lost, replaced, text, begun_at, clock::now());
}

void run::disturb_file(std::size_t how)
{
    const auto& path = settings_.outputs.front().path;
    judge_.file_disturbed();
    identity_ = 0; // whatever is written next is another file
    if (how > 2 || !std::filesystem::exists(path))
        return;
    if (how == 0)
        std::filesystem::remove(path);
    else
        std::ofstream(path, how == 1 ? std::ios::app : std::ios::trunc) << "edited";
}

outcome simulate(plan how)
{
    return run(std::move(how)).finish();
}

} // namespace simulation
