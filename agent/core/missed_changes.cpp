#include "agent/core/missed_changes.hpp"

#include <utility>

namespace agent::core {

void missed_changes::heard_of(std::string_view id, time_point now)
{
    if (id.empty())
        return;
    if (now >= forget_at_) // lists, which look at it, need not come for days
        forget_old(now);
    if (heard_.size() >= most_heard) {
        heard_.clear();
        all_heard_until_ = now + memory;
    }
    heard_.insert_or_assign(std::string(id), now);
    if (suspects_.empty())
        return;
    if (const auto found = suspects_.find(id); found != suspects_.end())
        forget(found);
    // A hint about a service or a node explains its tasks, too.
    const std::string owner(id);
    for (auto at = belonging_.lower_bound({owner, {}}); at != belonging_.end() && at->first == owner;
         at = belonging_.lower_bound({owner, {}}))
        forget(suspects_.find(at->second));
    tidy();
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
    for (tidy(); !line_.empty() && line_.front().first <= now; tidy()) {
        const auto found = suspects_.find(line_.front().second);
        ++(found->second.should_be_announced ? missed.announced : missed.unannounced);
        forget(found);
    }
    return missed;
}

std::optional<missed_changes::time_point> missed_changes::deadline() const
{
    return line_.empty() ? std::nullopt : std::optional(line_.front().first);
}

void missed_changes::reset()
{
    suspects_.clear();
    belonging_.clear();
    line_.clear();
}

bool missed_changes::is_explained(std::string_view id, time_point now) const
{
    if (now <= all_heard_until_)
        return true;
    const auto found = heard_.find(id);
    return found != heard_.end() && found->second + memory >= now;
}

void missed_changes::suspect_object(const std::string& id, time_point now)
{
    if (!is_explained(id, now))
        add(id, {now + grace, true, {}, {}});
}

void missed_changes::suspect_task(const flipped_task& value, time_point now)
{
    if (is_explained(value.id, now) || is_explained(value.service_id, now) || is_explained(value.node_id, now))
        return;
    const bool local = !local_node_.empty() && value.node_id == local_node_;
    add(std::string(value.id), {now + grace, local, std::string(value.service_id), std::string(value.node_id)});
}

void missed_changes::add(const std::string& id, suspect found)
{
    const auto [at, is_new] = suspects_.try_emplace(id, std::move(found));
    if (!is_new)
        return;
    line_.emplace_back(at->second.until, id);
    for (const auto& owner : {at->second.service_id, at->second.node_id})
        if (!owner.empty())
            belonging_.emplace(owner, id);
}

void missed_changes::forget(suspects::iterator which)
{
    for (const auto& owner : {which->second.service_id, which->second.node_id})
        belonging_.erase({owner, which->first});
    suspects_.erase(which);
}

void missed_changes::tidy()
{
    const auto is_suspect = [this](const std::pair<time_point, std::string>& entry) {
        const auto found = suspects_.find(entry.second);
        return found != suspects_.end() && found->second.until == entry.first;
    };
    while (!line_.empty() && !is_suspect(line_.front()))
        line_.pop_front();
}

void missed_changes::forget_old(time_point now)
{
    std::erase_if(heard_, [now](const auto& entry) { return entry.second + memory < now; });
    forget_at_ = now + memory;
}

} // namespace agent::core
