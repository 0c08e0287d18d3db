// How late each way of learning is, from a container's start or death on a worker to the targets: the task watch on the
// leader and on a follower, the Engine API alone, and Prometheus' own dockerswarm_sd_configs; and what each costs.
//
// One real swarm of three managers and a worker, everything in one run. Needs root. What it has found: docs/feeds.md.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/private_swarm.hpp"
#include "tests/integration/prometheus.hpp"
#include "tests/integration/task_lives.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace integration;
using namespace std::chrono_literals;
using std::chrono::system_clock;
using time_point = system_clock::time_point;

constexpr int managers = 3;
constexpr int worker = 4;
const std::string network = "monitored";
const std::string image = "localhost:5000/busybox:1";
/// Prometheus hands what it has discovered on every 5 s, and looks every 60 s.
constexpr auto longest_wait = 90s;

double milliseconds(system_clock::duration value)
{
    return std::chrono::duration<double, std::milli>(value).count();
}

void pause(system_clock::duration time)
{
    (void)throughout(std::chrono::duration_cast<std::chrono::milliseconds>(time), [] { return true; });
}

/// When somebody who follows the swarm had a task among his targets.
class observer {
public:
    virtual ~observer() = default;
    /// The first moment with the task; none if there was none.
    [[nodiscard]] virtual std::optional<time_point> saw(const task_life& life) const = 0;
    /// The first moment without the task after one with it.
    [[nodiscard]] virtual std::optional<time_point> missed(const task_life& life) const = 0;
};

/// An agent, seen by its file.
class agent_observer : public observer {
public:
    agent_observer(const private_swarm& swarm, const std::filesystem::path& directory, const agent_place& place)
        : file_(directory / "output" / "endpoints.json"),
          process_(swarm, file_, {"--debounce=20ms", "--meta-labels=task", "--log.level=info"}, place)
    {
        if (!process_.becomes_ready() || !eventually([&] {
                return (process_.metric(R"(swarm_sd_feed_active{feed="task_watch"})") == 1) == place.watches;
            }))
            throw std::runtime_error("the agent is not at work; see " + process_.log().string());
        history_ = std::make_unique<file_history>(file_);
    }

    [[nodiscard]] double cpu_seconds() const { return process_.metric("process_cpu_seconds_total"); }

    [[nodiscard]] std::optional<time_point> saw(const task_life& life) const override
    {
        for (const auto& version : history_->versions())
            if (holds(version, life))
                return version.at;
        return std::nullopt;
    }

    [[nodiscard]] std::optional<time_point> missed(const task_life& life) const override
    {
        bool was_there = false;
        for (const auto& version : history_->versions()) {
            if (!holds(version, life) && was_there)
                return version.at;
            was_there = was_there || holds(version, life);
        }
        return std::nullopt;
    }

private:
    std::filesystem::path file_;
    agent_process process_;
    std::unique_ptr<file_history> history_;
};

/// Asks Prometheus again and again which tasks it scrapes, by job.
class prometheus_poll {
public:
    explicit prometheus_poll(const prometheus& server) : server_(server), thread_([this] { poll(); }) {}
    prometheus_poll(const prometheus_poll&) = delete;
    prometheus_poll& operator=(const prometheus_poll&) = delete;
    ~prometheus_poll()
    {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        thread_.join();
    }

    struct seen {
        std::optional<time_point> first;
        std::optional<time_point> gone;
    };
    /// @param what  `JOB TASK`
    [[nodiscard]] seen of(const std::string& what) const
    {
        const std::lock_guard lock(mutex_);
        const auto found = all_.find(what);
        return found == all_.end() ? seen{} : found->second;
    }

private:
    void poll()
    {
        const auto goes_on = [this] {
            const std::lock_guard lock(mutex_);
            return !stop_;
        };
        while (throughout(100ms, goes_on))
            look();
    }

    void look()
    {
        const auto answer = server_.page("/api/v1/targets?state=active");
        const auto now = system_clock::now();
        if (answer.empty())
            return;
        std::set<std::string> there;
        std::istringstream lines{jq(
            R"jq(.data.activeTargets[] | "\(.scrapePool) \(.discoveredLabels.__meta_dockerswarm_task_id)")jq", answer)};
        for (std::string line; std::getline(lines, line);)
            there.insert(line);
        const std::lock_guard lock(mutex_);
        for (const auto& what : there)
            all_.try_emplace(what, seen{now, {}});
        for (auto& [what, times] : all_)
            if (!times.gone && !there.contains(what))
                times.gone = now;
    }

    const prometheus& server_;
    mutable std::mutex mutex_; // guards the two below
    std::map<std::string, seen> all_;
    bool stop_ = false;
    std::thread thread_;
};

class prometheus_observer : public observer {
public:
    prometheus_observer(const prometheus_poll& poll, std::string job) : poll_(poll), job_(std::move(job)) {}

    [[nodiscard]] std::optional<time_point> saw(const task_life& life) const override
    {
        return poll_.of(job_ + " " + life.id).first;
    }
    [[nodiscard]] std::optional<time_point> missed(const task_life& life) const override
    {
        return poll_.of(job_ + " " + life.id).gone;
    }

private:
    const prometheus_poll& poll_;
    std::string job_;
};

std::string configuration()
{
    std::string text = "scrape_configs:\n";
    for (const auto* interval : {"1s", "60s"})
        text +=
            std::string("- job_name: every-") + interval +
            "\n  dockerswarm_sd_configs: [{host: 'unix:///docker.sock', role: tasks, refresh_interval: " + interval +
            "}]\n  relabel_configs:\n"
            "  - {action: keep, source_labels: [__meta_dockerswarm_task_state], regex: running}\n"
            "  - {action: keep, source_labels: [__meta_dockerswarm_task_desired_state], regex: running}\n";
    return text;
}

// --- What is done to the swarm ---

void create(const private_swarm& swarm, const std::string& name, int replicas)
{
    swarm.docker({"service",
                  "create",
                  "--detach",
                  "--no-resolve-image",
                  "--name",
                  name,
                  "--network",
                  network,
                  "--replicas",
                  std::to_string(replicas),
                  "--label",
                  "prometheus.port=80",
                  "--constraint",
                  "node.role==worker",
                  "--restart-condition",
                  "none",
                  "--stop-signal",
                  "SIGKILL",
                  image,
                  "httpd",
                  "-f",
                  "-p",
                  "80"});
}

std::vector<task_life> lives_of(const task_lives& lives, const std::string& prefix)
{
    auto all = lives.so_far();
    std::erase_if(all, [&](const auto& life) { return !life.service.starts_with(prefix); });
    return all;
}

// --- Figures ---

/// In milliseconds; a row of a table.
struct figures {
    std::string name;
    std::vector<double> values;
    std::size_t lacking = 0; ///< that never came, within the time that was waited

    [[nodiscard]] double at(double part) const
    {
        auto sorted = values;
        std::ranges::sort(sorted);
        return sorted.empty()
                   ? -1
                   : sorted.at(static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5));
    }
};

void print(const std::string& title, const std::vector<figures>& rows)
{
    std::printf("\n%-34s %4s %9s %9s %9s %9s\n", title.c_str(), "n", "min ms", "median", "max", "never");
    for (const auto& row : rows)
        std::printf("%-34s %4zu %9.0f %9.0f %9.0f %9zu\n", row.name.c_str(), row.values.size(), row.at(0), row.at(0.5),
                    row.at(1), row.lacking);
    std::fflush(stdout);
}

void print_ratios(const std::vector<figures>& rows)
{
    std::printf("%-34s", "median, times the watch on leader:");
    for (const auto& row : rows)
        std::printf("  %.1f", row.at(0.5) / rows.front().at(0.5));
    std::printf("\n");
}

using named_observers = std::vector<std::pair<std::string, const observer*>>;
using moment = std::function<std::optional<time_point>(const observer&, const task_life&)>;

/// How long after `since` each observer knew, for each life.
std::vector<figures> delays(const named_observers& observers, const std::vector<task_life>& lives,
                            const std::function<time_point(const task_life&)>& since, const moment& knew)
{
    std::vector<figures> rows;
    for (const auto& [name, one] : observers) {
        figures row{name, {}};
        for (const auto& life : lives)
            if (const auto at = knew(*one, life))
                row.values.push_back(milliseconds(*at - since(life)));
            else
                ++row.lacking;
        rows.push_back(std::move(row));
    }
    return rows;
}

// --- The measurements ---

struct options {
    int repeats = 10;
    int idle_seconds = 60;
};

void measure_delays(const private_swarm& swarm, const task_lives& lives, const options& wanted)
{
    const auto directory = swarm.directory() / "feed_delay";
    // That all targets are gone is believed only after 5 s: one stays.
    create(swarm, "kept", 1);
    if (!eventually([&] { return !lives_of(lives, "kept").empty(); }))
        throw std::runtime_error("no container starts");
    // Node 1 leads: it made the swarm.
    const agent_observer on_leader(swarm, directory / "leader", {1, true});
    const agent_observer on_follower(swarm, directory / "follower", {2, true});
    const agent_observer engine_feed(swarm, directory / "engine", {1, false});
    const prometheus server(swarm, network, directory, configuration());
    if (!server.becomes_ready())
        throw std::runtime_error("Prometheus does not become ready");
    const prometheus_poll poll(server);
    const prometheus_observer every_second(poll, "every-1s");
    const prometheus_observer every_minute(poll, "every-60s");
    const named_observers observers{{"task watch on the leader", &on_leader},
                                    {"task watch on a follower", &on_follower},
                                    {"Engine API alone", &engine_feed},
                                    {"dockerswarm_sd_configs, 1 s", &every_second},
                                    {"dockerswarm_sd_configs, 60 s", &every_minute}};
    const auto all = [&](const std::string& services, const auto& holds_for) {
        return std::ranges::all_of(observers, [&](const auto& one) {
            return std::ranges::all_of(lives_of(lives, services),
                                       [&](const auto& life) { return holds_for(*one.second, life); });
        });
    };
    const auto create_running = [&](const std::string& name, std::chrono::seconds then) {
        create(swarm, name, wanted.repeats);
        if (!eventually([&] { return lives_of(lives, name).size() == static_cast<std::size_t>(wanted.repeats); }))
            throw std::runtime_error("the replicas do not start");
        pause(then);
    };

    // At moments that have nothing to do with anybody's interval.
    for (int number = 0; number < wanted.repeats; ++number) {
        create(swarm, "one" + std::to_string(number), 1);
        pause(6'300ms);
    }
    (void)eventually(
        [&] { return all("one", [](const auto& one, const auto& life) { return one.saw(life).has_value(); }); },
        longest_wait);
    const auto starts = delays(
        observers, lives_of(lives, "one"), [](const task_life& life) { return life.started; },
        [](const observer& one, const task_life& life) { return one.saw(life); });
    print("container start to target there", starts);
    print_ratios(starts);

    // Replicas of one service, and no other service beside it: when a container ends, its engine takes the addresses of
    // its service out of every other container of the network first, for each service anew, and says only then that the
    // task has ended.
    for (int number = 0; number < wanted.repeats; ++number)
        swarm.docker({"service", "rm", "one" + std::to_string(number)});
    create_running("dying", 70s); // everybody has to see them first
    for (int number = 0; number < wanted.repeats; ++number) {
        const auto running =
            swarm.docker({"ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=dying"}, worker);
        swarm.docker({"kill", running.substr(0, running.find('\n'))}, worker);
        pause(6'300ms);
    }
    (void)eventually(
        [&] { return all("dying", [](const auto& one, const auto& life) { return one.missed(life).has_value(); }); },
        longest_wait);
    const auto deaths = delays(
        observers, lives_of(lives, "dying"), [](const task_life& life) { return life.died.value(); },
        [](const observer& one, const task_life& life) { return one.missed(life); });
    print("container death to target gone", deaths);
    print_ratios(deaths);

    create_running("many", 2s);
    for (int replicas = wanted.repeats - 1; replicas >= 0; --replicas) {
        swarm.docker({"service", "scale", "--detach", "many=" + std::to_string(replicas)});
        pause(1'300ms);
    }
    (void)eventually([&] {
        return std::ranges::all_of(lives_of(lives, "many"), [](const auto& life) { return life.died.has_value(); });
    });
    const named_observers agents(observers.begin(), observers.begin() + 3);
    print("scale-down: death to target gone",
          delays(
              agents, lives_of(lives, "many"), [](const task_life& life) { return life.died.value(); },
              [](const observer& one, const task_life& life) { return one.missed(life); }));
    std::printf("(below zero: gone before the container ended)\n");
}

/// Of the engine of a node.
double engine_seconds(const private_swarm& swarm, int node)
{
    std::istringstream fields{swarm.inside(
        {"sh", "-c",
         "cut -d ' ' -f 14,15 /proc/$(cat " + (swarm.socket(node).parent_path() / "docker.pid").string() + ")/stat"},
        node)};
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double engines_seconds(const private_swarm& swarm)
{
    double sum = 0;
    for (int node = 1; node <= managers; ++node)
        sum += engine_seconds(swarm, node);
    return sum;
}

void measure_cost(const private_swarm& swarm, const options& wanted)
{
    std::printf("\n%-34s %14s %14s\n", ("CPU seconds, " + std::to_string(wanted.idle_seconds) + " s idle").c_str(),
                "three engines", "agent");
    const auto measure = [&](const std::string& name, const std::optional<agent_place>& place) {
        std::unique_ptr<agent_observer> agent;
        if (place)
            agent = std::make_unique<agent_observer>(swarm, swarm.directory() / "idle" / std::to_string(name.size()),
                                                     *place);
        pause(3s); // what it takes to start is no part of it
        const auto engines = engines_seconds(swarm);
        const auto own = agent ? agent->cpu_seconds() : 0;
        pause(std::chrono::seconds(wanted.idle_seconds));
        std::printf("%-34s %14.2f %14.3f\n", name.c_str(), engines_seconds(swarm) - engines,
                    agent ? agent->cpu_seconds() - own : 0);
        std::fflush(stdout);
    };
    measure("nobody", std::nullopt);
    measure("task watch on the leader", agent_place{1, true});
    measure("task watch on a follower", agent_place{2, true});
    measure("Engine API alone, on the leader", agent_place{1, false});
    measure("nobody, again", std::nullopt);
}

void print_load()
{
    std::printf("load: %s", contents_of("/proc/loadavg").c_str());
    std::fflush(stdout);
}

int measure(const options& wanted)
{
    if (const auto obstacle = private_swarm::obstacle(); !obstacle.empty()) {
        std::cerr << obstacle;
        return 1;
    }
    const private_swarm swarm({managers, 1});
    swarm.make_image(image, {});
    prometheus::make_image(swarm);
    swarm.docker({"network", "create", "--driver", "overlay", "--attachable", network});
    const task_lives lives(swarm, worker, swarm.directory() / "events.log");
    print_load();
    if (wanted.repeats > 0)
        measure_delays(swarm, lives, wanted);
    print_load();
    if (wanted.idle_seconds > 0)
        measure_cost(swarm, wanted);
    print_load();
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"How late each way of learning is on a real swarm, and what it costs"};
    options wanted;
    app.add_option("--repeats", wanted.repeats, "Containers to start and to kill")->capture_default_str();
    app.add_option("--idle-seconds", wanted.idle_seconds, "How long to measure what each costs; 0: not at all")
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        return measure(wanted);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
