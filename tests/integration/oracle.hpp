#pragma once

#include "tests/integration/private_swarm.hpp"

#include <string>
#include <vector>

namespace integration {

/// What the endpoints file should say for the services these tests make, worked out from `/tasks` and
/// `/services` by other means than the agent's. Knows tasks on one overlay network, services with one TCP
/// port or the label `prometheus.port`, and the labels `prometheus.job` and `prometheus.label.*`.
/// @param node  a manager
/// @return in the form of `normalised`; empty while the engine does not answer
[[nodiscard]] std::string expected_endpoints(const private_swarm& swarm, int node = 1);

/// A file_sd document in a form that can be compared: without `__meta_*` labels, groups of equal labels
/// joined, everything sorted. Empty for what is no such document.
[[nodiscard]] std::string normalised(const std::string& document);

/// The addresses in a file_sd document, sorted; none for what is no such document.
[[nodiscard]] std::vector<std::string> targets_in(const std::string& document);

} // namespace integration
