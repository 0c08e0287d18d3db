#include "agent/core/target_set.hpp"

#include <utility>

namespace agent::core {

bool target_set::refresh(const id_set& concerned, const swarm& world)
{
    bool changed = false;
    for (const auto& id : concerned)
        changed |= refresh_one(id, world);
    if (shared_networks_changed(concerned, world))
        for (const auto& [id, value] : world.services())
            changed |= refresh_one(id, world);
    return changed;
}

std::vector<sd_writer::target_group> target_set::groups() const
{
    std::vector<sd_writer::target_group> all;
    for (const auto& [id, endpoints] : services_)
        all.insert(all.end(), endpoints.groups.begin(), endpoints.groups.end());
    return sd_writer::canonical(std::move(all));
}

std::size_t target_set::target_count() const
{
    std::size_t count = 0;
    for (const auto& [id, endpoints] : services_)
        count += sd_writer::count_targets(endpoints.groups);
    return count;
}

skip_counts target_set::skipped() const
{
    skip_counts sum;
    for (const auto& [id, endpoints] : services_)
        sum += endpoints.skipped;
    return sum;
}

bool target_set::shared_networks_changed(const id_set& concerned, const swarm& world)
{
    if (rules_.prometheus_service.empty())
        return false;
    const auto* prometheus = world.find_service_by_name(rules_.prometheus_service);
    const auto before = std::exchange(prometheus_id_, prometheus ? prometheus->id : std::string{});
    return prometheus_id_ != before || concerned.contains(prometheus_id_);
}

bool target_set::refresh_one(const std::string& id, const swarm& world)
{
    const auto* subject = world.find_service(id);
    auto fresh = subject ? endpoints_of(*subject, world, rules_) : service_endpoints{};
    auto& known = services_[id];
    const bool changed = known.groups != fresh.groups;
    known = std::move(fresh);
    if (!subject)
        services_.erase(id);
    return changed;
}

} // namespace agent::core
