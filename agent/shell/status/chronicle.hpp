#pragma once

#include "agent/core/events.hpp"
#include "agent/core/role.hpp"
#include "agent/core/swarm.hpp"
#include "agent/shell/gong.hpp"
#include "agent/shell/status/journal.hpp"
#include "agent/shell/status/target_changes.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace agent::shell {

/// One way of being told of changes.
struct line_facts {
    bool is_open = false;
    std::optional<std::chrono::system_clock::time_point> since; ///< when it was opened, or lost; nothing before either
    std::string trouble{};                                      ///< why it is not open
};

/// How the swarm is learnt, in the eyes of an operator.
struct feed_facts {
    core::feed carrier = core::feed::engine;
    std::chrono::system_clock::time_point carries_since;
    std::string carries_because{};
    line_facts stream{};                                              ///< the engine's events
    line_facts watch{};                                               ///< swarmkit's own stream
    std::optional<std::chrono::system_clock::time_point> heard_at{};  ///< the latest change that either told
    std::optional<std::chrono::system_clock::time_point> listed_at{}; ///< the latest full list
    std::string read_trouble{};                                       ///< why the latest read failed, if it did
};

/// What came of one attempt to bring a file up to date that did not find it right already.
struct write_record {
    std::chrono::system_clock::time_point at;
    core::role which = core::role::endpoints;
    std::string error{};  ///< empty: it was written
    unsigned attempt = 0; ///< of those that failed in a row
    std::size_t targets = 0;
    std::size_t bytes = 0;
    std::uint64_t hash = 0;
    std::chrono::duration<double> took{};
    std::optional<std::chrono::duration<double>> delay{}; ///< since the change was first heard of, where that is known
    std::optional<target_changes> changes{};              ///< nothing for the first write, and for very large lists
};

/// Writes down what happens, for the status page and for `/api/v1/events`. Costs nothing to speak of: some bytes an
/// event, and a storm only a counter.
class chronicle {
public:
    using time_point = std::chrono::system_clock::time_point;

    /// How many changes of its targets a write is shown with.
    static constexpr std::size_t named_changes = 50;

    chronicle(boost::asio::any_io_executor executor, time_point now);

    /// The machine is about to be told that.
    /// @param world  for the names of what is concerned
    void heard(const core::event& what, const core::swarm& world, time_point now);
    /// The machine wants that done.
    void decided(const core::action& what, time_point now);
    /// The targets of a role with a file are new since its last write.
    void changed(core::role which, time_point now);
    void wrote(write_record what);

    [[nodiscard]] const journal& entries() const noexcept { return journal_; }
    [[nodiscard]] const feed_facts& feeds() const noexcept { return feeds_; }
    /// The latest ones, newest first.
    [[nodiscard]] const std::deque<write_record>& writes() const noexcept { return writes_; }
    /// Struck when there is a new entry.
    [[nodiscard]] gong& news() noexcept { return news_; }

private:
    void on(const core::stream_opened&, const core::swarm&, time_point now);
    void on(const core::stream_lost& what, const core::swarm&, time_point now);
    void on(const core::hint& what, const core::swarm& world, time_point now);
    void on(const core::hints_lost&, const core::swarm&, time_point now);
    void on(const core::everything_read&, const core::swarm&, time_point now);
    void on(const core::read_failed& what, const core::swarm&, time_point now);
    void on(const core::watch_armed&, const core::swarm&, time_point now);
    void on(const core::watch_lost& what, const core::swarm&, time_point now);
    void on(const core::watch_changed& what, const core::swarm& world, time_point now);
    void on(const core::swarm_listed&, const core::swarm&, time_point now);
    void on(const core::leader_answered&, const core::swarm&, time_point now);
    void on(const core::leader_silent&, const core::swarm&, time_point now);

    void on(const core::carried_by& what, time_point now);
    void on(const core::hold_back& what, time_point now);
    void on(const core::report_missed& what, time_point now);

    void opened(line_facts& which, core::feed name, time_point now);
    void lost(line_facts& which, core::feed name, const std::string& why, time_point now);
    void add(std::string_view kind, journal_note note, time_point now);

    journal journal_;
    feed_facts feeds_;
    std::deque<write_record> writes_;
    bool leader_is_silent_ = false;
    gong news_;
};

} // namespace agent::shell
