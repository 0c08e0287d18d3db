// Ten days of a swarm and its faults leave nothing behind in the agent's process.
#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <vector>

#include <malloc.h>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

struct holdings {
    std::ptrdiff_t descriptors = 0;
    std::size_t heap_bytes = 0; ///< given out by the allocator
};

holdings held_now()
{
    return {std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}), ::mallinfo2().uordblks};
}

/// The least of a day's hours: at any other moment an answer or a fault may be under way. A leak raises it.
holdings least_of(const std::vector<holdings>& hours, std::size_t day)
{
    constexpr std::size_t day_hours = 24;
    const auto first = hours.begin() + static_cast<std::ptrdiff_t>(day * day_hours);
    const auto last = hours.begin() + static_cast<std::ptrdiff_t>(std::min((day + 1) * day_hours, hours.size()));
    auto least = *first;
    for (auto hour = first; hour != last; ++hour)
        least = {std::min(least.descriptors, hour->descriptors), std::min(least.heap_bytes, hour->heap_bytes)};
    return least;
}

TEST(Soak, TenDaysKeepEveryPromiseAndLeaveDescriptorsAndMemoryAsTheyWere)
{
    std::vector<holdings> hours;
    const auto found = simulation::simulate(
        {.seed = 1, .length = 240h, .slowness = 20, .on_hour = [&hours] { hours.push_back(held_now()); }});
    for (const auto& one : found.violations)
        ADD_FAILURE() << to_string(one);
    EXPECT_GT(found.deeds, 1'000U);
    EXPECT_GT(found.faults, 500U);

    holdings first_days;
    for (std::size_t day = 0; day < 3; ++day) {
        const auto least = least_of(hours, day);
        first_days = {std::max(first_days.descriptors, least.descriptors), std::max(first_days.heap_bytes, least.heap_bytes)};
    }
    const auto last_day = least_of(hours, 9);
    EXPECT_LE(last_day.descriptors, first_days.descriptors);
    // What is known of the swarm differs from day to day, and the heap with it.
    constexpr std::size_t a_swarm_more = 256 * 1'024;
    EXPECT_LE(last_day.heap_bytes, first_days.heap_bytes + a_swarm_more);
}

} // namespace
