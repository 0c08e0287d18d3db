#pragma once

#include "agent/core/empty_guard.hpp"
#include "agent/core/events.hpp"
#include "agent/core/role.hpp"
#include "agent/core/target_set.hpp"
#include "sd_writer/target_group.hpp"

#include <cstddef>
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

    /// Begins to work out everything from a model that is complete.
    void begin_all(const swarm& world) { targets_.begin_all(world); }

    /// Begins to take what an answer of the engine changed since.
    void begin(const model_changes& changes, const swarm& world) { targets_.begin(changes, world); }

    /// Goes on with either: see `target_set::work`.
    bool work(const swarm& world, std::size_t& left) { return targets_.work(world, left); }

    /// All is worked out: says what it means.
    ///
    /// @param listed_since  when the full list behind it was asked for; nothing when it was no full list
    [[nodiscard]] outcome finish(time_point now, std::optional<time_point> listed_since);

    /// Whether anything is believed: not before the first complete list.
    [[nodiscard]] bool is_known() const noexcept { return is_known_; }

    /// What is believed, in parts.
    [[nodiscard]] sd_writer::target_parts parts() const;
    [[nodiscard]] std::size_t target_count() const;

    /// What is believed, canonical; nothing before the first complete list. Made when it is asked for, and kept until
    /// there are news.
    [[nodiscard]] const sd_writer::target_list& believed() const;

    /// When the list that may confirm that all targets are gone is to be asked for.
    [[nodiscard]] std::optional<time_point> confirm_at() const { return guard_.confirm_at(); }

    [[nodiscard]] const skip_counts& skipped() const noexcept { return targets_.skipped(); }
    [[nodiscard]] const object_targets* find(std::string_view id) const { return targets_.find(id); }
    [[nodiscard]] std::vector<std::string> skipping() const { return targets_.skipping(); }

private:
    [[nodiscard]] outcome judge(bool had_targets, time_point now, std::optional<time_point> listed_since);

    target_set targets_; ///< what is true now, for all that is known
    empty_guard guard_;
    bool confirm_empty_;
    bool file_had_targets_;
    bool is_known_ = false;
    std::optional<sd_writer::target_parts> held_; ///< what is believed while all of it seems to be gone
    mutable sd_writer::target_list believed_;     ///< as it was last asked for
};

} // namespace agent::core
