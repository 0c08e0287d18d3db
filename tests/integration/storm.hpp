#pragma once

#include "tests/integration/storm_engine.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace integration {

/// How the agent is run in a storm, and what else it has to bear meanwhile.
struct storm_agent {
    std::chrono::milliseconds resync{5'000};
    std::chrono::milliseconds debounce{100};
    std::chrono::milliseconds debounce_max{2'000};
    unsigned idle_connections = 1'000; ///< to its own port
};

/// What a storm was like from outside.
struct storm_report {
    storm_figures engine;
    std::size_t writes = 0; ///< versions of the file while it raged
    std::chrono::milliseconds raged{0};
    std::size_t fewest_targets = 0; ///< in any of them
    std::size_t serving_before = 0; ///< tasks
    std::chrono::milliseconds until_true{0}; ///< from the end of the storm until the file said what is
    bool is_true = false;
    long kilobytes_before = 0; ///< resident, after the first list
    long kilobytes_most = 0;
    double cpu_seconds = 0; ///< of the agent, while it raged
    std::chrono::milliseconds slowest_health{0}; ///< answer of its own port
    std::size_t health_failures = 0;
    std::size_t bytes_of_slow_scrape = 0; ///< that a scraper got which reads a few bytes at a time
};

/// Runs the agent (AGENT_BINARY) against a storm and looks at it from outside. Takes as long as the storm, and then until
/// the file is right, or as long as that may take.
/// @param directory  for the files of both; there must be none
/// @throws std::runtime_error if there is nothing to look at: the agent does not start
[[nodiscard]] storm_report run_storm(const std::filesystem::path& directory, const storm_settings& how,
                                     const storm_agent& agent);

/// What a storm showed that must not be, in words.
[[nodiscard]] std::vector<std::string> broken_promises(const storm_report& seen, const storm_agent& agent);

/// The report for a reader, a line for each figure.
[[nodiscard]] std::string described(const storm_report& seen);

} // namespace integration
