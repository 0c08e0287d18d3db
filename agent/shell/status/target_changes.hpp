#pragma once

#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {

/// One target that two lists do not have in the same way.
struct target_change {
    enum class kind {
        added,
        removed,
        relabelled, ///< the address stayed, its labels did not
    };

    kind what = kind::added;
    std::string target;
    std::string owner; ///< the service, container or node whose it is, as its labels say; empty where they do not

    friend bool operator==(const target_change&, const target_change&) = default;
};

[[nodiscard]] std::string_view to_string(target_change::kind what) noexcept;

/// What is different between two lists.
struct target_changes {
    std::size_t added = 0;
    std::size_t removed = 0;
    std::size_t relabelled = 0;
    std::vector<target_change> first; ///< by address; not more than were asked for

    [[nodiscard]] std::size_t count() const noexcept { return added + removed + relabelled; }
};

/// Compares two canonical lists (see `sd_writer::canonical`). Groups that did not change cost one comparison.
///
/// @param most  how many changes are named; all are counted
[[nodiscard]] target_changes changes_between(const std::vector<sd_writer::target_group>& before,
                                             const std::vector<sd_writer::target_group>& after, std::size_t most);

} // namespace agent::shell
