#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A made-up swarm of any size. It keeps a few bytes of each task, and makes the texts of its objects as they are asked
/// for: as an engine of API 1.41 sends them, a task with 2 KB.
class simulated_swarm {
public:
    struct shape {
        unsigned services = 2;
        unsigned replicas = 3;
        unsigned nodes = 1;
    };

    explicit simulated_swarm(shape size);

    /// Which task of which service. The one that takes its place has the same key, and another ID.
    struct key {
        unsigned service = 0;
        unsigned slot = 0;
    };

    [[nodiscard]] unsigned services() const noexcept { return static_cast<unsigned>(services_.size()); }
    [[nodiscard]] unsigned nodes() const noexcept { return nodes_; }
    [[nodiscard]] unsigned replicas(unsigned service) const { return services_.at(service).replicas; }
    /// Grows with every change.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

    // --- Changes ---

    /// Another task takes that one's place.
    void replace(key which);
    void scale(unsigned service, unsigned replicas);
    /// Gives the service another value of its label `com.example.revision`.
    void relabel(unsigned service);

    // --- IDs ---

    [[nodiscard]] std::string task_id(key which) const;
    [[nodiscard]] static std::string service_id(unsigned service);
    [[nodiscard]] static std::string node_id(unsigned node);
    [[nodiscard]] std::string node_of(key which) const;

    /// Nothing where there is no such object, or no longer.
    [[nodiscard]] std::optional<key> find_task(std::string_view id) const;
    [[nodiscard]] std::optional<unsigned> find_service(std::string_view id) const;
    [[nodiscard]] std::optional<unsigned> find_node(std::string_view id) const;

    /// The `nth` task on the first node, and of all in a scattered order; over and over again.
    [[nodiscard]] key local_task(std::uint64_t nth) const { return task_at(nth * nodes_); }
    [[nodiscard]] key any_task(std::uint64_t nth) const { return task_at(nth * 7'919); }

    // --- Texts ---

    void append_task(std::string& out, key which) const;
    void append_service(std::string& out, unsigned service) const;
    void append_node(std::string& out, unsigned node) const;
    /// As `/networks` has it.
    void append_network(std::string& out, unsigned network) const;
    [[nodiscard]] unsigned networks() const;

private:
    struct kept_service {
        unsigned replicas = 0;
        unsigned first = 0; ///< number of its first task, from which addresses come
        std::uint64_t version = 0;
        std::uint64_t revision = 0;
        std::vector<std::uint32_t> generations{}; ///< of each slot that ever was
    };

    [[nodiscard]] std::uint64_t number(key which) const;
    [[nodiscard]] unsigned node_number(key which) const;
    /// Of all as there were at the start.
    [[nodiscard]] key task_at(std::uint64_t place) const;

    unsigned nodes_;
    unsigned tasks_ = 0; ///< at the start
    std::uint64_t version_ = 1'000;
    std::vector<kept_service> services_;
};
