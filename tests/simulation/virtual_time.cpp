#include "tests/simulation/virtual_time.hpp"

#include <algorithm>
#include <cassert>
#include <ctime>
#include <map>
#include <set>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace simulation {
namespace {

using std::chrono::nanoseconds;

/// What the clocks of the process show; there is one of each.
struct clocks {
    bool are_virtual = false;
    nanoseconds steady{};
    nanoseconds wall{};
    std::map<int, nanoseconds> timers; ///< by descriptor: when it is due
    std::set<int> expired;             ///< in the kernel, too
};

clocks& process_clocks()
{
    static clocks own;
    return own;
}

constexpr nanoseconds steady_start = std::chrono::hours(1);
constexpr nanoseconds wall_start = std::chrono::seconds(1'700'000'000);

timespec as_timespec(nanoseconds value)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(value);
    return {whole.count(), (value - whole).count()};
}

nanoseconds as_nanoseconds(const timespec& value)
{
    return std::chrono::seconds(value.tv_sec) + nanoseconds(value.tv_nsec);
}

/// Makes the kernel's timer expire at once, or never. Nothing is to be done for one that never was to expire, and that
/// is most of what a run would do otherwise.
int set_kernel_timer(int fd, bool expires)
{
    auto& own = process_clocks();
    const bool did_expire = own.expired.erase(fd) > 0;
    if (expires)
        own.expired.insert(fd);
    else if (!did_expire)
        return 0;
    itimerspec value{};
    value.it_value.tv_nsec = expires ? 1 : 0;
    return static_cast<int>(::syscall(SYS_timerfd_settime, fd, expires ? TFD_TIMER_ABSTIME : 0, &value, nullptr));
}

} // namespace

virtual_time::virtual_time()
{
    auto& own = process_clocks();
    assert(!own.are_virtual);
    own = {true, steady_start, wall_start, {}, {}};
}

virtual_time::~virtual_time()
{
    process_clocks() = {};
}

std::optional<time_point> virtual_time::next_timer() const
{
    const auto& timers = process_clocks().timers;
    const auto first = std::min_element(timers.begin(), timers.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    return first == timers.end() ? std::nullopt : std::optional(time_point(first->second));
}

void virtual_time::advance_to(time_point when)
{
    auto& own = process_clocks();
    const auto before = own.steady;
    own.steady = std::max(own.steady, when.time_since_epoch());
    own.wall += own.steady - before;
    std::erase_if(own.timers, [&own](const auto& timer) {
        const bool is_due = timer.second <= own.steady;
        if (is_due)
            set_kernel_timer(timer.first, true);
        return is_due;
    });
}

void virtual_time::shift_wall_clock(std::chrono::seconds by)
{
    process_clocks().wall += by;
}

} // namespace simulation

// What libstdc++, Asio and the code under test call: the dynamic linker takes a program's own definition first.

extern "C" int clock_gettime(clockid_t which, timespec* into) noexcept
{
    const auto& own = simulation::process_clocks();
    if (!own.are_virtual)
        return static_cast<int>(::syscall(SYS_clock_gettime, which, into));
    if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)
        *into = simulation::as_timespec(own.wall);
    else if (which == CLOCK_THREAD_CPUTIME_ID || which == CLOCK_PROCESS_CPUTIME_ID)
        *into = {};
    else
        *into = simulation::as_timespec(own.steady);
    return 0;
}

extern "C" int timerfd_settime(int fd, int flags, const itimerspec* value, itimerspec* before) noexcept
{
    auto& own = simulation::process_clocks();
    if (!own.are_virtual)
        return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, value, before));
    own.timers.erase(fd);
    const auto span = simulation::as_nanoseconds(value->it_value);
    const auto due = (flags & TFD_TIMER_ABSTIME) != 0 ? span : own.steady + span;
    const bool is_set = span.count() != 0;
    if (is_set && due > own.steady)
        own.timers.emplace(fd, due);
    return simulation::set_kernel_timer(fd, is_set && due <= own.steady);
}
