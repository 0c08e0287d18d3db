#pragma once

#include "tests/integration/private_swarm.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace integration {

/// Which manager an agent asks, and how.
struct agent_place {
    int node = 1;
    bool watches = false;           ///< the swarm's own task stream beside the Engine API
    std::filesystem::path engine{}; ///< where it finds the engine; empty: the node's own socket
    arguments within{};             ///< a command that becomes the one behind it, such as `setpriv …`
};

/// The agent as its users run it, on a manager of a swarm, writing one endpoints file.
class agent_process {
public:
    /// Starts it. Its log is `agent.log` beside the directory of the file.
    /// @param file  the endpoints file; its directory is made if need be
    /// @param more  further command-line flags
    agent_process(const private_swarm& swarm, std::filesystem::path file, const arguments& more = {},
                  const agent_place& place = {});

    /// Waits until it says it is ready: the first complete list is in the file.
    [[nodiscard]] bool becomes_ready() const;

    /// SIGTERM and the exit code.
    int stop();
    /// SIGSTOP and SIGCONT: it stands still.
    void freeze() { process_->signal(SIGSTOP); }
    void thaw() { process_->signal(SIGCONT); }
    /// SIGHUP: it reads its settings anew.
    void reload() { process_->signal(SIGHUP); }
    /// SIGKILL: it gets no chance to tidy up.
    void kill();
    [[nodiscard]] bool running() { return process_->running(); }
    /// How many file descriptors it has open.
    [[nodiscard]] std::size_t descriptors() const;

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
