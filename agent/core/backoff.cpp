#include "agent/core/backoff.hpp"

#include <algorithm>
#include <cassert>

namespace agent::core {

std::chrono::milliseconds retry_delay(unsigned failures, const backoff_limits& limits, double jitter) noexcept
{
    assert(jitter >= 0.0 && jitter < 1.0);
    auto delay = limits.first;
    for (unsigned i = 1; i < failures && delay < limits.most; ++i)
        delay *= 2;
    delay = std::min(delay, limits.most);

    const auto spread = std::chrono::duration<double, std::milli>(delay) * (jitter / 2);
    return delay + std::chrono::duration_cast<std::chrono::milliseconds>(spread);
}

} // namespace agent::core
