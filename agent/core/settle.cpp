#include "agent/core/settle.hpp"

#include <algorithm>

namespace agent::core {
namespace {

/// On its way to running, or still running though it is not meant to.
bool is_in_between(const task& value)
{
    if (value.desired > task_state::complete)
        return value.state <= task_state::running;
    return value.state < task_state::running;
}

/// How many tasks should be serving now.
std::uint64_t expected(const service& subject, std::uint64_t completed)
{
    switch (subject.mode) {
    case service_mode::replicated:
        return subject.wanted;
    case service_mode::replicated_job: {
        const auto left = subject.wanted - std::min(subject.wanted, completed);
        return subject.at_once == 0 ? left : std::min(left, subject.at_once);
    }
    case service_mode::global:
        return 1;
    case service_mode::global_job:
    case service_mode::unknown:
        break;
    }
    return 0;
}

} // namespace

bool is_settled(const service& subject, const swarm::task_list& tasks)
{
    if (is_updating(subject))
        return false;
    std::uint64_t serving = 0;
    std::uint64_t completed = 0;
    for (const auto* held : tasks) {
        const auto& value = *held;
        if (is_in_between(value))
            return false;
        serving += is_serving(value) ? 1U : 0U;
        completed += value.state == task_state::complete ? 1U : 0U;
    }
    const auto wanted = expected(subject, completed);
    return subject.mode == service_mode::replicated ? serving == wanted : serving >= wanted;
}

} // namespace agent::core
