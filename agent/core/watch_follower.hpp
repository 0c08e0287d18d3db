#pragma once

#include "agent/core/backoff.hpp"
#include "agent/core/events.hpp"
#include "agent/core/jitter.hpp"
#include "agent/core/swarm.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace agent::core {

/// Follows a manager's own stream of changes, and knows when it may be believed.
///
/// The stream is armed first, then the four lists are read, then the changes that came meanwhile are applied: so none
/// falls between. An open stream proves nothing, since a manager that lost the others stays silent: only what its
/// leader answers does. While the leader is silent, and while the stream tells what lists have shown to be history (a
/// manager that was just made replays the swarm's log), changes are kept and not applied until a list says what is
/// true.
///
/// Pure: it is told the time, changes the model it is handed, and says what is to be done next.
class watch_follower {
public:
    /// How often the leader is asked for a sign of life.
    static constexpr std::chrono::seconds leader_interval{5};
    /// Without an answer for so long another way of learning may be better.
    static constexpr std::chrono::seconds patience{30};
    /// How often lists confirm what the stream told; less often where they take long.
    static constexpr std::chrono::seconds reconcile_interval{60};
    static constexpr std::chrono::seconds first_reconcile{10};

    /// @param enabled  otherwise nothing ever happens
    watch_follower(bool enabled, std::uint32_t seed) : random_(seed), enabled_(enabled) {}

    // What happened. The caller then takes the actions.

    void start(time_point now);
    void armed(time_point now);
    /// It could not be opened, or has ended.
    void lost(time_point now);
    [[nodiscard]] model_changes changed(std::vector<object_change> changes, swarm& world, time_point now);
    /// What the lists say, for the caller to take into the model, and then to say so by `listed`; nothing where they
    /// are of a stream that is no more.
    [[nodiscard]] std::optional<snapshot> take_lists(swarm_lists lists);
    /// @param changes  what they changed
    /// @return what has changed since they were asked for
    [[nodiscard]] model_changes listed(const model_changes& changes, swarm& world, time_point now);
    void list_failed(time_point now);
    [[nodiscard]] model_changes leader_answered(std::vector<node> nodes, swarm& world, time_point now);
    void leader_silent(time_point now);
    /// To be called after each of those, and at `deadline()`.
    void advance(time_point now);

    [[nodiscard]] std::vector<action> take_actions() { return std::exchange(actions_, {}); }
    [[nodiscard]] std::optional<time_point> deadline() const;

    /// Somebody wants a full list by then.
    void list_by(time_point when);

    // What follows from it.

    /// Whether the model is what this has told: the swarm's own lists are not needed.
    [[nodiscard]] bool carries(time_point now) const;

    /// Whether it may carry in a moment, so that nothing else need be done yet.
    [[nodiscard]] bool is_promising() const noexcept { return promised_until_.has_value(); }

    /// When the leader was asked what it answered last; nothing while it never did. What is known is true as of then.
    [[nodiscard]] std::optional<time_point> answered_at() const noexcept { return answered_at_; }

    /// When the latest lists were asked for that came.
    [[nodiscard]] time_point listed_since() const noexcept { return listed_since_; }

    /// Whether changes are kept back for now.
    [[nodiscard]] bool holds_changes() const noexcept { return !in_step_ || is_stale() || is_lagging_; }

    /// Why it does not carry, in words for the log.
    [[nodiscard]] std::string_view trouble() const noexcept { return trouble_; }

private:
    /// What is known to be history: an object of that kind that the lists did not name, of that version or an older
    /// one, is gone.
    struct floors {
        std::uint64_t nodes = 0;
        std::uint64_t networks = 0;
        std::uint64_t services = 0;
        std::uint64_t tasks = 0; ///< the highest of all: they are listed last
    };
    enum class stage { closed, opening, armed, following };

    [[nodiscard]] bool is_stale() const noexcept { return silent_since_.has_value(); }
    [[nodiscard]] static floors floors_of(const swarm_lists& lists);
    [[nodiscard]] model_changes apply(object_change change, swarm& world) const;
    [[nodiscard]] model_changes apply(node value, swarm& world) const;
    [[nodiscard]] model_changes replay(swarm& world);
    void note(const object_change& change, time_point now);
    void suspect(const model_changes& changes, time_point now);
    void judge_suspects(time_point now);
    void begin_lagging(time_point now);
    void open(time_point now);
    void close(std::string_view why);
    void recycle(time_point now, std::string_view why);
    void ask_when_due(time_point now);

    jitter random_;
    bool enabled_;
    std::vector<action> actions_;

    stage stage_ = stage::closed;
    std::string_view trouble_ = "it was not opened yet";
    unsigned failures_ = 0;
    std::optional<time_point> reopen_at_;
    std::optional<time_point> promised_until_; ///< it is being opened, and may carry in a moment
    std::optional<time_point> last_step_;      ///< while it is open

    bool in_step_ = false;            ///< the model is what a list and the changes since have told
    bool is_lagging_ = false;         ///< the stream is behind the lists
    std::vector<object_change> kept_; ///< since the latest list was asked for, where they may be needed again
    floors floors_;
    std::uint64_t stream_version_ = 0; ///< the highest that the stream has told
    time_point listed_at_{};
    time_point heard_at_{}; ///< the latest change
    id_set suspects_;       ///< that a list has shown to be different, and the stream has not
    std::optional<time_point> judge_at_;

    std::optional<time_point> list_asked_at_;
    time_point listed_since_{};
    time_point list_at_ = time_point::max();
    std::optional<time_point> leader_asked_at_;
    id_set removed_nodes_; ///< that the stream has told of since then
    time_point ask_at_ = time_point::max();
    std::optional<time_point> answered_at_;
    std::optional<time_point> silent_since_; ///< none: the leader answers
};

} // namespace agent::core
