#pragma once

#include "agent/core/empty_guard.hpp"
#include "agent/core/events.hpp"
#include "agent/core/role.hpp"
#include "agent/core/target_set.hpp"
#include "sd_writer/target_group.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// What is believed of one role's targets: worked out from the model, and held back while all of them seem to be gone.
class role_view {
public:
    /// @param confirm_empty     whether it takes two lists to believe that all targets are gone
    /// @param file_had_targets  an earlier run left targets, which the first list may not wipe unconfirmed
    role_view(target_set targets, bool confirm_empty, bool file_had_targets)
        : targets_(std::move(targets)), confirm_empty_(confirm_empty), file_had_targets_(file_had_targets)
    {
    }

    enum class outcome {
        same,      ///< nothing new
        news,      ///< what is believed is new
        held_back, ///< all targets seem to be gone, which is not believed yet; told once
    };

    /// Works out everything from a model that is complete.
    ///
    /// @param listed_since  when the full list behind it was asked for; nothing when it was no full list
    [[nodiscard]] outcome begin(const swarm& world, time_point now, std::optional<time_point> listed_since);

    /// Takes what an answer of the engine changed since.
    [[nodiscard]] outcome take(const model_changes& changes, const swarm& world, time_point now,
                               std::optional<time_point> listed_since);

    /// Canonical; nothing before the first complete list.
    [[nodiscard]] const sd_writer::target_list& believed() const noexcept { return believed_; }

    /// When the list that may confirm that all targets are gone is to be asked for.
    [[nodiscard]] std::optional<time_point> confirm_at() const { return guard_.confirm_at(); }

    [[nodiscard]] skip_counts skipped() const { return targets_.skipped(); }
    [[nodiscard]] const role_targets* find(std::string_view id) const { return targets_.find(id); }
    [[nodiscard]] std::vector<std::string> skipping() const { return targets_.skipping(); }

private:
    [[nodiscard]] outcome judge(time_point now, std::optional<time_point> listed_since);

    target_set targets_;
    empty_guard guard_;
    bool confirm_empty_;
    bool file_had_targets_;
    sd_writer::target_list believed_;
};

} // namespace agent::core
