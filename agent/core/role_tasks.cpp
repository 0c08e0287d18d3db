#include "agent/core/role_tasks.hpp"

#include "agent/core/ip_address.hpp"
#include "agent/core/swarm_labels.hpp"

#include <utility>

namespace agent::core {
namespace {

class collector {
public:
    collector(std::string_view service_id, const swarm& world, std::uint16_t role_port)
        : service_id_(service_id), owner_(world.find_service(service_id)), world_(world), role_port_(role_port)
    {
    }

    role_targets collect()
    {
        for (const auto* subject : world_.tasks_of(service_id_))
            take(*subject);
        return finished(std::move(result_));
    }

private:
    void take(const task& subject)
    {
        const auto* host = world_.find_node(subject.node_id);
        label_builder common(swarm_label_prefix);
        add_task(common, subject);
        if (owner_)
            add_service(common, *owner_);
        if (host)
            add_node(common, *host);

        for (const auto& offered : subject.host_ports)
            if (offered.protocol == transport::tcp)
                add(join_host_port(host ? host->address : std::string{}, offered.published), common, &offered, nullptr);
        for (const auto& attached : subject.attachments)
            for (const auto& cidr : attached.addresses)
                take_address(cidr, common, world_.find_network(attached.network_id));
    }

    void take_address(std::string_view cidr, const label_builder& common, const network* where)
    {
        const auto address = parse_cidr(cidr);
        if (!address)
            return result_.skipped.add(skip_reason::bad_address);
        bool added = false;
        if (owner_)
            for (const auto& published : owner_->ports)
                if (published.protocol == transport::tcp) {
                    add(join_host_port(*address, published.published), common, &published, where);
                    added = true;
                }
        if (!added)
            add(join_host_port(*address, role_port_), common, nullptr, where);
    }

    void add(std::string target, label_builder labels, const port* by, const network* where)
    {
        if (by && !is_readable(*by))
            return result_.skipped.add(skip_reason::bad_port);
        if (by)
            labels.add("task_port_publish_mode", to_string(by->mode));
        if (where)
            add_network(labels, *where);
        result_.groups.push_back({{std::move(target)}, labels.labels()});
    }

    std::string_view service_id_;
    const service* owner_;
    const swarm& world_;
    std::uint16_t role_port_;
    role_targets result_;
};

} // namespace

role_targets role_tasks(std::string_view service_id, const swarm& world, std::uint16_t role_port)
{
    return collector(service_id, world, role_port).collect();
}

} // namespace agent::core
