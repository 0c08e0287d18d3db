#pragma once

#include "agent/core/model.hpp"
#include "agent/core/role.hpp"
#include "agent/core/watch_events.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the state machine is told, and what it wants done.
namespace agent::core {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// The ways of learning what runs.
enum class feed {
    engine, ///< `/events` and lists of the Engine API
    watch,  ///< swarmkit's own stream
};

[[nodiscard]] constexpr std::string_view to_string(feed which) noexcept
{
    return which == feed::watch ? "task_watch" : "engine";
}

// --- Reads of the Engine API ---

/// The lists that the engine has for us.
enum class list_kind {
    swarm,      ///< services, nodes and tasks
    networks,   ///< as objects of their own: tasks carry what is known of theirs
    containers, ///< the running ones of this engine
};
constexpr std::size_t list_count = 3;
constexpr std::array<list_kind, list_count> all_lists{list_kind::swarm, list_kind::networks, list_kind::containers};

struct read_everything {
    bool swarm = true;
    bool networks = false;
    bool containers = false;
    friend bool operator==(const read_everything&, const read_everything&) = default;
};
/// Both.
[[nodiscard]] constexpr read_everything operator|(read_everything a, read_everything b) noexcept
{
    return {a.swarm || b.swarm, a.networks || b.networks, a.containers || b.containers};
}

[[nodiscard]] constexpr bool has(const read_everything& lists, list_kind which) noexcept
{
    return which == list_kind::swarm ? lists.swarm : which == list_kind::networks ? lists.networks : lists.containers;
}
[[nodiscard]] constexpr read_everything only(list_kind which) noexcept
{
    return {which == list_kind::swarm, which == list_kind::networks, which == list_kind::containers};
}
constexpr read_everything no_lists{.swarm = false};

/// The lists that a role is made of. VIPs and containers name their networks by ID only; tasks carry what is known of
/// theirs.
[[nodiscard]] constexpr read_everything lists_for(role which) noexcept
{
    return {.swarm = which != role::containers,
            .networks = which == role::services || which == role::containers,
            .containers = which == role::containers};
}

/// The list that a role's targets come from; what another one says only adds labels.
[[nodiscard]] constexpr list_kind main_list_for(role which) noexcept
{
    return which == role::containers ? list_kind::containers : list_kind::swarm;
}

struct read_service {
    std::string id;
    friend bool operator==(const read_service&, const read_service&) = default;
};
struct read_tasks_of {
    std::string service_id;
    friend bool operator==(const read_tasks_of&, const read_tasks_of&) = default;
};
struct read_task {
    std::string id;
    friend bool operator==(const read_task&, const read_task&) = default;
};
struct read_node {
    std::string id;
    friend bool operator==(const read_node&, const read_node&) = default;
};
struct read_containers {
    friend bool operator==(const read_containers&, const read_containers&) = default;
};
struct read_networks {
    friend bool operator==(const read_networks&, const read_networks&) = default;
};
using read_request =
    std::variant<read_everything, read_service, read_tasks_of, read_task, read_node, read_containers, read_networks>;

/// What is read, without whose; in the order of `read_request`.
enum class read_kind { everything, service, tasks, task, node, containers, networks };
constexpr std::size_t read_kind_count = std::variant_size_v<read_request>;

[[nodiscard]] inline read_kind kind_of(const read_request& what)
{
    return static_cast<read_kind>(what.index());
}

/// The words for metrics and logs.
[[nodiscard]] constexpr std::string_view to_string(read_kind kind) noexcept
{
    constexpr std::array<std::string_view, read_kind_count> words{"everything", "service",    "tasks",   "task",
                                                                  "node",       "containers", "networks"};
    return words.at(static_cast<std::size_t>(kind));
}

// --- Events ---

/// The event stream answered 200: from here on it tells every change.
struct stream_opened {};

/// The stream could not be opened, or ended for whatever reason.
struct stream_lost {
    std::string why{}; ///< in one line, for people
};

/// A record of the stream. It says where to look, never what is true.
struct hint {
    enum class subject { service, node, container, network };
    enum class change { object, started, died }; ///< `started`: or its health changed

    subject about = subject::service;
    change what = change::object;
    std::string id;         ///< of the service or node; empty for containers and networks
    std::string task_id;    ///< of a container that is a task
    std::string service_id; ///< likewise
    std::string node_id;    ///< likewise: the engine's own node
};

[[nodiscard]] constexpr std::string_view to_string(hint::subject about) noexcept
{
    switch (about) {
    case hint::subject::service:
        return "service";
    case hint::subject::node:
        return "node";
    case hint::subject::network:
        return "network";
    case hint::subject::container:
        break;
    }
    return "container";
}

/// Records were dropped unread (too long, or not JSON): anything may have changed.
struct hints_lost {};

/// The lists that were asked for, complete and of one piece.
struct everything_read {
    snapshot data;
    duration took{}; ///< from the first request to the last byte: what it cost the engine, at most
    duration cpu{};  ///< what it cost us
};

// What single reads found; nothing when the engine says that there is no such thing.
struct service_read {
    std::string id;
    std::optional<service> found;
};
struct tasks_read {
    std::string service_id;
    std::optional<std::vector<task>> found;
    std::vector<network> networks;
};
struct task_read {
    std::string id;
    std::optional<task> found;
    std::vector<network> networks;
};
struct node_read {
    std::string id;
    std::optional<node> found;
};

struct containers_read {
    std::vector<container> found;
};

struct networks_read {
    std::vector<network> found;
};

/// Somebody asks for a role: it is followed from now on. Lists that no output needs are read for it.
struct role_wanted {
    role which = role::endpoints;
};

/// The read in progress gave no information.
struct read_failed {
    std::string why{}; ///< in one line, for people
};

/// The watch is armed: from here on it tells every change.
struct watch_armed {};

/// The watch could not be opened, or ended for whatever reason.
struct watch_lost {
    std::string why{}; ///< in one line, for people
};

/// What the watch told, in the order of the commits. All of it is applied in one go.
struct watch_changed {
    std::vector<object_change> changes;
};

/// The four lists that the swarm's leader answered; or they failed.
struct swarm_listed {
    swarm_lists lists;
};
struct swarm_list_failed {};

/// The swarm's leader answered with its nodes; or it did not, in the time that it has.
struct leader_answered {
    std::vector<node> nodes;
};
struct leader_silent {};

/// A deadline of the machine has come.
struct tick {};

using event =
    std::variant<stream_opened, stream_lost, hint, hints_lost, everything_read, service_read, tasks_read, task_read,
                 node_read, containers_read, networks_read, role_wanted, read_failed, watch_armed, watch_lost,
                 watch_changed, swarm_listed, swarm_list_failed, leader_answered, leader_silent, tick>;

// --- Actions ---

/// Subscribe to `/events`.
struct open_stream {
    friend bool operator==(const open_stream&, const open_stream&) = default;
};
/// End the stream; it is opened again by a later action.
struct close_stream {
    friend bool operator==(const close_stream&, const close_stream&) = default;
};
/// Read something. At most one read is in progress at any time.
struct start_read {
    read_request what;
    friend bool operator==(const start_read&, const start_read&) = default;
};
/// The believed targets of a role are new.
struct publish {
    std::optional<time_point> since; ///< when the change behind it was first heard of, where that is known
    bool at_once = false;            ///< the first complete list: no debounce
    role which = role::endpoints;
    friend bool operator==(const publish&, const publish&) = default;
};
/// Every target of a role seems to be gone; what was believed stays until a second list says so, too.
struct hold_back {
    role which = role::endpoints;
    friend bool operator==(const hold_back&, const hold_back&) = default;
};
/// A full list showed changes that nothing had announced.
struct report_missed {
    unsigned announced = 0;   ///< of those the stream should have told
    unsigned unannounced = 0; ///< of those no engine tells: tasks on other nodes
    friend bool operator==(const report_missed&, const report_missed&) = default;
};
/// Open the watch.
struct open_watch {
    friend bool operator==(const open_watch&, const open_watch&) = default;
};
/// End the watch.
struct close_watch {
    friend bool operator==(const close_watch&, const close_watch&) = default;
};
/// Read the four lists on the watch's connection. At most one such read is in progress at any time.
struct list_swarm {
    friend bool operator==(const list_swarm&, const list_swarm&) = default;
};
/// Read the nodes on the watch's connection. At most one such read is in progress at any time.
struct ask_leader {
    friend bool operator==(const ask_leader&, const ask_leader&) = default;
};
/// Another way of learning carries from now on.
struct carried_by {
    feed which = feed::engine;
    std::string_view why; ///< in words, for the log
    friend bool operator==(const carried_by&, const carried_by&) = default;
};
using action = std::variant<open_stream, close_stream, start_read, publish, hold_back, report_missed, open_watch,
                            close_watch, list_swarm, ask_leader, carried_by>;

} // namespace agent::core
