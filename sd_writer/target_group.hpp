#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sd_writer {

/// Label names and values, sorted bytewise by name, no name twice.
using label_set = std::vector<std::pair<std::string, std::string>>;

/// What Prometheus calls a target group: addresses that share one label set.
///
/// Source: Prometheus `discovery/targetgroup`, documentation of `file_sd_config`.
struct target_group {
    std::vector<std::string> targets; ///< `host:port`, IPv6 hosts in brackets
    label_set labels;

    friend bool operator==(const target_group&, const target_group&) = default;
    friend auto operator<=>(const target_group&, const target_group&) = default;
};

/// A complete, canonical list of groups that does not change any more.
///
/// Shared because two sides hold it at once: the agent, which serves it over HTTP, and the write that is
/// still in flight on the helper thread.
using target_list = std::shared_ptr<const std::vector<target_group>>;

/// Puts groups into the one order that equal contents always have: groups with equal labels are merged,
/// targets sorted bytewise and each kept once, groups sorted by their first target and then their labels.
/// Groups without a target vanish.
[[nodiscard]] std::vector<target_group> canonical(std::vector<target_group> groups);

/// How many targets the groups hold together.
[[nodiscard]] std::size_t count_targets(const std::vector<target_group>& groups);

} // namespace sd_writer
