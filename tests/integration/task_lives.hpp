#pragma once

#include "tests/integration/file_history.hpp"
#include "tests/integration/private_swarm.hpp"

#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace integration {

/// How long a container of a task ran, as the engine that ran it has it.
struct task_life {
    std::string id; ///< of the task
    std::string service;
    std::chrono::system_clock::time_point started;
    std::optional<std::chrono::system_clock::time_point> died;
};

/// Records the lives of all tasks on one node, whose engine has to stay up.
class task_lives {
public:
    /// @param log  what the engine tells is kept there
    task_lives(const private_swarm& swarm, int node, std::filesystem::path log);

    [[nodiscard]] std::vector<task_life> so_far() const;

private:
    std::filesystem::path log_;
    child_process reader_;
};

/// When somebody who writes a file could not know what happened.
struct time_span {
    std::chrono::system_clock::time_point from;
    std::chrono::system_clock::time_point to;
};

/// That a task which is alive to the end is in every version of a file from the first one that has it.
///
/// @param versions  of an endpoints file with the meta labels of tasks
[[nodiscard]] testing::AssertionResult no_live_target_is_dropped(const std::vector<file_history::version>& versions,
                                                                 const std::vector<task_life>& lives);

/// That no version brings a task that had died a while before, and that none keeps one for longer than that, but for
/// what the writer could not know.
[[nodiscard]] testing::AssertionResult no_ghost_is_there(const std::vector<file_history::version>& versions,
                                                         const std::vector<task_life>& lives,
                                                         std::chrono::milliseconds a_while,
                                                         const std::optional<time_span>& blind = std::nullopt);

/// Whether a version holds a task.
[[nodiscard]] bool holds(const file_history::version& version, const task_life& life);

} // namespace integration
