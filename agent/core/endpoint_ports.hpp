#pragma once

#include "agent/core/endpoint_settings.hpp"
#include "agent/core/endpoints.hpp"
#include "agent/core/model.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace agent::core {

/// A port as the rules chose it. `target` is what the program listens on, `joined` what goes behind the address.
struct chosen_port {
    std::uint32_t target = 0;
    std::uint32_t joined = 0;

    friend auto operator<=>(const chosen_port&, const chosen_port&) = default;
};

struct chosen_ports {
    std::vector<chosen_port> good;
    std::size_t bad = 0;        ///< what was named but is no port
    std::size_t over_quota = 0; ///< ports that are too many
};

/// From 1 to 65535.
[[nodiscard]] bool is_valid_port(std::uint32_t number);

/// The ports of an endpoint: those of its label, else the service's own TCP port, of several the one with the lowest
/// target port, else the operator's default.
[[nodiscard]] chosen_ports choose_ports(const endpoint_settings& settings, const service& subject,
                                        const endpoint_rules& rules);

/// How the service publishes the port that its program listens on.
[[nodiscard]] publish_mode mode_of(const service& subject, std::uint32_t target_port);

} // namespace agent::core
