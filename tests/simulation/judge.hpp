#pragma once

#include "tests/simulation/truth.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

/// Something that must never be. `invariant` is one of those that docs/reliability.md promises.
struct violation {
    time_point at;
    std::string_view invariant;
    std::string name;
    std::string detail;
};
[[nodiscard]] std::string to_string(const violation& value);

/// What the agent asks for.
struct reading {
    enum class source { engine, control_socket };
    enum class kind { services, nodes, tasks, networks, one_service, tasks_of_one, one_task, one_node };
    source from = source::engine;
    kind what = kind::services;
    std::string id{};
};

/// An event that the engine sent on an open stream.
struct sent_event {
    enum class subject { service, node, task, nothing };
    subject about = subject::service;
    std::string id{};
    std::string service_id{}; ///< of a task
};

/// What can be seen of the agent from outside at one moment.
struct observation {
    bool is_ready = false;
    bool watch_carries = false;
    bool has_unwritten = false;   ///< what it believes has changed since it last began to write
    std::size_t unread_bytes = 0; ///< of `/events`, in the socket
    duration list_interval{};     ///< that it keeps to now
};

/// Watches a run, and notes what must not be: one named check for each of the invariants I1 to I9.
///
/// Pure: it is told what happens, and when.
class judge {
public:
    struct limits {
        duration quiet = std::chrono::milliseconds(100); ///< between two writes
        duration most = std::chrono::seconds(2);         ///< from the first change to its write
        duration resync = std::chrono::seconds(15);
    };

    explicit judge(limits value) : limits_(value) {}

    // What happens in the swarm, and to the agent.

    void committed(const commit& done, time_point now) { truth_.note(done, now); }
    void fault_began(const std::string& name, time_point now);
    void fault_ended(const std::string& name, time_point now);
    void agent_started(time_point now);
    void agent_stopped(time_point now);
    /// Somebody else wrote or removed the file.
    void file_disturbed() { last_file_.reset(); }
    /// An answer said that there is nothing though there is.
    void told_emptiness(time_point now) { told_empty_at_ = now; }

    // What it asks and is told.

    void asked(std::uint64_t number, const reading& what, time_point now);
    /// @param is_whole  it was answered completely, with the truth
    void answered(std::uint64_t number, bool is_whole, time_point now);
    void hinted(const sent_event& what, time_point now);
    void stream_opened(time_point now);
    void watch_armed(time_point now);

    // What it does.

    void write_began(time_point now);
    /// @param failed    something went wrong with the disk
    /// @param replaced  the file is another one than before
    /// @param text      of the file; nothing if there is none
    /// @param begun_at  what it was to write was decided then
    void write_ended(bool failed, bool replaced, const std::optional<std::string>& text, time_point begun_at,
                     time_point now);
    void broke_file_rules(std::string name, std::string detail, time_point now);
    /// To be called at every moment.
    void glance(const observation& seen, time_point now);
    /// To be called now and then.
    void look(const observation& seen, time_point now);
    /// Somebody, the agent or another one, wrote or removed the file.
    void saw_file(const std::optional<std::string>& text);
    /// At the very end, with no fault for long.
    void settled(const std::optional<std::string>& text, time_point now);

    [[nodiscard]] const truth& swarm() const noexcept { return truth_; }
    [[nodiscard]] const std::vector<violation>& violations() const noexcept { return violations_; }
    [[nodiscard]] std::size_t checks() const noexcept { return checks_; }
    void blame(std::string_view invariant, std::string name, std::string detail, time_point now);

private:
    struct list_set {
        std::set<reading::kind> came;
        std::optional<time_point> since; ///< when the first of them was asked for
    };
    struct question {
        reading what;
        time_point at;
    };
    struct unanswered_hint {
        sent_event what;
        time_point at;
    };

    [[nodiscard]] bool is_calm_for(duration span, time_point now) const;
    [[nodiscard]] std::optional<time_point> listed_since(time_point before) const;
    void take_list(const question& asked, bool is_whole, time_point now);
    void check_contents(const target_list& said, bool had_targets, time_point now);
    void check_truth(bool watch_carries, time_point now);
    void check_hints(const observation& seen, time_point now);
    void check_readiness(const observation& seen, time_point now);
    void settle_hints(const question& asked);

    limits limits_;
    truth truth_;
    std::vector<violation> violations_;
    std::size_t checks_ = 0;

    std::map<std::string, int> faults_;
    time_point calm_since_{};
    bool is_up_ = false;
    time_point up_since_{};

    std::map<std::uint64_t, question> questions_;
    std::map<reading::source, list_set> under_way_;
    struct complete_list {
        time_point since; ///< when it was asked for
        time_point at;    ///< when it was answered
    };
    std::optional<complete_list> list_;        ///< the latest
    std::optional<complete_list> list_before_; ///< the one before
    std::optional<time_point> leader_answered_;
    std::optional<time_point> told_empty_at_;

    std::vector<unanswered_hint> hints_;
    std::optional<time_point> subscribed_at_; ///< and no list was asked for since
    std::optional<time_point> engine_since_;  ///< since when the engine carries

    std::optional<std::string> last_file_;
    std::optional<target_list> said_;
    bool is_file_new_ = true; ///< since the truth was last compared with it
    time_point checked_from_{};
    std::optional<time_point> replaced_at_;
    std::optional<time_point> write_failed_at_; ///< the latest attempt failed
    bool has_written_ = false;                  ///< since it started
    std::optional<time_point> unwritten_since_;
    std::optional<time_point> unread_since_;
};

} // namespace simulation
