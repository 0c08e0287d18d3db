#include "sd_writer/target_group.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace sd_writer {
namespace {

/// Hash and equality of label sets that stay where they are: a large swarm has a group per task, and sorting all
/// of them by their labels first would compare far more bytes than hashing each once.
struct hash_labels {
    std::size_t operator()(const label_set* labels) const noexcept
    {
        const std::hash<std::string_view> hash;
        std::size_t sum = labels->size();
        for (const auto& [name, value] : *labels)
            sum = (sum * 31 + hash(name)) * 31 + hash(value);
        return sum;
    }
};

struct equal_labels {
    bool operator()(const label_set* left, const label_set* right) const noexcept { return *left == *right; }
};

std::vector<target_group> merged_by_labels(std::vector<target_group> groups)
{
    std::vector<target_group> merged;
    merged.reserve(groups.size()); // the map points into it
    std::unordered_map<const label_set*, std::size_t, hash_labels, equal_labels> places;
    places.reserve(groups.size());

    for (auto& group : groups) {
        if (group.targets.empty())
            continue;
        if (const auto known = places.find(&group.labels); known != places.end()) {
            std::ranges::move(group.targets, std::back_inserter(merged[known->second].targets));
            continue;
        }
        merged.push_back(std::move(group));
        places.emplace(&merged.back().labels, merged.size() - 1);
    }
    return merged;
}

void sort_once_each(std::vector<std::string>& targets)
{
    std::ranges::sort(targets);
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
}

bool comes_before(const target_group& left, const target_group& right)
{
    return std::tie(left.targets.front(), left.labels) < std::tie(right.targets.front(), right.labels);
}

} // namespace

std::vector<target_group> canonical(std::vector<target_group> groups)
{
    auto merged = merged_by_labels(std::move(groups));
    for (auto& group : merged)
        sort_once_each(group.targets);
    std::ranges::sort(merged, comes_before);
    return merged;
}

std::vector<target_group> canonical(const target_parts& parts)
{
    const ordered_groups ordered(parts);
    std::vector<target_group> groups;
    groups.reserve(ordered.size());
    for (std::size_t at = 0; at < ordered.size(); ++at)
        groups.push_back(ordered[at]);
    return groups;
}

ordered_groups::ordered_groups(const std::vector<target_group>& groups)
{
    order_.reserve(groups.size());
    for (const auto& group : groups)
        order_.push_back(&group);
}

ordered_groups::ordered_groups(target_parts parts) : parts_(std::move(parts))
{
    struct place {
        std::size_t at = 0;
        target_group* merged = nullptr;
    };
    std::unordered_map<const label_set*, place, hash_labels, equal_labels> places;
    for (const auto& part : parts_)
        for (const auto& group : *part) {
            auto& known = places.try_emplace(&group.labels, place{order_.size(), nullptr}).first->second;
            if (known.at == order_.size()) {
                order_.push_back(&group);
                continue;
            }
            if (!known.merged)
                order_[known.at] = known.merged = &merged_.emplace_back(*order_[known.at]);
            std::ranges::copy(group.targets, std::back_inserter(known.merged->targets));
        }
    for (auto& group : merged_)
        sort_once_each(group.targets);
    std::ranges::sort(order_, [](const auto* left, const auto* right) { return comes_before(*left, *right); });
}

std::size_t ordered_groups::target_count() const
{
    std::size_t count = 0;
    for (const auto* group : order_)
        count += group->targets.size();
    return count;
}

std::size_t count_targets(const std::vector<target_group>& groups)
{
    std::size_t count = 0;
    for (const auto& group : groups)
        count += group.targets.size();
    return count;
}

} // namespace sd_writer
