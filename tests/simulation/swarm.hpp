#pragma once

#include "tests/simulation/agenda.hpp"
#include "tests/simulation/dice.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace simulation {

/// The states that tasks go through here, in order; for the desired state, too.
enum class task_state {
    fresh,
    pending,
    assigned,
    preparing,
    ready,
    starting,
    running,
    complete,
    shutdown,
    failed,
    remove
};

/// The word of the Engine API.
[[nodiscard]] std::string_view to_string(task_state state);

enum class service_mode { replicated, global, job };

struct service {
    std::string id{};
    std::string name{};
    service_mode mode = service_mode::replicated;
    unsigned wanted = 1;     ///< replicas, or the completions of a job
    unsigned port = 0;       ///< TCP, of the service's endpoint; 0: none
    bool is_on_host = false; ///< the port is published by the nodes, and there is no network
    bool has_health_check = false;
    std::map<std::string, std::string> labels{};
    std::string update_state{};
    std::uint64_t version = 0;
};

struct task {
    std::string id{};
    std::string service_id{};
    std::string node_id{};
    unsigned slot = 0; ///< 0 in global services
    task_state state = task_state::fresh;
    task_state desired = task_state::running;
    std::string address{};       ///< on the overlay network, without a mask; empty without one
    unsigned target_port = 0;    ///< published by the node; 0: none
    unsigned published_port = 0; ///< likewise
    std::uint64_t version = 0;
};

struct node {
    std::string id{};
    std::string address{};
    std::string availability = "active";
    std::string state = "ready";
    bool is_leader = false;
    bool is_reachable = true; ///< whether its agent talks to the managers; no field of the object
    std::uint64_t version = 0;
};

/// What the swarm's store tells: all of one commit belongs together.
struct change {
    enum class kind { created, updated, removed };
    kind what = kind::updated;
    std::variant<service, task, node> object; ///< as it is now; of a removed one as it was last
};
using commit = std::vector<change>;

/// A swarm that lives: an orchestrator, a scheduler and nodes, as moby/swarmkit has them, as far as an observer can
/// tell. Nodes run what they are told to, with the delays that were measured on engine 20.10.
class swarm {
public:
    struct listener {
        std::function<void(const commit&)> on_commit;
        /// A container on the first node: `create`, `start`, `health_status: healthy`, `die`.
        std::function<void(std::string_view, const task&)> on_container;
        std::function<void(const std::string&)> on_deed; ///< what somebody did, in words
    };

    swarm(agenda& plan, std::uint64_t seed, listener to);

    /// Somebody does something, by chance.
    void act();
    /// A small swarm to begin with, at work already.
    void populate();
    /// Every object is written once more, as a new leader does; the nodes are unknown until they have been heard of.
    void change_leader();

    [[nodiscard]] const std::map<std::string, service>& services() const noexcept { return services_; }
    [[nodiscard]] const std::map<std::string, task>& tasks() const noexcept { return tasks_; }
    [[nodiscard]] const std::map<std::string, node>& nodes() const noexcept { return nodes_; }

private:
    // What people do.
    void create_service();
    void scale(service& subject);
    void relabel(service& subject);
    void republish(service& subject);
    void update_image(service& subject);
    void remove_service(service& subject);
    void fail_some_task();
    void drain_or_activate();
    void lose_or_find_node();
    void storm(const std::string& service_id, unsigned times);

    // What the orchestrator does.
    void reconcile(const std::string& service_id);
    void reconcile_all();
    void reconcile_slots(const service& subject);
    void reconcile_nodes(const service& subject);
    void reconcile_job(const service& subject);
    void continue_update(const std::string& service_id, unsigned slot);
    task& create_task(const service& subject, unsigned slot, task_state desired, const std::string& node_id = {});
    void stop(task& subject, task_state desired);
    void drop_history(const service& subject);

    // What nodes do.
    void step(const std::string& task_id);
    void next_step(const task& subject, duration least, duration most);
    void start_in(duration delay, const std::string& id);
    void start(const std::string& task_id);
    void finish(const std::string& task_id, task_state end);
    void end(const std::string& task_id, task_state state);
    [[nodiscard]] bool is_reachable(const task& subject) const;
    [[nodiscard]] std::string choose_node();
    [[nodiscard]] std::string free_address() const;

    // The store.
    void put(service& subject);
    void put(task& subject);
    void put(node& subject);
    void erase_service(const std::string& id);
    void erase_task(std::string id); // by value: it may be the erased task's own
    void flush();
    [[nodiscard]] std::vector<task*> tasks_of(const std::string& service_id);
    [[nodiscard]] std::string new_id(char kind);
    service* any_service();

    agenda& plan_;
    dice dice_;
    listener listener_;
    std::map<std::string, service> services_;
    std::map<std::string, task> tasks_;
    std::map<std::string, node> nodes_;
    std::set<std::string> stopping_; ///< tasks whose container was told to stop
    commit pending_;
    std::uint64_t index_ = 100;
    unsigned made_ = 0;
};

} // namespace simulation
