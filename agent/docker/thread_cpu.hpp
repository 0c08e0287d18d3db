#pragma once

#include <chrono>
#include <ctime>

namespace agent::docker {

/// CPU time that this thread has taken so far.
[[nodiscard]] inline std::chrono::nanoseconds thread_cpu()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

} // namespace agent::docker
