#pragma once

#include <chrono>

namespace agent::core {

struct backoff_limits {
    std::chrono::milliseconds first{250};
    std::chrono::milliseconds most{5'000};
};

/// How long to wait before the next try: `first` after one failure, twice as long after each further one, never more
/// than `most`, and on top of that up to half again, so that the agents of a swarm do not return all at once.
///
/// @param failures  in a row so far, at least 1
/// @param jitter    drawn by the caller, in [0, 1)
[[nodiscard]] std::chrono::milliseconds retry_delay(unsigned failures, const backoff_limits& limits,
                                                    double jitter) noexcept;

} // namespace agent::core
