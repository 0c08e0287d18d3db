#pragma once

#include "tests/support/engine_objects.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace integration {

/// A made-up swarm of one node that never rests: tasks die and are replaced, services come, go, scale and get labels.
/// It knows at every moment what an agent's file should say. The same seed makes the same changes.
class stormy_swarm {
public:
    using clock = std::chrono::steady_clock;

    stormy_swarm(unsigned services, unsigned replicas, std::uint32_t seed);

    /// Changes something. @return what an engine tells of it, in order
    [[nodiscard]] std::vector<std::string> change(clock::time_point now);

    /// Tasks whose containers have started come to run: a moment after the event, as on a real engine.
    void advance(clock::time_point now);

    /// The body of a 200 answer of the Engine API; nothing for what there is not.
    /// @param path  without version
    /// @param of    the service that `/tasks` are asked of; empty: all
    [[nodiscard]] std::optional<std::string> get(std::string_view path, std::string_view of) const;

    /// What the file of role `endpoints` should say, without meta labels. Groups are in no order.
    [[nodiscard]] std::string expected_file() const;
    [[nodiscard]] std::size_t serving_tasks() const;

private:
    struct slot {
        std::string task;
        std::string previous{}; ///< the one that it replaces
    };
    struct service {
        support::made_up_service value;
        std::vector<slot> slots{};
        std::string text{};
    };
    struct task {
        support::made_up_task value;
        std::string text;
    };
    using records = std::vector<std::string>;

    void create_service(clock::time_point now, records& told);
    void remove_service(records& told);
    void scale(service& which, clock::time_point now, records& told);
    void label(service& which, records& told);
    void replace(service& which, clock::time_point now, records& told);

    void start_task(service& which, slot& into, clock::time_point now, records& told);
    void end_task(const std::string& id, records& told);
    void forget_task(const std::string& id);
    static void describe(service& which);
    [[nodiscard]] service& any_service();
    [[nodiscard]] unsigned below(unsigned limit);

    std::mt19937 random_;
    unsigned replicas_;
    unsigned made_ = 0; ///< objects so far, for their names
    std::map<std::string, service, std::less<>> services_;
    std::map<std::string, task, std::less<>> tasks_;
    std::deque<std::pair<clock::time_point, std::string>> starting_; ///< tasks, and when they come to run
};

} // namespace integration
