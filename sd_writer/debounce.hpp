#pragma once

#include <chrono>
#include <optional>

namespace sd_writer {

/// When to write a target set that keeps changing. Pure: it is told the time and answers with a deadline.
///
/// A write waits until nothing has changed for `quiet`, so that a rollout costs one write and not one per task,
/// but never longer than `most` after the first change not yet written, so that steady change cannot starve it.
/// While the caller says it is still busy reading what changed, the set does not count as quiet: a storm
/// with slow answers gets one write per `most` and not one per answer.
class debounce {
public:
    using clock = std::chrono::steady_clock;

    struct limits {
        std::chrono::milliseconds quiet{100};
        std::chrono::milliseconds most{2000};
    };

    explicit debounce(limits value) : limits_(value) {}

    /// The set changed at `now`.
    void changed(clock::time_point now);

    /// Everything up to now is written, or being written.
    void taken();

    /// When to write; nothing while there is nothing to write. A deadline in the past means now.
    ///
    /// @param busy  more changes are about to be known
    [[nodiscard]] std::optional<clock::time_point> deadline(bool busy) const;

private:
    limits limits_;
    std::optional<clock::time_point> first_; ///< first change not yet written
    clock::time_point last_{};               ///< latest change
};

} // namespace sd_writer
