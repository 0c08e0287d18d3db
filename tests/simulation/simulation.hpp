#pragma once

#include "agent/shell/daemon.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/judge.hpp"
#include "tests/simulation/manager_node.hpp"
#include "tests/simulation/swarm.hpp"
#include "tests/simulation/virtual_time.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

/// What a run is like. The seed decides on everything else.
struct plan {
    std::uint64_t seed = 1;
    duration length = std::chrono::minutes(10);
    bool has_faults = true;
    unsigned slowness = 1; ///< so many times as long it takes until something is done, or goes wrong
    std::function<void(const std::string&)> on_line{}; ///< of the trace
    std::function<void()> on_hour{};                   ///< of simulated time
};

struct outcome {
    std::vector<violation> violations;
    std::uint64_t trace_hash = 0;
    std::size_t trace_lines = 0;
    std::size_t deeds = 0;
    std::size_t faults = 0;
    std::size_t writes = 0; ///< of another file
    std::size_t checks = 0;
};

/// The whole agent, a swarm and its faults, in one thread and in time of their own: the same seed gives the same run.
///
/// There is one at a time: clocks and file calls of the process are its own.
class run {
public:
    explicit run(plan how);
    run(const run&) = delete;
    run& operator=(const run&) = delete;
    ~run();

    /// Lives through it.
    [[nodiscard]] outcome finish();

private:
    /// What changes when the file does.
    struct file_state {
        std::uint64_t identity = 0; ///< 0: there is none
        std::int64_t size = 0;
        std::int64_t written_at = 0;
        friend bool operator==(const file_state&, const file_state&) = default;
    };

    void start_agent();
    void stop_agent();
    void restart_agent(duration pause);
    void await_end(duration pause);
    void forget_agent();
    void run_until(time_point end);
    void settle();
    void look();
    void plan_deed();
    void write_ended(bool failed, time_point begun_at);
    void disturb_file(std::size_t how);
    void trace(const std::string& line);
    [[nodiscard]] std::optional<std::string> file() const;
    [[nodiscard]] file_state state_of_file() const;
    void settle_truth();

    plan how_;
    outcome outcome_;
    virtual_time time_;
    time_point began_ = clock::now();
    dice dice_;
    support::temporary_directory directory_;
    boost::asio::io_context io_{1};
    agenda agenda_;
    judge judge_{judge::limits{}};
    disk disk_;
    manager_node node_;
    swarm swarm_;
    faults faults_;
    support::running<void> engine_;
    support::running<void> manager_;

    agent::shell::options settings_;
    runtime::logger log_;
    std::optional<agent::shell::daemon> agent_;
    std::optional<support::running<void>> running_;
    bool is_wanted_ = true; ///< the agent is meant to run

    duration between_deeds_{};
    time_point frozen_until_{};
    time_point looked_at_{};
    sd_writer::target_list written_;
    std::uint64_t identity_ = 0; ///< of the file after the latest write
    file_state seen_{};
    bool is_restarting_ = false;
};

/// @return what came of it
[[nodiscard]] outcome simulate(plan how);

} // namespace simulation
