#pragma once

#include <chrono>
#include <optional>

namespace agent::core {

/// Believes that every target is gone only when two lists, some seconds apart, say so.
///
/// A manager that catches up, a proxy with a bad day, an engine freshly restored: one odd answer must not make
/// Prometheus forget everything. Pure: it is told the time.
class empty_guard {
public:
    using time_point = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::seconds apart{5};

    enum class verdict { believe, hold };

    /// @param had_targets     whether what is published now holds any target
    /// @param has_targets     whether what was just learnt does
    /// @param listed_since    when the full list behind it was asked for; nothing when it was no full list
    [[nodiscard]] verdict judge(bool had_targets, bool has_targets, time_point now,
                                std::optional<time_point> listed_since)
    {
        if (has_targets || !had_targets) {
            since_.reset();
            return verdict::believe;
        }
        if (since_ && listed_since && *listed_since >= *since_ + apart) {
            since_.reset();
            return verdict::believe;
        }
        if (!since_)
            since_ = now;
        return verdict::hold;
    }

    /// When the list that may confirm it is to be asked for; nothing while there is nothing to confirm.
    [[nodiscard]] std::optional<time_point> confirm_at() const
    {
        return since_ ? std::optional(*since_ + apart) : std::nullopt;
    }

private:
    std::optional<time_point> since_; ///< when all targets were first seen gone
};

} // namespace agent::core
