#pragma once

#include "agent/core/discovery.hpp"
#include "agent/core/endpoints.hpp"
#include "agent/shell/file_output.hpp"
#include "agent/shell/status/chronicle.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::shell {

/// Whether the targets are right, as an operator wants to hear it.
enum class verdict {
    right,    ///< nothing is to be done
    starting, ///< not known yet, as is usual in the first moments
    look,     ///< the targets can be relied on, but somebody should look at something
    broken,   ///< they cannot be relied on
};
[[nodiscard]] std::string_view to_string(verdict value) noexcept;

/// Something that is not as it should be, and what can be done.
struct finding {
    std::string what;
    std::string to_do;
};

/// How a service fares in role `endpoints`.
enum class service_state {
    scraped,     ///< it has targets, and nothing is amiss
    partly,      ///< it has some, and lacks others for a reason that somebody should look at
    not_scraped, ///< it has none, for such a reason
    left_out,    ///< it has none, as its owner or the operator decided, or because it has no port
    idle,        ///< nothing of it is running
};
[[nodiscard]] std::string_view to_string(service_state value) noexcept;

/// One service in role `endpoints`.
struct service_row {
    std::string name;
    service_state state = service_state::idle;
    std::size_t targets = 0;
    std::size_t running = 0;               ///< tasks that are at work and meant to be
    std::optional<std::uint64_t> wanted{}; ///< replicas; nothing where the mode has no number
    bool is_updating = false;
    core::skip_counts skipped{};
};

/// All that the status page shows.
struct status_report {
    std::chrono::system_clock::time_point at;
    verdict how = verdict::right;
    std::vector<finding> findings; ///< the most urgent first
    std::optional<std::string> not_ready{};

    feed_facts feeds;
    std::optional<std::chrono::duration<double>> synced{}; ///< how long ago; nothing before the first list
    std::chrono::duration<double> stale_after{};
    std::chrono::duration<double> resync_interval{};
    bool watch_holds = false;
    bool holds_back = false; ///< all targets of a role seem to be gone, which is not believed yet

    std::vector<output_facts> outputs;
    std::vector<std::pair<core::role, std::size_t>> targets; ///< of each role that is known
    std::size_t services = 0;
    std::size_t tasks = 0;
    std::size_t nodes = 0;
    core::skip_counts skipped; ///< of all services in role `endpoints`

    std::string search{};
    std::vector<service_row> rows;          ///< those somebody should look at first, then by name
    std::size_t matching = 0;               ///< services that the search fits
    std::optional<std::string> explained{}; ///< of the one service whose name was searched for

    std::vector<write_record> writes; ///< newest first
    std::vector<journal_entry> heard;
    std::vector<journal_entry> others;
    std::uint64_t newest = 0; ///< entry of the journal
};

/// Whose state is reported. All of it must outlive what is made of it.
struct status_sources {
    const core::discovery* state;
    const core::endpoint_rules* rules;
    const chronicle* diary;
    std::function<std::vector<output_facts>()> outputs;
    std::function<std::optional<std::string_view>()> not_ready_because;
    std::chrono::system_clock::time_point started;
};

/// Looks at everything, but shows at most `shown_services` services, and lets others have the reactor meanwhile: what
/// comes of a change during that is in the next report.
///
/// @param search  part of a service's name, in any case; empty: all
[[nodiscard]] boost::asio::awaitable<status_report> make_report(status_sources from, std::string search);

inline constexpr std::size_t shown_services = 200;

} // namespace agent::shell
