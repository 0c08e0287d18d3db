#pragma once

#include "tests/integration/private_swarm.hpp"

#include <cstdint>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

namespace integration {

/// A Prometheus that scrapes every second, as a container on an overlay network, so that it really reaches
/// the addresses it is told. The network must be attachable. It leaves with the object.
class prometheus {
public:
    /// The image it needs; to be made once.
    static void make_image(const private_swarm& swarm);

    /// @param file  the file_sd document to follow; its directory is mounted as /sd, the engine's socket as
    /// /docker.sock
    prometheus(const private_swarm& swarm, const std::string& network, const std::filesystem::path& file);

    /// With a configuration of its own.
    /// @param directory  mounted as /sd
    prometheus(const private_swarm& swarm, const std::string& network, const std::filesystem::path& directory,
               const std::string& configuration);
    prometheus(const prometheus&) = delete;
    prometheus& operator=(const prometheus&) = delete;
    ~prometheus();

    [[nodiscard]] bool becomes_ready() const;
    /// The addresses of the targets whose last scrape succeeded, sorted, one per line.
    [[nodiscard]] std::string targets_up() const;
    /// What a job discovered, before relabelling: a JSON list of label sets, sorted, without what Prometheus adds
    /// itself.
    [[nodiscard]] std::string discovered(const std::string& job) const;
    /// The body it serves at a path; empty if it refuses.
    [[nodiscard]] std::string page(const std::string& path) const;
    /// The value of one series of its own metrics; -1 if it is not there.
    [[nodiscard]] double metric(const std::string& series) const;

private:
    const private_swarm& swarm_;
    std::uint16_t port_;
};

/// Whether promtool takes a file_sd document, which checks as strictly as Prometheus does.
[[nodiscard]] testing::AssertionResult accepted_by_prometheus(const std::filesystem::path& file);

} // namespace integration
