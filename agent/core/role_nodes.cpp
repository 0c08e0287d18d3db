#include "agent/core/role_nodes.hpp"

#include "agent/core/ip_address.hpp"
#include "agent/core/swarm_labels.hpp"

namespace agent::core {

role_targets role_nodes(const node& subject, std::uint16_t role_port)
{
    label_builder labels(swarm_label_prefix);
    add_node(labels, subject);
    labels.add("node_engine_version", subject.engine_version);
    if (subject.manager) {
        labels.add("node_manager_address", subject.manager->address);
        labels.add("node_manager_leader", subject.manager->leader);
        labels.add("node_manager_reachability", subject.manager->reachability);
    }
    return finished({{{{join_host_port(subject.address, role_port)}, labels.labels()}}, {}});
}

} // namespace agent::core
