#pragma once

#include "agent/core/role_targets.hpp"
#include "agent/core/rule_trace.hpp"
#include "agent/core/swarm.hpp"
#include "sd_writer/target_group.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace agent::core {

enum class selection { all, labelled };
enum class port_source { target, published };
enum class meta_labels { none, service, task };

/// What the operator decides about role `endpoints`; see the flags of the same names.
struct endpoint_rules {
    selection select = selection::all;
    std::vector<std::string> ignore_services; ///< shell globs over the whole name
    port_source ports = port_source::target;
    std::optional<std::uint16_t> default_port;
    std::vector<std::string> networks; ///< names, in order; empty: not given
    std::string prometheus_service;    ///< name; empty: not given
    meta_labels meta = meta_labels::service;
};

/// One target per thing worth scraping: for each serving task of a selected service, each of its ports once, on
/// the first network that counts and has an address.
///
/// Networks are one source's, the first that is given: label `prometheus.network`, `rules.networks`, the networks of
/// `rules.prometheus_service`, else the task's own overlay networks by name. The ingress network never counts:
/// nothing but its sandbox is there. Where no network has an address, a host-mode port is reached on the node.
///
/// A bad value costs its own label or target and is counted; nothing here fails.
/// @param trace  where to note how each rule decided; none: nobody wants to know
[[nodiscard]] role_targets endpoints_of(const service& subject, const swarm& world, const endpoint_rules& rules,
                                        rule_trace* trace = nullptr);

} // namespace agent::core
