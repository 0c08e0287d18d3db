#pragma once

#include "agent/core/events.hpp"

#include <array>
#include <optional>
#include <string>

namespace agent::core {

/// Lists that no output needs, only a page that somebody asked for.
///
/// They are read one by one and apart from what outputs need, so that one that is refused, say by a socket proxy, costs
/// the pages that need it and nothing else. Pure: it is told the time.
class page_lists {
public:
    /// A list that keeps failing is tried ever less often, down to every eighth interval.
    static constexpr unsigned most_doublings = 3;

    /// Somebody asked for a page that needs it: from now on it is read.
    void want(list_kind which, time_point now);

    /// It is to be read by then, whatever was planned. Not if nobody wants it; and while it fails, it waits its time.
    void ask(list_kind which, time_point when);
    void ask_all(time_point when);

    /// The one that has been due longest. It is being read from now on, until it came or failed.
    [[nodiscard]] std::optional<list_kind> take_due(time_point now);

    /// It is not read after all, but may be then.
    void put_off(list_kind which, time_point until) { at(which).due = until; }

    void came(list_kind which, time_point next);
    void failed(list_kind which, std::string why, time_point now, duration interval);

    /// Whether it is read, and did not fail lately: changes of what it shows are worth following.
    [[nodiscard]] bool follows(list_kind which) const;

    /// Whether nothing is known of it yet, not even that it fails.
    [[nodiscard]] bool awaits(list_kind which) const;

    /// Why it failed when it was last read; empty if it did not.
    [[nodiscard]] const std::string& trouble(list_kind which) const { return at(which).trouble; }

    [[nodiscard]] std::optional<time_point> deadline() const;

private:
    struct entry {
        bool wanted = false;
        bool tried = false;            ///< it came or failed at least once
        std::optional<time_point> due; ///< none while it is being read
        unsigned failures = 0;         ///< in a row
        std::string trouble;
    };

    [[nodiscard]] entry& at(list_kind which) { return entries_.at(static_cast<std::size_t>(which)); }
    [[nodiscard]] const entry& at(list_kind which) const { return entries_.at(static_cast<std::size_t>(which)); }

    std::array<entry, list_count> entries_;
};

} // namespace agent::core
