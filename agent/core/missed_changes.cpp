#include "agent/core/missed_changes.hpp"

#include <algorithm>

namespace agent::core {

void missed_changes::heard_of(std::string_view id, time_point now)
{
    if (id.empty())
        return;
    if (now >= forget_at_) // lists, which look at it, need not come for days
        forget_old(now);
    heard_.insert_or_assign(std::string(id), now);
    std::erase_if(suspects_, [id](const auto& entry) {
        return entry.first == id || entry.second.service_id == id || entry.second.node_id == id;
    });
}

void missed_changes::listed(const model_changes& changes, time_point now)
{
    forget_old(now);
    for (const auto& id : changes.services)
        suspect_object(id, now);
    for (const auto& id : changes.nodes)
        suspect_object(id, now);
    for (const auto& value : changes.flipped)
        suspect_task(value, now);
}

missed_changes::count missed_changes::take_expired(time_point now)
{
    count missed;
    for (auto at = suspects_.begin(); at != suspects_.end();) {
        if (at->second.until > now) {
            ++at;
            continue;
        }
        ++(at->second.should_be_announced ? missed.announced : missed.unannounced);
        at = suspects_.erase(at);
    }
    return missed;
}

std::optional<missed_changes::time_point> missed_changes::deadline() const
{
    const auto first = std::min_element(suspects_.begin(), suspects_.end(),
                                        [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
    return first == suspects_.end() ? std::nullopt : std::optional(first->second.until);
}

bool missed_changes::is_explained(std::string_view id, time_point now) const
{
    const auto found = heard_.find(id);
    return found != heard_.end() && found->second + memory >= now;
}

void missed_changes::suspect_object(const std::string& id, time_point now)
{
    if (!is_explained(id, now))
        suspects_.try_emplace(id, suspect{now + grace, true, {}, {}});
}

void missed_changes::suspect_task(const task& value, time_point now)
{
    if (is_explained(value.id, now) || is_explained(value.service_id, now) || is_explained(value.node_id, now))
        return;
    const bool local = !local_node_.empty() && value.node_id == local_node_;
    suspects_.try_emplace(value.id, suspect{now + grace, local, value.service_id, value.node_id});
}

void missed_changes::forget_old(time_point now)
{
    std::erase_if(heard_, [now](const auto& entry) { return entry.second + memory < now; });
    forget_at_ = now + memory;
}

} // namespace agent::core
