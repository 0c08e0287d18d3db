#pragma once

#include <chrono>
#include <ctime>
#include <poll.h>

namespace integration {

/// Looks at a condition again and again until it holds.
///
/// @return whether it held before the limit; it is looked at once more when the limit has passed
template <class Condition>
[[nodiscard]] bool eventually(Condition&& holds, std::chrono::milliseconds limit = std::chrono::seconds{20})
{
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 30'000'000};
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        if (holds())
            return true;
        ppoll(nullptr, 0, &pause, nullptr);
    }
    return holds();
}

/// Whether a condition holds all the time, for so long.
template <class Condition>
[[nodiscard]] bool throughout(std::chrono::milliseconds time, Condition&& holds)
{
    return !eventually([&holds] { return !holds(); }, time);
}

} // namespace integration
