#pragma once

#include "agent/core/events.hpp"
#include "agent/core/model.hpp"
#include "agent/core/watch_events.hpp"
#include "tests/support/choices.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// A swarm whose changes are decided one by one, as swarmkit would have them: no ID is ever given twice, every change
/// has a version of its own, and a node's manager status is told by lists only.
namespace fuzz {

class changing_swarm {
public:
    /// A node, two services, and a network that both may be on.
    changing_swarm();

    /// Something becomes something else.
    /// @return what an engine that sees it tells of it
    agent::core::hint change(support::choices& decide);

    /// Everything is as it was, but for what an engine knows by itself.
    [[nodiscard]] const agent::core::snapshot& truth() const noexcept { return truth_; }

    /// The four lists of a manager.
    [[nodiscard]] agent::core::swarm_lists lists() const;

    /// All changes since the beginning, in their order, as swarmkit's stream tells them.
    [[nodiscard]] const std::vector<agent::core::object_change>& log() const noexcept { return log_; }

private:
    agent::core::hint change_service(support::choices& decide);
    agent::core::hint change_node(support::choices& decide);
    agent::core::hint change_task(support::choices& decide);
    agent::core::hint change_network();
    agent::core::hint change_container(support::choices& decide);

    [[nodiscard]] std::string new_id(const char* prefix) { return prefix + std::to_string(++last_id_); }
    template <class Value>
    void record(agent::core::object_change::kind what, Value value);
    template <class Value>
    void put(std::vector<Value>& values, Value made);
    template <class Value>
    void remove(std::vector<Value>& values, std::size_t at);

    agent::core::snapshot truth_;
    std::vector<agent::core::object_change> log_;
    std::uint64_t version_ = 0;
    unsigned last_id_ = 0;
};

} // namespace fuzz
