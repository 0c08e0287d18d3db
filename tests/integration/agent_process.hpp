#pragma once

#include "tests/integration/private_swarm.hpp"

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace integration {

/// The agent as its users run it, on node 1 of a swarm, writing one endpoints file.
class agent_process {
public:
    /// Starts it. Its log is `agent.log` beside the directory of the file.
    /// @param file  the endpoints file; its directory is made if need be
    /// @param more  further command-line flags
    /// @param socket  where it finds the engine; empty: node 1's own
    agent_process(const private_swarm& swarm, std::filesystem::path file, const arguments& more = {},
                  const std::filesystem::path& socket = {});

    /// Waits until it says it is ready: the first complete list is in the file.
    [[nodiscard]] bool becomes_ready() const;

    /// SIGTERM and the exit code.
    int stop();
    /// SIGHUP: it reads its settings anew.
    void reload() { process_->signal(SIGHUP); }
    /// SIGKILL: it gets no chance to tidy up.
    void kill();
    [[nodiscard]] bool running() { return process_->running(); }

    /// The value of one series of its /metrics; -1 if it is not there.
    [[nodiscard]] double metric(const std::string& series) const;
    /// The body it serves at a path; empty if it refuses.
    [[nodiscard]] std::string page(const std::string& path) const;
    [[nodiscard]] const std::filesystem::path& log() const { return log_; }

private:
    std::filesystem::path log_;
    std::uint16_t port_;
    std::unique_ptr<child_process> process_;
};

} // namespace integration
