#pragma once

#include "agent/core/endpoints.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace agent::core {

/// The targets of all services, kept service by service so that a change costs its own services only.
class target_set {
public:
    explicit target_set(endpoint_rules rules) : rules_(std::move(rules)) {}

    /// Works out anew what those services come to. A change of the service whose networks count
    /// (`rules.prometheus_service`) concerns all.
    ///
    /// @return whether any target or label is different now
    bool refresh(const id_set& concerned, const swarm& world);

    /// All groups, canonical.
    [[nodiscard]] std::vector<sd_writer::target_group> groups() const;

    [[nodiscard]] std::size_t target_count() const;

    /// What is left out now, over all services.
    [[nodiscard]] skip_counts skipped() const;

private:
    bool shared_networks_changed(const id_set& concerned, const swarm& world);
    bool refresh_one(const std::string& id, const swarm& world);

    endpoint_rules rules_;
    std::map<std::string, service_endpoints, std::less<>> services_;
    std::string prometheus_id_; ///< of the service whose networks count, while it is known
};

} // namespace agent::core
