#pragma once

#include <compare>
#include <cstddef>
#include <deque>
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

/// A complete list in parts, each of them canonical, that do not change any more: a change of one part costs no copy
/// of the others. In no order; equal labels may be in several parts.
///
/// Shared as a `target_list` is.
using target_parts = std::vector<target_list>;

/// Puts groups into the one order that equal contents always have: groups with equal labels are merged,
/// targets sorted bytewise and each kept once, groups sorted by their first target and then their labels.
/// Groups without a target vanish.
[[nodiscard]] std::vector<target_group> canonical(std::vector<target_group> groups);

/// Likewise, of a list in parts.
[[nodiscard]] std::vector<target_group> canonical(const target_parts& parts);

/// A view of groups in their canonical order, without a copy of them.
class ordered_groups {
public:
    /// Of groups that are canonical, and outlive the view.
    explicit ordered_groups(const std::vector<target_group>& groups);

    /// Of a list in parts, which it keeps. Groups of several parts with equal labels become one.
    explicit ordered_groups(target_parts parts);

    ordered_groups(const ordered_groups&) = delete;
    ordered_groups& operator=(const ordered_groups&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
    [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
    [[nodiscard]] const target_group& operator[](std::size_t at) const { return *order_[at]; }

    /// How many targets they hold together.
    [[nodiscard]] std::size_t target_count() const;

private:
    target_parts parts_;
    std::deque<target_group> merged_;
    std::vector<const target_group*> order_;
};

/// How many targets the groups hold together.
[[nodiscard]] std::size_t count_targets(const std::vector<target_group>& groups);

} // namespace sd_writer
