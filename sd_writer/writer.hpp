#pragma once

#include "sd_writer/atomic_file.hpp"
#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sd_writer {

enum class write_outcome {
    written,   ///< new bytes are in place and durable
    unchanged, ///< the file held these bytes already: nothing was touched
    failed,    ///< the old file is in place
};

struct write_report {
    write_outcome outcome = write_outcome::failed;
    std::error_code error;  ///< set exactly when `outcome` is `failed`
    std::string detail;     ///< what failed, for a person; empty on success
    std::size_t bytes = 0;  ///< size of the document; 0 on failure
    std::uint64_t hash = 0; ///< of its bytes, see `content_digest::hash`; 0 on failure
    std::size_t groups = 0;
    std::size_t targets = 0;
};

/// What an earlier run, or somebody else, left at the output path.
struct existing_file {
    bool readable = false;   ///< there is a file that Prometheus accepts
    std::size_t targets = 0; ///< how many targets it holds
};

/// Keeps one file_sd file equal to a target list, touching it only when the bytes differ.
///
/// The comparison is with the file on disk, so a file that somebody deleted or edited is put right by the next
/// `write` even when the targets did not change. Every byte is checked with Prometheus' own strictness before
/// the rename: one bad label name would make it refuse the whole file.
///
/// Calls block on the disk and belong on a helper thread, one at a time.
class writer {
public:
    writer(std::filesystem::path path, mode_t mode) : file_(std::move(path), mode) {}

    /// Proves that the output can be written (see `atomic_file::open`).
    [[nodiscard]] std::error_code open() { return file_.open(); }

    /// What is at the path now.
    [[nodiscard]] existing_file existing() const;

    [[nodiscard]] write_report write(const ordered_groups& groups);
    /// @param groups  canonical, see `canonical()`
    [[nodiscard]] write_report write(const std::vector<target_group>& groups) { return write(ordered_groups(groups)); }
    /// Puts them into order first: for a helper thread, too.
    [[nodiscard]] write_report write(target_parts parts);

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_.path(); }

private:
    [[nodiscard]] write_report compare_and_replace(const ordered_groups& groups);

    atomic_file file_;
};

} // namespace sd_writer
