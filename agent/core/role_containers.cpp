#include "agent/core/role_containers.hpp"

#include "agent/core/ip_address.hpp"
#include "agent/core/swarm_labels.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace agent::core {
namespace {

constexpr std::string_view shares_networks_of = "container:";
// Longer than any chain that makes sense; a container may even name itself.
constexpr int longest_chain = 16;
// Prometheus' client reads them as 16-bit numbers, and fails at a larger one.
constexpr std::uint32_t highest_port = 65535;

/// The container that `mode` names, by ID or by name.
const container* find_by_mode(std::string_view mode, const swarm& world)
{
    if (!mode.starts_with(shares_networks_of))
        return nullptr;
    const auto wanted = mode.substr(shares_networks_of.size());
    if (const auto* found = world.find_container(wanted))
        return found;
    const auto& all = world.containers();
    const auto named = std::find_if(all.begin(), all.end(), [wanted](const auto& entry) {
        return std::string_view(entry.second.name).substr(0, 1) == "/" &&
               std::string_view(entry.second.name).substr(1) == wanted;
    });
    return named == all.end() ? nullptr : &named->second;
}

/// The container whose networks `subject` uses: itself, or the end of a chain of others.
const container& network_owner(const container& subject, const swarm& world)
{
    const auto* owner = &subject;
    for (int step = 0; owner->networks.empty() && step < longest_chain; ++step) {
        const auto* next = find_by_mode(owner->network_mode, world);
        if (!next)
            break;
        owner = next;
    }
    return *owner;
}

label_builder common_labels(const container& subject)
{
    label_builder labels(container_label_prefix);
    labels.add("container_id", subject.id);
    labels.add("container_name", subject.name);
    labels.add("container_network_mode", subject.network_mode);
    labels.add_all("container_label", subject.labels);
    return labels;
}

class collector {
public:
    collector(const container& subject, const swarm& world, const role_rules& rules)
        : subject_(subject),
          owner_(network_owner(subject, world)),
          world_(world),
          rules_(rules),
          common_(common_labels(subject))
    {
    }

    role_targets collect()
    {
        for (const auto& place : owner_.networks) {
            take(place);
            if (rules_.match_first_network)
                break; // they are sorted by name
        }
        return finished(std::move(result_));
    }

private:
    void take(const container_network& place)
    {
        const auto& ip = place.ip.empty() ? place.ipv6 : place.ip;
        auto on_network = common_;
        on_network.add("network_ip", ip);
        if (const auto* where = world_.find_network(place.network_id))
            add_network(on_network, *where);

        bool added = false;
        for (const auto& exposed : subject_.ports) {
            if (exposed.protocol != transport::tcp)
                continue;
            added = true;
            if (exposed.private_port > highest_port || exposed.public_port > highest_port) {
                result_.skipped.add(skip_reason::bad_port);
                continue;
            }
            auto labels = on_network;
            labels.add("port_private", std::int64_t{exposed.private_port});
            if (exposed.public_port > 0) {
                labels.add("port_public", std::int64_t{exposed.public_port});
                labels.add("port_public_ip", exposed.public_ip);
            }
            add(join_host_port(ip, exposed.private_port), labels);
        }
        // Containers on the host's network expose no ports, so they always come here.
        if (!added)
            add(owner_.network_mode == "host" ? rules_.host_address : join_host_port(ip, rules_.role_port), on_network);
    }

    void add(std::string target, const label_builder& labels)
    {
        result_.groups.push_back({{std::move(target)}, labels.labels()});
    }

    const container& subject_;
    const container& owner_;
    const swarm& world_;
    const role_rules& rules_;
    label_builder common_;
    role_targets result_;
};

} // namespace

role_targets role_containers(const container& subject, const swarm& world, const role_rules& rules)
{
    // Prometheus passes over what has no name.
    return subject.name.empty() ? role_targets{} : collector(subject, world, rules).collect();
}

} // namespace agent::core
