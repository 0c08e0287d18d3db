#include "agent/core/role_view.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace agent::core {

role_view::outcome role_view::finish(time_point now, std::optional<time_point> listed_since)
{
    const bool first = !is_known_;
    const bool confirming = listed_since && guard_.confirm_at();
    const bool changed = targets_.differs();
    const bool had_targets = is_known_ ? held_ || targets_.target_count() > 0 : file_had_targets_;
    if (is_known_ && !held_ && targets_.target_count_then() == 0 && had_targets)
        held_ = targets_.parts();
    targets_.apply();
    return first || changed || confirming ? judge(had_targets, now, listed_since) : outcome::same;
}

role_view::outcome role_view::judge(bool had_targets, time_point now, std::optional<time_point> listed_since)
{
    const bool has_targets = targets_.target_count() > 0;
    const bool held_before = guard_.confirm_at().has_value();
    if (confirm_empty_ && guard_.judge(had_targets, has_targets, now, listed_since) == empty_guard::verdict::hold)
        return held_before ? outcome::same : outcome::held_back;

    is_known_ = true;
    held_.reset();
    believed_.reset();
    return outcome::news;
}

sd_writer::target_parts role_view::parts() const
{
    if (!is_known_)
        return {};
    return held_ ? *held_ : targets_.parts();
}

std::size_t role_view::target_count() const
{
    if (held_) // nobody asks for it often
        return sd_writer::ordered_groups(*held_).target_count();
    return is_known_ ? targets_.target_count() : 0;
}

const sd_writer::target_list& role_view::believed() const
{
    if (is_known_ && !believed_)
        believed_ = std::make_shared<const std::vector<sd_writer::target_group>>(sd_writer::canonical(parts()));
    return believed_;
}

} // namespace agent::core
