#pragma once

#include <system_error>

namespace sd_writer {

/// What can go wrong with an output file beyond a failing system call.
enum class errc {
    /// Another process holds the lock: a second agent with the same output.
    locked = 1,
    /// The output path names a directory, a FIFO, a device: nothing a rename may replace.
    not_a_regular_file,
    /// The output is a single file mounted into place: rename(2) fails with EBUSY, for ever.
    is_a_mount_point,
    /// The output is a symbolic link that leads nowhere.
    dangling_symlink,
    /// The output's name does not end in .json, .yml or .yaml, so Prometheus would not read it.
    wrong_extension,
    /// The bytes to be written would be refused by Prometheus. A bug of ours: nothing was written.
    refused_by_check,
};

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace sd_writer

template <>
struct std::is_error_code_enum<sd_writer::errc> : std::true_type {
};
