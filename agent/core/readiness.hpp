#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace agent::core {

/// What readiness is judged by.
struct freshness {
    std::optional<std::chrono::steady_clock::time_point> synced_at; ///< when the last complete list arrived
    std::chrono::steady_clock::duration resync_interval{};
    bool written = false; ///< the last attempt to bring the file up to date succeeded
};

/// Why the file must not be relied on; nothing while it may.
///
/// Ready means: a complete list arrived lately, and the file was brought up to date. An open event stream proves
/// nothing, since it may be silent and stale.
[[nodiscard]] inline std::optional<std::string_view> not_ready_because(const freshness& now_known,
                                                                       std::chrono::steady_clock::time_point now)
{
    using namespace std::chrono_literals;
    // Two lists may fail, or one take the 20 s that an engine without a leader needs.
    const auto stale_after = std::max<std::chrono::steady_clock::duration>(3 * now_known.resync_interval, 30s);

    if (!now_known.synced_at)
        return "no complete list of the swarm yet";
    if (now - *now_known.synced_at > stale_after)
        return "the last complete list of the swarm is too old";
    if (!now_known.written)
        return "the file could not be brought up to date";
    return std::nullopt;
}

} // namespace agent::core
