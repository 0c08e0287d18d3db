#include "agent/core/role_view.hpp"

#include <memory>
#include <vector>

namespace agent::core {

role_view::outcome role_view::begin(const swarm& world, time_point now, std::optional<time_point> listed_since)
{
    targets_.refresh_all(world);
    return judge(now, listed_since);
}

role_view::outcome role_view::take(const model_changes& changes, const swarm& world, time_point now,
                                   std::optional<time_point> listed_since)
{
    const bool changed = targets_.refresh(changes, world);
    const bool confirming = listed_since && guard_.confirm_at();
    return changed || confirming ? judge(now, listed_since) : outcome::same;
}

role_view::outcome role_view::judge(time_point now, std::optional<time_point> listed_since)
{
    const bool had_targets = believed_ ? !believed_->empty() : file_had_targets_;
    const bool has_targets = targets_.target_count() > 0;
    const bool held_before = guard_.confirm_at().has_value();
    if (confirm_empty_ && guard_.judge(had_targets, has_targets, now, listed_since) == empty_guard::verdict::hold)
        return held_before ? outcome::same : outcome::held_back;

    believed_ = std::make_shared<const std::vector<sd_writer::target_group>>(targets_.groups());
    return outcome::news;
}

} // namespace agent::core
