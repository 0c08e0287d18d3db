#pragma once

#include "agent/core/endpoint_ports.hpp"
#include "agent/core/endpoint_settings.hpp"
#include "agent/core/endpoints.hpp"
#include "agent/core/model.hpp"
#include "agent/core/owner_labels.hpp"
#include "agent/core/swarm.hpp"

#include <string>
#include <vector>

/// What the rules of role `endpoints` went by, in words for a person.
namespace agent::core {

/// `a, b`, or `none`
[[nodiscard]] std::string comma_list(const std::vector<std::string>& words);

[[nodiscard]] std::string state_seen(const task& candidate);
[[nodiscard]] std::string selection_seen(const owner_labels& labels, selection mode);
[[nodiscard]] std::string port_seen(const endpoint_settings& settings, const chosen_ports& chosen,
                                    const service& subject, const endpoint_rules& rules);
[[nodiscard]] std::string networks_seen(const task& subject, const endpoint_settings& settings, const swarm& world,
                                        const endpoint_rules& rules);

} // namespace agent::core
