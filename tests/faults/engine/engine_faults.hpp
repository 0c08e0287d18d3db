#pragma once

#include "tests/agent/shell/agent_harness.hpp"
#include "tests/faults/engine/history.hpp"
#include "tests/simulation/virtual_time.hpp"
#include "tests/support/engine_objects.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Faults between the agent and its engine. Each test carries its number in the catalogue of docs/reliability.md.
namespace faults {

using namespace std::chrono_literals;
using support::made_up_service;
using support::made_up_task;
using support::toxic;
using testing::HasSubstr;

inline constexpr std::array three_lists{"/services", "/nodes", "/tasks"};

/// The whole agent and a scripted engine whose swarm runs tasks of `accountservice` on port 6767.
///
/// Whatever a test does, at its end the invariants have held: I1, I2, I4 and I5 of the file, I6 of descriptors, I8 of
/// readiness, I9 of reads. Time is virtual: waits cost none, and nothing depends on the machine's.
class engine_faults : public testing::Test {
protected:
    /// @param is_virtual  not so where something is told over TCP, which may deliver late
    explicit engine_faults(bool is_virtual = true);
    void TearDown() override;

    // --- What is true ---

    void put(const made_up_service& value);
    void put(const made_up_task& value);
    void remove_task(const std::string& id);
    /// So many tasks `t1`, `t2`, … run at 10.0.1.2, 10.0.1.3, …, and no others.
    void scale(unsigned tasks);
    [[nodiscard]] static made_up_task task(unsigned number);
    /// What the file says when that is known.
    [[nodiscard]] std::string truth() const;

    // --- The agent ---

    void start();
    /// Starts it and waits until it is ready and its file right.
    void start_ready();

    /// Runs until it holds, and watches the file meanwhile.
    [[nodiscard]] bool until(const std::function<bool()>& holds, std::chrono::seconds limit = 60s);
    void run_for(clock::duration time);
    [[nodiscard]] bool until_file_is(const std::string& text);
    [[nodiscard]] bool until_right() { return until_file_is(truth()); }
    /// Until so many more full lists have failed.
    [[nodiscard]] bool until_lists_fail(unsigned times = 1);
    [[nodiscard]] bool until_connected();

    [[nodiscard]] std::string file() { return harness->file(); }
    /// Value of a counter, or of a gauge that needs no scrape to be right; -1 if there is none.
    [[nodiscard]] double metric(const std::string& series);
    [[nodiscard]] bool is_ready() { return !harness->agent->not_ready_because(); }
    [[nodiscard]] support::fake_engine& engine() { return harness->engine; }
    [[nodiscard]] agent::shell::options& settings() { return harness->settings; }

    std::optional<simulation::virtual_time> time;
    std::optional<agent_harness> harness;
    history seen;

private:
    void look();
    void note_truth();
    [[nodiscard]] target_names true_targets() const;

    std::size_t descriptors_before_;
    std::map<std::string, made_up_service> services_;
    std::map<std::string, made_up_task> tasks_;
    std::optional<file_watch> watch_;
    std::string wrongly_ready_; ///< the first violation of I8
};

} // namespace faults
