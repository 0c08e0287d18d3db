#include "agent/core/role_services.hpp"

#include "agent/core/ip_address.hpp"
#include "agent/core/swarm_labels.hpp"

#include <utility>

namespace agent::core {
namespace {

label_builder common_labels(const service& subject)
{
    label_builder labels(swarm_label_prefix);
    add_service(labels, subject);
    labels.add("service_task_container_hostname", subject.hostname);
    labels.add("service_task_container_image", subject.image);
    labels.add("service_updating_status", subject.update_state);
    return labels;
}

} // namespace

role_targets role_services(const service& subject, const swarm& world, std::uint16_t role_port)
{
    const auto common = common_labels(subject);
    role_targets result;
    for (const auto& vip : subject.virtual_ips) {
        const auto address = parse_cidr(vip.address);
        if (!address) {
            result.skipped.add(skip_reason::bad_address);
            continue;
        }
        auto on_network = common;
        if (const auto* where = world.find_network(vip.network_id))
            add_network(on_network, *where);

        bool added = false;
        for (const auto& published : subject.ports) {
            if (published.protocol != transport::tcp)
                continue;
            added = true;
            if (!is_readable(published)) {
                result.skipped.add(skip_reason::bad_port);
                continue;
            }
            auto labels = on_network;
            labels.add("service_endpoint_port_name", published.name);
            labels.add("service_endpoint_port_publish_mode", to_string(published.mode));
            result.groups.push_back({{join_host_port(*address, published.published)}, labels.labels()});
        }
        if (!added)
            result.groups.push_back({{join_host_port(*address, role_port)}, on_network.labels()});
    }
    return finished(std::move(result));
}

} // namespace agent::core
