#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace agent::core {

/// What readiness is judged by.
struct freshness {
    /// When what is known was last known to be the whole truth: by a complete list, or by the swarm's leader.
    std::optional<std::chrono::steady_clock::time_point> synced_at;
    std::chrono::steady_clock::duration stale_after{}; ///< how old that may be
    bool written = false;                              ///< the last attempt to bring the file up to date succeeded
};

/// Why the file must not be relied on; nothing while it may.
///
/// Ready means: a complete list, or the swarm's leader, answered lately, and the file was brought up to date. An open
/// event stream proves nothing, since it may be silent and stale.
[[nodiscard]] inline std::optional<std::string_view> not_ready_because(const freshness& now_known,
                                                                       std::chrono::steady_clock::time_point now)
{
    if (!now_known.synced_at)
        return "no complete list of the swarm yet";
    if (now - *now_known.synced_at > now_known.stale_after)
        return "what is known of the swarm is too old";
    if (!now_known.written)
        return "the file could not be brought up to date";
    return std::nullopt;
}

} // namespace agent::core
