#pragma once

#include "agent/core/backoff.hpp"
#include "agent/core/events.hpp"
#include "agent/core/jitter.hpp"
#include "agent/core/missed_changes.hpp"
#include "agent/core/page_lists.hpp"
#include "agent/core/read_queue.hpp"
#include "agent/core/role_view.hpp"
#include "agent/core/snapshot_intake.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/watch_follower.hpp"
#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

struct discovery_settings {
    role_rules rules;
    std::vector<role> roles{role::endpoints}; ///< with an output: those whose lists have to be had
    std::chrono::milliseconds resync_interval{15'000};
    backoff_limits backoff;
    bool confirm_empty = true;
    std::vector<role> had_targets; ///< whose file an earlier run left with targets: the first list may not wipe them
                                   ///< unconfirmed
    bool task_watch = false;       ///< whether swarmkit's own stream is tried
    std::uint32_t seed = 1;        ///< of the jitter
};

/// The state machine of the discovery: it is told events with their time and answers with actions. No socket, no clock,
/// no file.
///
/// While swarmkit's own stream carries (see `watch_follower`), it is all that is listened to, but for the engine's own
/// containers. Otherwise the Engine API carries on: lists are the truth, events are hints. The stream is opened first,
/// then everything is listed, so that no change falls between; a hint makes what it concerns be read again, and a full
/// list at intervals repairs what no hint told. One read at a time; hints that come during a read cause another one.
/// What failed gives no information: the last good targets stay.
///
/// What outputs need is listed all or nothing. What only a page needs is listed apart (see `page_lists`).
///
/// The caller carries out the actions, and sends `tick` at `deadline()`.
///
/// No step takes long: what a list of 100,000 tasks comes to is worked out in parts, one with each `tick`, and until
/// that is done `deadline()` says "now" and what is told waits. Nothing of it is believed before; `world()` is on its
/// way.
class discovery {
public:
    explicit discovery(discovery_settings settings);

    /// The first actions.
    [[nodiscard]] std::vector<action> start(time_point now);

    [[nodiscard]] std::vector<action> handle(event what, time_point now);

    /// When `tick` is wanted; nothing while only an answer is waited for.
    [[nodiscard]] std::optional<time_point> deadline() const;

    /// Whether changes heard of are still being read: the targets are not quiet.
    [[nodiscard]] bool busy(time_point now) const;

    /// The targets of a role as they are believed, canonical; nothing before the first complete list, or when nobody
    /// asked for the role. Put together after each change, for whoever asks seldom.
    [[nodiscard]] sd_writer::target_list believed(role which) const;

    /// Likewise in parts, which costs next to nothing; no part before the first complete list.
    [[nodiscard]] sd_writer::target_parts believed_parts(role which) const;
    [[nodiscard]] std::size_t target_count(role which) const;
    [[nodiscard]] bool is_known(role which) const;

    /// Why nothing is known of a role's targets, for people.
    [[nodiscard]] std::string unknown_because(role which) const;

    /// Whether something that a role needs was never tried to be read, but will be soon.
    [[nodiscard]] bool awaits(role which) const;

    /// When what outputs need was last known to be the whole truth: the last complete list, or sign of life of the
    /// swarm's leader.
    [[nodiscard]] std::optional<time_point> synced_at() const noexcept;

    /// How old that may be before it must not be relied on any more.
    [[nodiscard]] duration stale_after() const noexcept;

    /// The way of learning that carries now.
    [[nodiscard]] feed carrier() const noexcept { return carrier_; }

    [[nodiscard]] const watch_follower& watch() const noexcept { return watch_; }

    /// Time between full lists as it is now: `resync_interval`, longer where lists are dear.
    [[nodiscard]] duration resync_interval() const noexcept { return interval_; }

    [[nodiscard]] bool holds_back() const;
    [[nodiscard]] const swarm& world() const noexcept { return world_; }
    [[nodiscard]] skip_counts skipped(role which) const;
    /// What one object (a service, a node, a container) comes to in a role, believed or not; nothing for one that has
    /// no target and leaves nothing out.
    [[nodiscard]] const object_targets* object(role which, std::string_view id) const;
    /// IDs of the objects that leave something out.
    [[nodiscard]] std::vector<std::string> skipping(role which) const;

private:
    /// Lists on their way into the model.
    struct intake {
        snapshot_intake data;
        bool of_watch = false;
        duration took{}; ///< of the engine's, as in `everything_read`
        duration cpu{};
    };
    /// A view that works out what is new.
    struct view_work {
        publish news; ///< if there are any
        std::optional<time_point> listed_since;
    };

    void dispatch(event& what, time_point now);
    bool work_some(std::size_t left, time_point now);
    void follow_up(time_point now);
    void lists_taken(intake lists, time_point now);
    void lists_of_engine_taken(const model_changes& changes, duration took, duration cpu, time_point now);
    void lists_of_watch_taken(model_changes changes, time_point now);

    void on(const stream_opened&, time_point now);
    void on(const stream_lost&, time_point now);
    void on(const hint& what, time_point now);
    void on(const hints_lost&, time_point now);
    void on(everything_read& what, time_point now);
    void on(service_read& what, time_point now);
    void on(tasks_read& what, time_point now);
    void on(task_read& what, time_point now);
    void on(node_read& what, time_point now);
    void on(containers_read& what, time_point now);
    void on(networks_read& what, time_point now);
    void on(const role_wanted& what, time_point now);
    void on(const read_failed& what, time_point now);
    void on(const watch_armed&, time_point now) { watch_.armed(now); }
    void on(const watch_lost&, time_point now) { watch_.lost(now); }
    void on(watch_changed& what, time_point now);
    void on(swarm_listed& what, time_point now);
    void on(const swarm_list_failed&, time_point now) { watch_.list_failed(now); }
    void on(leader_answered& what, time_point now);
    void on(const leader_silent&, time_point now) { watch_.leader_silent(now); }
    void on(const tick&, time_point now);

    void container_hint(const hint& what, time_point now);
    void local_hint(time_point now);
    void take_read(const model_changes& changes);
    void take(const model_changes& changes, std::optional<time_point> since, const read_everything& listed,
              time_point listed_since);
    void drop_overtaken();
    void take_actions_of_watch();
    void hand_over(time_point now);
    [[nodiscard]] bool watch_leads() const { return carrier_ == feed::watch || watch_.is_promising(); }
    [[nodiscard]] read_everything lists_wanted() const;
    void announce(role_view::outcome outcome, const publish& news);
    void add_view(role which, bool file_had_targets);
    void came(list_kind which, time_point next);
    [[nodiscard]] bool follows(list_kind which) const;
    [[nodiscard]] bool is_complete_for(role which) const;
    [[nodiscard]] std::optional<list_kind> page_list_behind(const read_request& what) const;
    [[nodiscard]] std::optional<time_point> confirm_at(const read_everything& lists) const;
    void list_missing_networks(time_point now);
    void list_by(time_point when);
    void plan_resync(duration took, duration cpu, time_point now);
    void stretch(duration took, duration cpu);
    [[nodiscard]] duration affordable_interval(duration took, duration cpu) const;
    void check_missed(time_point now);
    void reopen_when_due(time_point now);
    void read_next(time_point now);
    void start_list(time_point now);
    void start_page_list(list_kind which, time_point now);
    [[nodiscard]] std::chrono::milliseconds delay_after(unsigned failures);

    discovery_settings settings_;
    jitter random_;
    std::vector<action> actions_;

    bool in_step_ = false; ///< an event is not worked out yet
    time_point step_since_{};
    std::deque<event> waiting_; ///< for that
    std::optional<intake> intake_;
    std::deque<view_work> working_; ///< once the lists are in

    swarm world_;
    std::map<role, role_view> views_;
    watch_follower watch_;
    feed carrier_ = feed::engine;
    bool watch_led_ = false;     ///< after the latest step
    bool watch_listed_ = false;  ///< ever
    bool engine_listed_ = false; ///< since the engine carries
    missed_changes missed_;
    read_queue queue_;
    page_lists pages_;
    read_everything lists_ = no_lists; ///< what roles with an output need
    read_everything came_ = no_lists;  ///< what came at least once

    struct reading {
        read_request what;
        std::optional<time_point> since; ///< when what it may show was first heard of; nothing for a list
        time_point started;
    };
    std::optional<reading> reading_; ///< the read in progress

    bool stream_up_ = false;
    unsigned stream_failures_ = 0;
    time_point stream_since_{};
    std::optional<time_point> reopen_at_;

    unsigned read_failures_ = 0;
    std::string trouble_;                ///< why the latest read failed that outputs need; empty if it did not
    std::optional<time_point> retry_at_; ///< after a failed read nothing is asked before
    time_point list_at_{};               ///< next full list
    bool hints_lost_ = false;            ///< a full list has to find out what they told
    time_point cheap_again_at_{};        ///< before that no full list because of many or lost hints
    duration interval_;
    std::deque<duration> list_took_; ///< the latest few full lists
    std::optional<time_point> synced_at_;
};

} // namespace agent::core
