#include "agent/shell/status/target_changes.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <iterator>
#include <tuple>
#include <utility>

namespace agent::shell {
namespace {

using sd_writer::label_set;
using sd_writer::target_group;

/// The labels that say whose a target is, in the order in which they are looked at.
constexpr std::array<std::string_view, 4> owner_labels{
    "task", "__meta_dockerswarm_service_name", "__meta_docker_container_name", "__meta_dockerswarm_node_hostname"};

std::string owner_of(const label_set& labels)
{
    for (const auto name : owner_labels)
        for (const auto& [label, value] : labels)
            if (label == name)
                return value;
    return {};
}

/// A target with the labels of its group.
struct entry {
    std::string_view target;
    const label_set* labels;

    friend bool operator==(const entry& a, const entry& b) { return a.target == b.target && *a.labels == *b.labels; }
    friend bool operator<(const entry& a, const entry& b)
    {
        return std::tie(a.target, *a.labels) < std::tie(b.target, *b.labels);
    }
};
using entries = std::vector<entry>;

void append(entries& all, const target_group& group)
{
    for (const auto& target : group.targets)
        all.push_back({target, &group.labels});
}

/// In the order in which canonical lists have their groups.
std::strong_ordering order(const target_group& a, const target_group& b)
{
    if (const auto by_target = a.targets.front() <=> b.targets.front(); by_target != 0)
        return by_target;
    return a.labels <=> b.labels;
}

/// The targets of the groups that the lists do not have alike, sorted.
std::pair<entries, entries> of_changed_groups(const std::vector<target_group>& before,
                                              const std::vector<target_group>& after)
{
    std::pair<entries, entries> all;
    auto old_group = before.begin();
    auto new_group = after.begin();
    while (old_group != before.end() && new_group != after.end()) {
        const auto which = order(*old_group, *new_group);
        if (which == 0 && old_group->targets == new_group->targets) {
            ++old_group;
            ++new_group;
            continue;
        }
        if (which <= 0)
            append(all.first, *old_group++);
        if (which >= 0)
            append(all.second, *new_group++);
    }
    for (; old_group != before.end(); ++old_group)
        append(all.first, *old_group);
    for (; new_group != after.end(); ++new_group)
        append(all.second, *new_group);
    std::sort(all.first.begin(), all.first.end());
    std::sort(all.second.begin(), all.second.end());
    return all;
}

entries only_in(const entries& some, const entries& others)
{
    entries found;
    std::set_difference(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(found));
    return found;
}

} // namespace

std::string_view to_string(target_change::kind what) noexcept
{
    switch (what) {
    case target_change::kind::added:
        return "added";
    case target_change::kind::removed:
        return "removed";
    case target_change::kind::relabelled:
        break;
    }
    return "relabelled";
}

target_changes changes_between(const std::vector<target_group>& before, const std::vector<target_group>& after,
                               std::size_t most)
{
    using kind = target_change::kind;
    const auto [old_entries, new_entries] = of_changed_groups(before, after);
    const auto removed = only_in(old_entries, new_entries);
    const auto added = only_in(new_entries, old_entries);

    target_changes found;
    const auto name = [&](kind what, const entry& one) {
        ++(what == kind::added ? found.added : what == kind::removed ? found.removed : found.relabelled);
        if (found.first.size() < most)
            found.first.push_back({what, std::string(one.target), owner_of(*one.labels)});
    };
    auto gone = removed.begin();
    auto come = added.begin();
    while (gone != removed.end() || come != added.end()) {
        if (come == added.end() || (gone != removed.end() && gone->target < come->target))
            name(kind::removed, *gone++);
        else if (gone == removed.end() || come->target < gone->target)
            name(kind::added, *come++);
        else {
            ++gone;
            name(kind::relabelled, *come++);
        }
    }
    return found;
}

} // namespace agent::shell
