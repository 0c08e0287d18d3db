#pragma once

#include "agent/core/events.hpp"
#include "tests/fuzz/changing_swarm.hpp"
#include "tests/support/choices.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fuzz {

/// A machine of the core between a swarm that changes and feeds that tell of it late, twice, in pieces, or not at all,
/// as decided byte by byte; then everything works, and the machine has to find the truth.
class unruly_run {
public:
    /// More decisions would make runs longer, and find the same.
    static constexpr std::size_t most_decisions = 1500;

    unruly_run(const std::uint8_t* data, std::size_t size)
        : decide_(std::vector<std::uint32_t>(data, data + std::min(size, most_decisions)))
    {
    }
    unruly_run(const unruly_run&) = delete;
    unruly_run& operator=(const unruly_run&) = delete;
    virtual ~unruly_run() = default;

    void live()
    {
        while (decide_.are_left())
            step();
        // Everything works again, and nothing changes any more.
        for (const auto end = now_ + longest_recovery(); now_ < end;)
            if (!answer_one())
                to_deadline();
        require_truth();
    }

protected:
    enum class link { closed, opening, open };

    /// Whatever is decided happens.
    virtual void step() = 0;
    /// Answers what the machine waits for. @return whether it waited for anything
    virtual bool answer_one() = 0;
    /// Lets time pass until the machine wants to act by itself.
    virtual void to_deadline() = 0;
    /// How long it may take until the truth is known.
    [[nodiscard]] virtual agent::core::duration longest_recovery() const = 0;
    virtual void require_truth() const = 0;

    /// The watch's next changes, this many at most; they have been told then.
    [[nodiscard]] std::vector<agent::core::object_change> take_changes(std::size_t most)
    {
        const auto& log = swarm_.log();
        const auto end = std::min(told_ + most, log.size());
        const auto at = [&log](std::size_t place) { return log.begin() + static_cast<std::ptrdiff_t>(place); };
        return {at(std::exchange(told_, end)), at(end)};
    }

    [[nodiscard]] bool has_changes() const { return told_ < swarm_.log().size(); }

    /// A manager that was just made tells the swarm's history first.
    void begin_with_history()
    {
        const auto all = swarm_.log().size();
        told_ = all - decide_.below(std::min<std::size_t>(all, 6) + 1);
    }

    support::choices decide_;
    changing_swarm swarm_;
    std::size_t told_ = 0; ///< of the swarm's log, by the watch
    agent::core::time_point now_{std::chrono::hours(1)};
};

} // namespace fuzz
