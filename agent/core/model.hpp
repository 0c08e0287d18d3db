#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// The swarm as the rules see it: what the Engine API says, without what no rule asks for.
///
/// Source of every field: Docker Engine API v1.41, `/services`, `/tasks`, `/nodes`.
namespace agent::core {

/// Docker labels, sorted bytewise by key, no key twice.
using label_map = std::vector<std::pair<std::string, std::string>>;

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

enum class transport : std::uint8_t { tcp, udp, sctp };

/// A port of a service, or one that a task has on its node. Numbers are as the engine sent them: 0 is "none", and
/// more than 65535 is possible in a broken answer.
struct port {
    std::uint32_t target = 0;    ///< what the program listens on
    std::uint32_t published = 0; ///< what the ingress network or the node offers
    transport protocol = transport::tcp;

    friend bool operator==(const port&, const port&) = default;
};

struct network {
    std::string id;
    std::string name;
    std::string driver;
    bool ingress = false;

    friend bool operator==(const network&, const network&) = default;
};

/// A task's place on one network.
struct attachment {
    std::string network_id;
    std::vector<std::string> addresses; ///< CIDR, `10.0.1.3/24`; empty on the host's network

    friend bool operator==(const attachment&, const attachment&) = default;
};

struct task {
    std::string id;
    std::string service_id;
    std::string node_id; ///< empty until it is placed
    task_state state = task_state::unknown;
    task_state desired = task_state::unknown;
    label_map container_labels; ///< of the task's own spec, which may be older than its service's
    std::vector<attachment> attachments;
    std::vector<port> host_ports; ///< `Status.PortStatus`: host-mode ports as they are on the node

    friend bool operator==(const task&, const task&) = default;
};

enum class service_mode : std::uint8_t { unknown, replicated, global, replicated_job, global_job };

struct service {
    std::string id;
    std::string name;
    service_mode mode = service_mode::unknown;
    std::uint64_t wanted = 0;  ///< replicas, or the completions of a job
    std::uint64_t at_once = 0; ///< how many tasks of a job run at the same time at most; 0 where it does not say
    bool updating = false;     ///< a rolling update, or its rollback, is under way
    std::string image;
    label_map labels;
    std::vector<std::string> network_ids; ///< of its spec
    std::vector<port> ports;

    friend bool operator==(const service&, const service&) = default;
};

struct node {
    std::string id;
    std::string address; ///< without a port
    std::string state;   ///< `ready`, `down`, `unknown`, `disconnected`
    std::string availability;

    friend bool operator==(const node&, const node&) = default;
};

/// Everything a full list says, taken in one go.
struct snapshot {
    std::vector<service> services;
    std::vector<node> nodes;
    std::vector<task> tasks;
    std::vector<network> networks; ///< those that tasks are attached to; one may stand here several times
};

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
