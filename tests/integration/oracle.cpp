#include "tests/integration/oracle.hpp"

#include "tests/integration/http.hpp"

#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

/// Joins groups of equal labels and sorts.
const std::string join_groups =
    R"(group_by(.labels) | map({labels: .[0].labels, targets: (map(.targets[]) | sort)}) | sort)";

/// One group per task: input is {tasks, services}.
const std::string groups_of_tasks = R"jq(
  (.services | map({key: .ID, value: .}) | from_entries) as $services
  | [ .tasks[]
      | select(.Status.State == "running" and .DesiredState == "running")
      | $services[.ServiceID // ""] as $service
      | select($service != null)
      | ([ .NetworksAttachments[]?
           | select(.Network.DriverState.Name == "overlay" and (.Network.Spec.Ingress | not)) ][0]) as $attachment
      | select($attachment != null)
      | ($attachment.Addresses[0] | split("/")[0]) as $address
      | ($service.Spec.Labels["prometheus.port"]?
         // ([ $service.Endpoint.Ports[]? | select(.Protocol == "tcp") | .TargetPort ] | min)) as $port
      | select($port != null)
      | { targets: ["\($address):\($port)"],
          labels: ( { task: $service.Spec.Name }
                    + ( $service.Spec.Labels // {} | with_entries(
                          if .key == "prometheus.job" then .key = "job"
                          elif .key | startswith("prometheus.label.") then .key |= ltrimstr("prometheus.label.")
                          else empty end) ) )
} ]
  | )jq";

} // namespace

std::string expected_endpoints(const private_swarm& swarm, int node)
{
    try {
        return jq(groups_of_tasks + join_groups,
                  R"({"tasks":)" + swarm.get("/tasks", node) + R"(,"services":)" + swarm.get("/services", node) + "}");
    } catch (const std::runtime_error&) {
        return {};
    }
}

std::string normalised(const std::string& document)
{
    try {
        return jq(R"(map(.labels |= with_entries(select(.key | startswith("__meta_") | not))) | )" + join_groups,
                  document);
    } catch (const std::runtime_error&) {
        return {};
    }
}

std::vector<std::string> targets_in(const std::string& document)
{
    std::vector<std::string> targets;
    try {
        std::istringstream lines{jq("[.[].targets[]] | sort | .[]", document)};
        for (std::string line; std::getline(lines, line);)
            targets.push_back(line);
    } catch (const std::runtime_error&) {
        targets.clear();
    }
    return targets;
}

} // namespace integration
