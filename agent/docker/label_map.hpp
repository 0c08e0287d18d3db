#pragma once

#include "agent/core/model.hpp"

#include <algorithm>

namespace agent::docker {

/// Makes a label map of what was read: sorts it, and of a key that stands there twice the last one counts, as in Go.
inline void keep_last_of_each_key(core::label_map& labels)
{
    const auto not_before = [](const auto& a, const auto& b) { return a.first >= b.first; };
    if (std::adjacent_find(labels.begin(), labels.end(), not_before) == labels.end())
        return; // as engines write them
    std::stable_sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto kept =
        std::unique(labels.rbegin(), labels.rend(), [](const auto& a, const auto& b) { return a.first == b.first; });
    labels.erase(labels.begin(), kept.base());
}

} // namespace agent::docker
