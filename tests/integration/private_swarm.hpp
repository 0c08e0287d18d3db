#pragma once

#include "tests/integration/process.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace integration {

/// How many nodes of each kind.
struct swarm_size {
    int managers = 1;
    int workers = 0;
};

/// A Docker swarm of this test program's own: scripts/private-swarm as an object. It goes down with the
/// object, and when the program is killed.
///
/// Nodes are numbered from 1, managers first. Every function throws std::runtime_error with the script's own
/// words when something fails.
class private_swarm {
public:
    /// Why no private swarm can run on this machine; empty if one can.
    [[nodiscard]] static std::string obstacle();

    explicit private_swarm(const swarm_size& size = {});
    private_swarm(const private_swarm&) = delete;
    private_swarm& operator=(const private_swarm&) = delete;
    ~private_swarm();

    /// Everything of the swarm is below it; tests may put their own files there.
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] std::filesystem::path socket(int node = 1) const;
    [[nodiscard]] std::filesystem::path control_socket(int node = 1) const;

    /// The docker command line; returns what it prints.
    std::string docker(const arguments& words, int node = 1) const;

    /// GET from the engine, as the oldest API version the agent speaks.
    /// @return the answer's body, whatever its status; empty when nobody answers
    [[nodiscard]] std::string get(const std::string& path, int node = 1) const;

    /// Starts a stopped engine with further arguments for dockerd.
    void start(const arguments& flags, int number = 1) const;

    /// `stop`, `start`, `kill`, `freeze`, `thaw`, `cut` or `heal`: see the script.
    void node(const std::string& command, int number = 1) const;

    /// Runs a command inside a node's namespaces; returns what it prints.
    std::string inside(const arguments& command, int node = 1) const;

    void make_image(const std::string& name, const arguments& binaries) const;

    /// @return a port of 127.0.0.1 here that reaches the port of the node
    [[nodiscard]] std::uint16_t forward(std::uint16_t port, int node = 1) const;

private:
    std::filesystem::path directory_;
};

} // namespace integration
