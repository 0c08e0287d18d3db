#include "agent/core/task_places.hpp"

#include "agent/core/endpoint_ports.hpp"

#include <algorithm>
#include <tuple>

namespace agent::core {
namespace {

/// The places that are on one of `names`, in the order of the names.
std::vector<place> named_places(const std::vector<place>& places, const std::vector<std::string>& names)
{
    std::vector<place> chosen;
    for (const auto& name : names)
        for (const auto& candidate : places)
            if (candidate.where->name == name)
                chosen.push_back(candidate);
    return chosen;
}

/// The address on one network: IPv4 before IPv6, refused ones passed over.
std::optional<ip_address> address_on(const attachment& attached)
{
    if (const auto v4 = attached.addresses.only_ipv4())
        return scrapable_address(*v4);
    std::optional<ip_address> v6;
    for (const auto& cidr : attached.addresses) {
        auto address = scrapable_address(cidr);
        if (address && !address->v6)
            return address;
        if (address && !v6)
            v6 = std::move(address);
    }
    return v6;
}

bool is_on_host_network(const task& subject, const swarm& world)
{
    return std::any_of(subject.attachments.begin(), subject.attachments.end(), [&world](const attachment& attached) {
        const auto* found = world.find_network(attached.network_id);
        return found && (found->driver == "host" || found->name == "host");
    });
}

/// The port of the node itself that leads to the task's, if there is one.
std::optional<std::uint32_t> port_on_node(const task& subject, std::uint32_t target_port, std::uint32_t joined_port,
                                          const swarm& world)
{
    std::optional<std::uint32_t> lowest; // whatever order the engine went through its port map in
    for (const auto& offered : subject.host_ports)
        if (offered.protocol == transport::tcp && offered.target == target_port && is_valid_port(offered.published))
            lowest = std::min(lowest.value_or(offered.published), offered.published);
    if (lowest)
        return lowest;
    return is_on_host_network(subject, world) ? std::optional(joined_port) : std::nullopt;
}

} // namespace

std::vector<place> places_by_name(const task& subject, const swarm& world)
{
    std::vector<place> places;
    for (const auto& attached : subject.attachments)
        if (const auto* found = world.find_network(attached.network_id); found && !found->ingress)
            places.push_back({found, &attached});
    std::stable_sort(places.begin(), places.end(), [](const place& a, const place& b) {
        return std::tie(a.where->name, a.where->id) < std::tie(b.where->name, b.where->id);
    });
    return places;
}

std::set<std::string_view> prometheus_networks(const swarm& world, const endpoint_rules& rules)
{
    const auto* prometheus =
        rules.prometheus_service.empty() ? nullptr : world.find_service_by_name(rules.prometheus_service);
    return prometheus ? std::set<std::string_view>(prometheus->network_ids.begin(), prometheus->network_ids.end())
                      : std::set<std::string_view>{};
}

std::vector<place> allowed_places(const task& subject, const endpoint_settings& settings, const swarm& world,
                                  const endpoint_rules& rules, const std::set<std::string_view>& prometheus)
{
    auto places = places_by_name(subject, world);
    if (!settings.networks.empty())
        return named_places(places, settings.networks);
    if (!rules.networks.empty())
        return named_places(places, rules.networks);
    if (!rules.prometheus_service.empty()) {
        std::erase_if(places,
                      [&prometheus](const place& candidate) { return !prometheus.contains(candidate.where->id); });
        return places;
    }
    std::erase_if(places, [](const place& candidate) { return candidate.where->driver != "overlay"; });
    return places;
}

std::optional<reachable> network_address(const std::vector<place>& places)
{
    for (const auto& candidate : places)
        if (auto address = address_on(*candidate.what))
            return reachable{*std::move(address), candidate.where};
    return std::nullopt;
}

std::optional<std::string> node_target(const task& subject, std::uint32_t target_port, std::uint32_t joined_port,
                                       const swarm& world)
{
    const auto* host = world.find_node(subject.node_id);
    const auto address = host ? scrapable_address(host->address) : std::nullopt;
    const auto port = port_on_node(subject, target_port, joined_port, world);
    return address && port ? std::optional(join_host_port(*address, *port)) : std::nullopt;
}

} // namespace agent::core
