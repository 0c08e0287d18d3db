#pragma once

#include "tests/simulation/agenda.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/manager_node.hpp"
#include "tests/simulation/swarm.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

/// What goes wrong, by chance: one thing of a kind at a time.
class faults {
public:
    /// What is not the manager's, the swarm's or the disk's.
    struct hands {
        std::function<void(duration)> restart_agent;
        std::function<void(duration)> freeze_agent;
        std::function<void(std::chrono::seconds)> shift_wall_clock;
        std::function<void(std::size_t)> disturb_file; ///< removed, appended to, overwritten, or gone already
        std::function<void(const std::string&)> on_begin;
        std::function<void(const std::string&)> on_end;
    };

    faults(agenda& plan, std::uint64_t seed, manager_node& where, swarm& world, disk& files,
           std::filesystem::path output_directory, hands with);

    /// Lets things go wrong until then; none lasts longer.
    /// @param slowness  so many times as long it takes until the next one begins
    void begin(time_point until, unsigned slowness = 1);

    [[nodiscard]] static std::vector<std::string_view> names();

private:
    /// Of one kind only one is there at a time: they would undo each other.
    enum class kind { engine, watch, events, disk, agent };
    /// What a fault does, and what ends it.
    using ending = std::function<void()>;
    struct entry {
        std::string_view name;
        std::set<kind> touches;
        duration longest; ///< 0: it is over at once
        ending (faults::*begin)(duration);
    };
    static const std::vector<entry>& all();

    void plan_next();
    void strike();

    ending end_streams(duration);
    ending drop_connections(duration);
    ending lose_events(duration);
    ending double_events(duration);
    ending delay_events(duration);
    ending stop_store_events(duration);
    ending answer_badly(duration);
    ending break_answers(duration);
    ending hang(duration);
    ending answer_slowly(duration);
    ending tell_emptiness(duration);
    ending take_engine_away(duration);
    ending demote(duration);
    ending change_leader(duration);
    ending cut_off(duration);
    ending end_watch(duration);
    ending break_watch(duration);
    ending take_socket_away(duration);
    ending fail_control_lists(duration);
    ending hang_control_lists(duration);
    ending lag(duration);
    ending fail_disk(duration);
    ending slow_disk(duration);
    ending remove_directory(duration);
    ending disturb_file(duration);
    ending restart_agent(duration);
    ending freeze_agent(duration);
    ending shift_wall_clock(duration);

    agenda& plan_;
    dice dice_;
    manager_node& node_;
    swarm& world_;
    disk& disk_;
    std::filesystem::path output_directory_;
    hands with_;
    std::set<kind> touched_;
    time_point until_{};
    unsigned slowness_ = 1;
};

} // namespace simulation
