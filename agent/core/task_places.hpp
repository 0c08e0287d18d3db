#pragma once

#include "agent/core/endpoint_settings.hpp"
#include "agent/core/endpoints.hpp"
#include "agent/core/ip_address.hpp"
#include "agent/core/model.hpp"
#include "agent/core/swarm.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// A task's place on a network that is known. Points into the swarm.
struct place {
    const network* where;
    const attachment* what;
};

/// All places but those on the ingress network, by the network's name.
[[nodiscard]] std::vector<place> places_by_name(const task& subject, const swarm& world);

/// Networks of the service that `rules.prometheus_service` names; none while there is no such service.
[[nodiscard]] std::set<std::string_view> prometheus_networks(const swarm& world, const endpoint_rules& rules);

/// The places that the first given source of networks allows, in its order.
///
/// @param prometheus  see `prometheus_networks`
[[nodiscard]] std::vector<place> allowed_places(const task& subject, const endpoint_settings& settings,
                                                const swarm& world, const endpoint_rules& rules,
                                                const std::set<std::string_view>& prometheus);

/// An address, and the network that it is on.
struct reachable {
    ip_address address;
    const network* where;
};

/// The first address that Prometheus may be sent to: of the first place that has one, IPv4 before IPv6.
[[nodiscard]] std::optional<reachable> network_address(const std::vector<place>& places);

/// Where the node itself offers a port of the task: by a host-mode port, or on the host's network.
///
/// @param target_port  what the program listens on
/// @param joined_port  what goes behind the node's address on the host's network
[[nodiscard]] std::optional<std::string> node_target(const task& subject, std::uint32_t target_port,
                                                     std::uint32_t joined_port, const swarm& world);

} // namespace agent::core
