#pragma once

#include "agent/core/model.hpp"
#include "agent/core/shared_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace agent::core {

using id_set = std::set<std::string, std::less<>>;

/// A task that began or ceased to serve, as it is now or, when gone, was last.
struct flipped_task {
    object_id id;
    shared_text service_id;
    shared_text node_id;
};

/// What an answer of the engine changed.
struct model_changes {
    id_set services; ///< services whose own object appeared, changed or vanished
    id_set nodes;    ///< likewise, as the swarm's store has them
    id_set managers; ///< nodes of which only the manager's status changed, which no event tells
    std::vector<flipped_task> flipped;
    id_set concerned;        ///< services whose targets may be different now
    bool containers = false; ///< something about the engine's own containers, or their networks

    [[nodiscard]] bool empty() const noexcept
    {
        return concerned.empty() && services.empty() && nodes.empty() && managers.empty() && !containers;
    }

    model_changes& operator+=(model_changes&& more);
};

/// Everything known of the swarm, by ID.
///
/// Answers replace what they are about; nothing else is touched. IDs are never reused by swarmkit.
class swarm {
public:
    using task_list = std::vector<const task*>;

    /// Takes lists: what they do not name is gone, where it would be in a list that was asked for. Networks are only
    /// ever added, since an absent one is no deletion (see `networks` of `GET /networks` in the engine: it hides
    /// failures).
    model_changes replace(snapshot data);

    model_changes put(service value);
    model_changes remove_service(std::string_view id);
    model_changes put(node value);
    model_changes remove_node(std::string_view id);
    model_changes put(task value);
    model_changes remove_task(std::string_view id);

    /// Takes all tasks of one service: what is not among them is gone.
    model_changes put_tasks_of(std::string_view service_id, std::vector<task> tasks);

    /// Takes networks, as an answer's tasks carry them or as they are listed.
    model_changes put(std::vector<network> values);
    model_changes remove_network(std::string_view id);

    /// Takes all containers of this engine.
    model_changes put_containers(std::vector<container> values);

    [[nodiscard]] const service* find_service(std::string_view id) const;
    [[nodiscard]] const service* find_service_by_name(std::string_view name) const;
    [[nodiscard]] const task* find_task(std::string_view id) const;
    [[nodiscard]] const node* find_node(std::string_view id) const;
    [[nodiscard]] const network* find_network(std::string_view id) const;
    [[nodiscard]] const container* find_container(std::string_view id) const;
    /// By ID. Valid until tasks come or go.
    [[nodiscard]] const task_list& tasks_of(std::string_view service_id) const;

    /// Services that have a task on that node.
    [[nodiscard]] id_set services_on(std::string_view node_id) const;

    /// Services that have a task attached to that network, or a virtual IP on it.
    [[nodiscard]] id_set services_attached_to(std::string_view network_id) const;

    /// All services, and those that only a task names.
    [[nodiscard]] id_set all_service_ids() const;

    /// Whether a virtual IP or a container is on a network that is not known.
    [[nodiscard]] bool lacks_networks() const;

    [[nodiscard]] const std::map<std::string, service, std::less<>>& services() const noexcept { return services_; }
    [[nodiscard]] const std::map<std::string, node, std::less<>>& nodes() const noexcept { return nodes_; }
    /// By ID and name.
    [[nodiscard]] const std::map<std::string, container, std::less<>>& containers() const noexcept
    {
        return containers_;
    }
    [[nodiscard]] std::size_t task_count() const noexcept { return tasks_.size(); }
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }

    /// Tasks whose service is not known: the engine keeps those of removed jobs.
    [[nodiscard]] std::size_t orphan_count() const;

private:
    friend class snapshot_intake;

    struct held_task {
        explicit held_task(task&& from) : value(std::move(from)), hash(hash_of(value.id)) {}
        static std::uint32_t hash_of(std::string_view id) noexcept
        {
            return static_cast<std::uint32_t>(std::hash<std::string_view>{}(id));
        }
        mutable task value;                 ///< its ID, by which it is found, stays
        mutable std::uint32_t named_by = 0; ///< the latest list that named it
        std::uint32_t hash;                 ///< of its ID: whoever looks for one comes past others
    };
    struct held_hash {
        using is_transparent = void;
        std::size_t operator()(const held_task& held) const noexcept { return held.hash; }
        std::size_t operator()(std::string_view id) const noexcept { return held_task::hash_of(id); }
    };
    struct held_equal {
        using is_transparent = void;
        bool operator()(const held_task& a, const held_task& b) const noexcept { return a.value.id == b.value.id; }
        bool operator()(std::string_view id, const held_task& held) const noexcept { return held.value.id == id; }
        bool operator()(const held_task& held, std::string_view id) const noexcept { return held.value.id == id; }
    };
    /// Those of one service. Where many come in no order, they are sorted once somebody looks at them.
    struct service_tasks {
        void insert(const task& value);
        void erase(const task& value);
        [[nodiscard]] const task_list& sorted() const;

    private:
        mutable task_list list_;
        mutable bool is_sorted_ = true;
    };

    template <class Matches>
    [[nodiscard]] id_set services_with_task(Matches matches) const;
    const held_task& put(task value, model_changes& changes);
    void remove_task(std::string_view id, model_changes& changes);
    void join_service(const task& value);
    void leave_service(const task& value);

    std::map<std::string, service, std::less<>> services_;
    std::map<std::string, node, std::less<>> nodes_;
    std::map<std::string, network, std::less<>> networks_;
    std::map<std::string, container, std::less<>> containers_; ///< by ID and name
    shared_parts parts_;                                       ///< of all tasks
    std::unordered_set<held_task, held_hash, held_equal> tasks_;
    std::uint32_t latest_list_ = 0;                                      ///< counts lists of all tasks
    std::map<std::string, service_tasks, std::less<>> tasks_by_service_; ///< none is empty
};

} // namespace agent::core
