#pragma once

#include <chrono>
#include <optional>

namespace simulation {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

/// Time as this process sees it while such an object lives: it stands still, and moves when it is told to.
///
/// The program has a `clock_gettime` and a `timerfd_settime` of its own (see the source), which all libraries in it use
/// instead of the C library's. So the code under test runs unchanged: an io_context that is polled does what is due
/// now, and its next timer is known here. CPU clocks stand still, too, so that nothing depends on the machine.
class virtual_time {
public:
    virtual_time();
    virtual_time(const virtual_time&) = delete;
    virtual_time& operator=(const virtual_time&) = delete;
    ~virtual_time();

    /// When the next timer of an io_context is due, if any is set. In the past when it has not been looked at yet.
    [[nodiscard]] std::optional<time_point> next_timer() const;

    /// Timers that are due then can be polled.
    void advance_to(time_point when);

    /// Moves the wall clock alone, as an administrator or a suspended machine does.
    void shift_wall_clock(std::chrono::seconds by);
};

} // namespace simulation
