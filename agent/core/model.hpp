#pragma once

#include "agent/core/address_list.hpp"
#include "agent/core/compact_list.hpp"
#include "agent/core/compact_text.hpp"
#include "agent/core/shared_labels.hpp"
#include "agent/core/shared_text.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The swarm as the rules see it: what the Engine API says, without what no rule asks for.
///
/// Source of every field: Docker Engine API v1.41, `/services`, `/tasks`, `/nodes`.
namespace agent::core {

/// Grows with every change of its object (swarmkit `Meta.Version`). No rule asks for it, and two objects that differ in
/// nothing else are the same: so it counts for no comparison.
struct object_version {
    std::uint64_t index = 0;

    friend constexpr bool operator==(object_version, object_version) noexcept { return true; }
};

/// Where a task stands, in the order in which swarmkit lets a task go through it: a task never goes back.
/// Used for the actual and for the desired state.
enum class task_state : std::uint8_t {
    unknown, ///< a word this program does not know; never counts as running
    created, ///< `new`
    allocated,
    pending,
    assigned,
    accepted,
    preparing,
    ready,
    starting,
    running,
    complete,
    shutdown,
    failed,
    rejected,
    remove,
    orphaned,
};

/// The word of the Engine API; empty for `unknown`.
[[nodiscard]] constexpr std::string_view to_string(task_state state) noexcept
{
    constexpr std::array<std::string_view, 16> words{
        "",         "new",     "allocated", "pending",  "assigned", "accepted", "preparing", "ready",
        "starting", "running", "complete",  "shutdown", "failed",   "rejected", "remove",    "orphaned"};
    return words.at(static_cast<std::size_t>(state));
}

enum class transport : std::uint8_t {
    tcp,
    udp,
    sctp,
    other, ///< a word this program does not know; never counts as TCP
};

/// How a port is published: by the swarm's ingress network, or by the task's own node.
enum class publish_mode : std::uint8_t { unknown, ingress, host };

[[nodiscard]] constexpr std::string_view to_string(publish_mode mode) noexcept
{
    constexpr std::array<std::string_view, 3> words{"", "ingress", "host"};
    return words.at(static_cast<std::size_t>(mode));
}

/// Stands for a port that was sent as something else than a number from 0 to 4294967295. Prometheus fails the whole
/// refresh at one; here it costs its own targets only.
constexpr std::uint32_t unreadable_port = 0xFFFFFFFF;

/// A port of a service, or one that a task has on its node. Numbers are as the engine sent them: 0 is "none", and
/// more than 65535 is possible in a broken answer.
struct port {
    std::uint32_t target = 0;    ///< what the program listens on
    std::uint32_t published = 0; ///< what the ingress network or the node offers
    transport protocol = transport::tcp;
    publish_mode mode = publish_mode::unknown;
    std::string name{};

    friend bool operator==(const port&, const port&) = default;
};

struct network {
    std::string id;
    std::string name;
    std::string driver;
    bool ingress = false;
    bool internal = false;
    std::string scope{}; ///< `swarm`, `local`, `global`
    label_map labels{};
    object_version version{};

    friend bool operator==(const network&, const network&) = default;
};

/// Whether both its numbers could be read; they may still be no ports.
[[nodiscard]] inline bool is_readable(const port& value) noexcept
{
    return value.target != unreadable_port && value.published != unreadable_port;
}

/// A task's place on one network.
struct attachment {
    shared_text network_id;
    address_list addresses; ///< CIDR, `10.0.1.3/24`; empty on the host's network

    friend bool operator==(const attachment&, const attachment&) = default;
};

struct state_words {
    std::string state;
    std::string desired;

    friend bool operator==(const state_words&, const state_words&) = default;
};

/// There may be very many: with what is usual in it, one needs no other memory than its own, but for what tasks share.
struct task {
    object_id id;
    container_id_text container_id; ///< empty until there is one
    task_state state = task_state::unknown;
    task_state desired = task_state::unknown;
    std::int64_t slot = 0; ///< 0 where it has none, as in global services
    shared_text service_id;
    shared_text node_id;                   ///< empty until it is placed
    shared_labels container_labels;        ///< of the task's own spec, which may be older than its service's
    short_list<attachment, 2> attachments; ///< mostly the ingress network and one other
    rare_list<port> host_ports;            ///< `Status.PortStatus`: host-mode ports as they are on the node
    /// Both states' words as they were sent, where one of them is not known. Hardly ever there, so it costs a pointer.
    std::forward_list<state_words> odd_states{};
    object_version version{};

    friend bool operator==(const task&, const task&) = default;
};

/// The word for the actual state, as the engine sent it.
[[nodiscard]] inline std::string_view state_word(const task& value)
{
    return value.odd_states.empty() ? to_string(value.state) : value.odd_states.front().state;
}

/// Likewise for the desired state.
[[nodiscard]] inline std::string_view desired_word(const task& value)
{
    return value.odd_states.empty() ? to_string(value.desired) : value.odd_states.front().desired;
}

enum class service_mode : std::uint8_t { unknown, replicated, global, replicated_job, global_job };

/// Where a service is reached as a whole.
struct virtual_ip {
    std::string network_id;
    std::string address; ///< CIDR; empty on the host's network

    friend bool operator==(const virtual_ip&, const virtual_ip&) = default;
};

struct service {
    std::string id;
    std::string name;
    service_mode mode = service_mode::unknown;
    std::uint64_t wanted = 0;   ///< replicas, or the completions of a job
    std::uint64_t at_once = 0;  ///< how many tasks of a job run at the same time at most; 0 where it does not say
    std::string update_state{}; ///< `updating`, `completed`, …; empty before the first update
    std::string hostname{};     ///< of its containers, perhaps a template
    std::string image;
    label_map labels;
    std::vector<std::string> network_ids; ///< of its spec
    std::vector<port> ports;
    std::vector<virtual_ip> virtual_ips{};
    object_version version{};

    friend bool operator==(const service&, const service&) = default;
};

/// What a node has that is a manager.
struct manager_status {
    std::string address; ///< with a port
    bool leader = false;
    std::string reachability;

    friend bool operator==(const manager_status&, const manager_status&) = default;
};

struct node {
    std::string id;
    std::string address; ///< without a port
    std::string state;   ///< `ready`, `down`, `unknown`, `disconnected`
    std::string availability;
    std::string hostname{};
    std::string role{}; ///< `manager`, `worker`
    std::string architecture{};
    std::string os{};
    std::string engine_version{};
    label_map labels{};
    std::optional<manager_status> manager{};
    object_version version{};

    friend bool operator==(const node&, const node&) = default;
};

/// A port of a container: exposed, and perhaps published on the engine's own addresses.
struct container_port {
    std::uint32_t private_port = 0;
    std::uint32_t public_port = 0; ///< 0: not published
    std::string public_ip;
    transport protocol = transport::tcp;

    friend auto operator<=>(const container_port&, const container_port&) = default;
};

/// A container's place on one network.
struct container_network {
    std::string name;
    std::string network_id;
    std::string ip;   ///< IPv4; empty where there is none
    std::string ipv6; ///< likewise

    friend bool operator==(const container_network&, const container_network&) = default;
};

/// A running container of this engine, of the swarm or not.
struct container {
    std::string id;
    std::string name;         ///< the first one, with its slash
    std::string network_mode; ///< `default`, `host`, `container:ID`, a network's name
    label_map labels;
    std::vector<container_network> networks; ///< by name
    std::vector<container_port> ports;

    friend bool operator==(const container&, const container&) = default;
};

/// What lists say, taken in one go.
struct snapshot {
    std::vector<service> services;
    std::vector<node> nodes;
    std::vector<task> tasks;
    std::vector<network> networks; ///< those that tasks are attached to, and those of `/networks`; one may stand here
                                   ///< several times
    std::vector<container> containers{};
    bool swarm_listed = true;      ///< services, nodes and tasks were asked for
    bool containers_listed = true; ///< likewise
};

/// Whether a rolling update, or its rollback, is under way.
[[nodiscard]] inline bool is_updating(const service& value) noexcept
{
    return value.update_state == "updating" || value.update_state == "rollback_started";
}

/// Whether a task is at work and meant to be: its state runs, and it is desired to run, or, in a job, to complete.
///
/// Both must hold. Tasks on a lost node stay `running` with desired `shutdown`; on scale-down the desired state changes
/// about 3 s before the container dies, so the target goes before it stops answering.
[[nodiscard]] inline bool is_serving(const task& value) noexcept
{
    return value.state == task_state::running &&
           (value.desired == task_state::running || value.desired == task_state::complete);
}

} // namespace agent::core
