#pragma once

#include "tests/integration/process.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace faults {

using integration::arguments;

/// How an agent is started.
struct agent_start {
    arguments around{}; ///< what comes before it on the command line: strace, prlimit, setpriv
    arguments flags{};  ///< further ones of its own
    std::filesystem::path binary = AGENT_BINARY;
};

/// The agent as its users run it: a process.
class agent {
public:
    struct page {
        unsigned status = 0; ///< 0: no answer
        std::string body;
    };

    /// @param engine  the engine's socket
    /// @param output  the endpoints file
    /// @param log     receives what it says
    agent(const std::filesystem::path& engine, const std::filesystem::path& output, const std::filesystem::path& log,
          const agent_start& how);

    /// What it serves at a path.
    [[nodiscard]] page get(const std::string& path) const;
    [[nodiscard]] bool is_ready() const { return get("/-/ready").status == 200; }
    /// The value of one series of its /metrics; -1 if it is not there.
    [[nodiscard]] double metric(const std::string& series) const;
    /// How often the file was brought up to date, with this result: `written`, `unchanged`, `failed`.
    [[nodiscard]] double writes(const std::string& result) const;
    /// Whether it said so in its log.
    [[nodiscard]] bool has_said(std::string_view text) const;
    /// All that it said.
    [[nodiscard]] std::string log() const;

    /// Descriptors that it has open while none of its pages is asked for.
    [[nodiscard]] std::size_t descriptors() const;
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
    [[nodiscard]] bool running() { return process_.running(); }

    void signal(int number) { process_.signal(number); }
    /// Waits for its end. @return the exit code; 128 and the signal's number if a signal ended it
    int wait(std::chrono::seconds limit = std::chrono::seconds{20}) { return process_.wait(limit); }
    /// SIGTERM, and the exit code. The ten seconds are what Docker gives a container.
    int stop();
    /// SIGKILL: it gets no chance to tidy up.
    void kill();

private:
    std::filesystem::path log_;
    std::uint16_t port_;
    integration::child_process process_;
};

} // namespace faults
