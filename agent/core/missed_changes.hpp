#pragma once

#include "agent/core/swarm.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace agent::core {

/// Finds out whether the event stream is telling everything, by comparing what lists show with what was announced.
///
/// A list may be ahead of the stream by a moment, so a change that nothing announced is only a suspect at first, and is
/// counted when no hint followed within the grace time. Pure: it is told the time.
class missed_changes {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// How long a hint may come after the list that showed its change.
    static constexpr std::chrono::seconds grace{2};
    /// How long a hint explains changes of the same object: a task's way from `starting` to `running` is one.
    static constexpr std::chrono::seconds memory{30};
    /// So many objects are remembered. Whoever hears of more takes every change for announced, for as long.
    static constexpr std::size_t most_heard = 65'536;

    struct count {
        unsigned announced = 0;   ///< the stream should have told: services, nodes, tasks of the engine's own node
        unsigned unannounced = 0; ///< no engine tells: tasks elsewhere

        [[nodiscard]] bool any() const noexcept { return announced + unannounced > 0; }
    };

    /// A hint about a service, a node or a task came.
    void heard_of(std::string_view id, time_point now);

    /// The node whose containers the stream tells of. Known from the first container event.
    void local_node(std::string_view id) { local_node_ = id; }

    /// A full list changed the model.
    void listed(const model_changes& changes, time_point now);

    /// Takes out the suspects whose grace time is over.
    [[nodiscard]] count take_expired(time_point now);

    /// When the next suspect's grace time is over.
    [[nodiscard]] std::optional<time_point> deadline() const;

    /// Forgets suspects: another stream has begun, and the list that follows it explains itself.
    void reset();

    /// How many hints are remembered.
    [[nodiscard]] std::size_t remembered() const noexcept { return heard_.size(); }

private:
    struct suspect {
        time_point until;
        bool should_be_announced = false;
        std::string service_id; ///< of a task: a hint about its service explains it, too
        std::string node_id;    ///< likewise
    };
    using suspects = std::map<std::string, suspect, std::less<>>;

    [[nodiscard]] bool is_explained(std::string_view id, time_point now) const;
    void suspect_object(const std::string& id, time_point now);
    void suspect_task(const flipped_task& value, time_point now);
    void add(const std::string& id, suspect found);
    void forget(suspects::iterator which);
    /// What is first in line is a suspect, or the line is empty.
    void tidy();
    void forget_old(time_point now);

    // A storm asks at every event, and may have made thousands of suspects: nothing here looks at all of them.
    std::map<std::string, time_point, std::less<>> heard_;
    time_point forget_at_{};
    time_point all_heard_until_{};                            ///< whatever changes before is explained
    suspects suspects_;                                       ///< by object ID
    std::set<std::pair<std::string, std::string>> belonging_; ///< suspects by their service, and by their node
    std::deque<std::pair<time_point, std::string>> line_;     ///< when suspects are counted, in order
    std::string local_node_;
};

} // namespace agent::core
