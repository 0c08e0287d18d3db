#include "agent/core/swarm_labels.hpp"

namespace agent::core {
namespace {

/// Jobs have none: Prometheus knows the two older modes only.
std::string_view mode_word(service_mode mode)
{
    switch (mode) {
    case service_mode::replicated:
        return "replicated";
    case service_mode::global:
        return "global";
    case service_mode::unknown:
    case service_mode::replicated_job:
    case service_mode::global_job:
        break;
    }
    return {};
}

} // namespace

void add_service(label_builder& into, const service& value)
{
    into.add("service_id", value.id);
    into.add("service_name", value.name);
    into.add("service_mode", mode_word(value.mode));
    into.add_all("service_label", value.labels);
}

void add_task(label_builder& into, const task& value)
{
    into.add("task_id", value.id);
    into.add("task_state", state_word(value));
    into.add("task_desired_state", desired_word(value));
    into.add("task_slot", value.slot);
    into.add("task_container_id", value.container_id.str());
    into.add_all("container_label", value.container_labels);
}

void add_node(label_builder& into, const node& value)
{
    into.add("node_id", value.id);
    into.add("node_hostname", value.hostname);
    into.add("node_address", value.address);
    into.add("node_availability", value.availability);
    into.add("node_role", value.role);
    into.add("node_status", value.state);
    into.add("node_platform_architecture", value.architecture);
    into.add("node_platform_os", value.os);
    into.add_all("node_label", value.labels);
}

void add_network(label_builder& into, const network& value)
{
    into.add("network_id", value.id);
    into.add("network_name", value.name);
    into.add("network_scope", value.scope);
    into.add("network_internal", value.internal);
    into.add("network_ingress", value.ingress);
    into.add_all("network_label", value.labels);
}

} // namespace agent::core
