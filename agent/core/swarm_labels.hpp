#pragma once

#include "agent/core/label_builder.hpp"
#include "agent/core/model.hpp"

#include <string_view>

/// The labels of Prometheus' own discovery, object by object, so that every role spells them the same.
///
/// Source: Prometheus 2.42 `discovery/moby`; recorded for each role.
namespace agent::core {

constexpr std::string_view swarm_label_prefix = "__meta_dockerswarm_";
constexpr std::string_view container_label_prefix = "__meta_docker_";

/// `service_id`, `service_name`, `service_mode`, `service_label_*`
void add_service(label_builder& into, const service& value);

/// `task_*` and `container_label_*`
void add_task(label_builder& into, const task& value);

/// `node_*` as the roles `tasks` and `nodes` share them
void add_node(label_builder& into, const node& value);

/// `network_*`
void add_network(label_builder& into, const network& value);

} // namespace agent::core
