#pragma once

#include "agent/core/events.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/timetable.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace agent::core {

/// What has to be read again, and when. Pure: it is told the time.
///
/// Reads of one object are single requests; when many are due at once a full list is cheaper for everybody, which
/// `overflows` tells. How often an object is read again follows the engine's own delays:
/// - a task is `starting` at the moment of its container's start and `running` 6 to 101 ms later;
/// - a death shows 133 to 235 ms after the event, its replacement later (both measured on engine 20.10);
/// - a service or node change sets tasks in motion for as long as they need.
class read_queue {
public:
    /// Hints come in twos (`create`, then `update` with the addresses), and the task comes 1 ms after its service's
    /// event.
    static constexpr std::chrono::milliseconds after_hint{10};
    static constexpr std::chrono::milliseconds first_delay{100};
    static constexpr std::chrono::milliseconds longest_delay{5'000};
    static constexpr std::chrono::milliseconds after_start{50};
    static constexpr std::chrono::milliseconds after_death{150};
    /// After so many looks at a task that does not come up, its service is looked at instead, ever less often.
    static constexpr unsigned task_looks = 3;
    /// So often at least the tasks of a service are looked at: the first look may come before the engine acts at all.
    static constexpr unsigned service_looks = 2;
    /// So many objects of a kind are waited for at most, so that a storm cannot fill the memory while nothing can be read.
    /// A list answers for those beyond.
    static constexpr std::size_t most_waiting = 16'384;

    /// A hint about a service: read it, then its tasks until they settle.
    void service_hint(std::string_view id, time_point now);
    /// Tasks of a service are in motion: read them until they settle, first after `delay`.
    void settle(std::string_view service_id, time_point now, duration delay = after_hint);
    /// A container of a task started, or its health changed: the task will be running.
    void start_hint(std::string_view task_id, time_point now);
    /// A container of a task died: the task will have ended, and its service has to replace it.
    void death_hint(std::string_view task_id, time_point now);
    void node_hint(std::string_view id, time_point now);
    /// Something about the engine's own containers changed.
    void containers_hint(time_point now);

    /// The read that has been due longest, and since when what it shows may have been true. It leaves the queue.
    struct job {
        read_request what;
        time_point since;
    };
    [[nodiscard]] std::optional<job> take_due(time_point now);

    /// Whether so many reads are due that one full list costs less: a single read costs the engine 0.6 ms, a list 4 ms
    /// and 0.04 ms per task (measured on engine 20.10). Or more was asked for than can be waited for.
    [[nodiscard]] bool overflows(time_point now, std::size_t task_count) const;

    /// Lists are asked for now: they answer all that is due and concerns them.
    void list_started(const read_everything& lists, time_point now);

    /// The swarm's list cannot be had: what concerns it is not worth asking for.
    void forget_swarm();

    /// The swarm's list asked for at `looked` is in the model: what is still in motion is asked for again.
    void listed(const swarm& world, time_point looked, time_point now);

    /// A service's tasks were read at `looked` and are settled or not: if not, it is asked for again, after a delay
    /// twice as long as the last one.
    void tasks_looked_at(std::string_view service_id, bool settled, time_point looked, time_point now);

    /// A task was read: as it is now, or nothing if it is gone. If it did not get as far as its container's event
    /// says, it is asked for again.
    void task_looked_at(std::string_view id, const task* found, time_point now);

    /// The engine knows no such service any more: nothing of it is waited for. What was asked for meanwhile stays.
    void forget_service(std::string_view id);

    [[nodiscard]] bool has_due(time_point now) const;
    [[nodiscard]] std::optional<time_point> deadline() const;

private:
    /// What is known of a read; it is not due while it is in progress.
    struct waiting {
        time_point since;                         ///< the last moment at which it was not yet known
        duration delay = first_delay;             ///< until the read after the next
        unsigned looks = 0;                       ///< since the latest hint
        task_state awaited = task_state::running; ///< of a task: how far it has to get
    };
    using entries = timetable<waiting>;

    template <class Request>
    static job take(entries& from, Request request);
    template <class Request>
    static job await(entries& from, Request request);
    void ask(entries& among, std::string_view id, time_point now, time_point due,
             task_state awaited = task_state::running);
    [[nodiscard]] std::size_t count_due(time_point now, std::size_t most) const;

    entries services_; ///< the service objects
    entries nodes_;
    entries tasks_;    ///< single tasks
    entries settling_; ///< the tasks of services
    entries local_;    ///< the engine's own containers: one entry, without a name
    bool is_full_ = false; ///< something of the swarm was asked for and is not in here
};

} // namespace agent::core
