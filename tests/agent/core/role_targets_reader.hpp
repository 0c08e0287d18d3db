#pragma once

#include "agent/core/role_targets.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

/// Short ways to look at what an object comes to.
namespace agent::core {

/// Every address, in the order of the groups.
inline std::vector<std::string> addresses(const role_targets& found)
{
    std::vector<std::string> all;
    for (const auto& group : found.groups)
        all.insert(all.end(), group.targets.begin(), group.targets.end());
    return all;
}

/// The labels of the only target there is.
inline sd_writer::label_set only_labels(const role_targets& found)
{
    EXPECT_EQ(sd_writer::count_targets(found.groups), 1U);
    return found.groups.empty() ? sd_writer::label_set{} : found.groups.front().labels;
}

/// The labels of the group that holds `address`.
inline sd_writer::label_set labels_at(const role_targets& found, const std::string& address)
{
    for (const auto& group : found.groups)
        for (const auto& target : group.targets)
            if (target == address)
                return group.labels;
    ADD_FAILURE() << "no target " << address;
    return {};
}

/// Empty when the label is not there, as for Prometheus.
inline std::string value_of(const sd_writer::label_set& labels, const std::string& name)
{
    for (const auto& [key, value] : labels)
        if (key == name)
            return value;
    return {};
}

} // namespace agent::core
