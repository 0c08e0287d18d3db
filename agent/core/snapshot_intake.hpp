#pragma once

#include "agent/core/model.hpp"
#include "agent/core/swarm.hpp"

#include <cstddef>
#include <vector>

namespace agent::core {

/// Lists on their way into the model, in parts: so that nothing else has to wait for 100,000 tasks. What lists do not
/// name is gone at the end. Until then the model is no more than on its way: some of it is as the lists have it, some
/// as it was before.
class snapshot_intake {
public:
    explicit snapshot_intake(snapshot data) : data_(std::move(data)) {}

    /// Takes about `left` more objects, and takes them off it. The world must be the same each time, and nobody else
    /// may change it in between.
    ///
    /// @return whether all are taken; otherwise nothing is left
    bool go_on(swarm& world, std::size_t& left);

    /// What it changed, all together.
    [[nodiscard]] model_changes take_changes() { return std::move(changes_); }

private:
    enum class stage { networks, services, nodes, tasks, gone_tasks, containers, finished };

    void take_part(swarm& world, std::size_t& left);
    template <class Values, class Take>
    bool take_some(Values& values, std::size_t& left, Take take);
    void take_services(swarm& world, std::size_t& left);
    void take_nodes(swarm& world, std::size_t& left);
    void take_tasks(swarm& world, std::size_t& left);
    void remove_gone_tasks(swarm& world);

    snapshot data_;
    model_changes changes_;
    stage at_ = stage::networks;
    std::size_t next_ = 0; ///< of the objects of this stage
    id_set named_;         ///< IDs of this stage
    std::size_t named_tasks_ = 0;
};

} // namespace agent::core
