#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace faults {

using clock = std::chrono::steady_clock;

/// `accountservice 10.0.1.2:6767`: what a target is known by here.
using target_names = std::set<std::string>;

/// The targets that a file names. @throws std::runtime_error for what is no file_sd document with a label `task`
[[nodiscard]] target_names targets_in(const std::string& text);

/// What was true, and what the file said.
struct history {
    /// From now on these are the targets, and no others.
    void is_true(clock::time_point now, const target_names& targets);

    struct life {
        clock::time_point seen;                ///< for the first time
        std::optional<clock::time_point> gone; ///< not true for the first time
    };
    struct version {
        clock::time_point since;
        std::string text;
    };

    std::map<std::string, life> lives;
    std::optional<clock::time_point> begin; ///< before that nothing is known
    std::vector<version> versions;          ///< each time that the file was replaced
};

/// I1: each version is complete, and Prometheus takes it.
[[nodiscard]] testing::AssertionResult every_version_is_complete(const history& seen);

/// I2: no version names what never ran, or lacks what has run since before the first version: that would come from a
/// list that was not whole.
[[nodiscard]] testing::AssertionResult every_version_is_from_whole_lists(const history& seen);

/// I4: no version is the same as the one before.
[[nodiscard]] testing::AssertionResult no_version_repeats(const history& seen);

/// I5: but for the first one, versions are at least so far apart.
[[nodiscard]] testing::AssertionResult no_two_versions_are_closer_than(clock::duration least, const history& seen);

/// Looks at a file as often as it is told to, and keeps its versions. A version that lives shorter than that is missed.
class file_watch {
public:
    explicit file_watch(std::filesystem::path path) : path_(std::move(path)) {}

    /// Adds a version if the file was replaced since the last look. What was there at the first look is none.
    void look(history& into);

private:
    struct identity {
        std::uint64_t inode;
        std::int64_t modified;
        friend bool operator==(const identity&, const identity&) = default;
    };

    [[nodiscard]] std::optional<identity> now() const;

    std::filesystem::path path_;
    bool has_looked_ = false;
    std::optional<identity> last_;
};

/// Descriptors that this process has open.
[[nodiscard]] std::size_t open_descriptors();

} // namespace faults
