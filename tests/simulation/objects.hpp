#pragma once

#include "tests/simulation/swarm.hpp"

#include <string>
#include <string_view>

/// The simulated swarm's objects as the Engine API sends them.
namespace simulation {

[[nodiscard]] std::string to_json(const service& value);
[[nodiscard]] std::string to_json(const task& value);
/// @param with_manager  whether the managers' status is told: lists have it, the store's stream has not
[[nodiscard]] std::string to_json(const node& value, bool with_manager = true);
/// The networks that all tasks are attached to.
[[nodiscard]] std::string overlay_json();
[[nodiscard]] std::string ingress_json();

/// A record of `/events` for a service or node.
[[nodiscard]] std::string object_record(std::string_view type, std::string_view action, const std::string& id);
/// A record of `/events` for a container of a task.
[[nodiscard]] std::string container_record(std::string_view action, const task& value);

} // namespace simulation
