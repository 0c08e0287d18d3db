#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/types.h>

namespace sd_writer {

/// A file descriptor that closes itself.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept;
    ~unique_fd();

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept;
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Gives the next piece of a file's new contents; an empty piece ends it, nothing at all abandons it.
using piece_source = std::function<std::optional<std::string_view>()>;

/// One file that is only ever replaced whole: a reader sees the old bytes or the new bytes, never a mixture.
///
/// New contents are staged in `.swarm-sd/` inside the file's directory and renamed into place. rename(2) is
/// atomic only within one file system, so the staging place is below the target's directory; it is not that
/// directory itself, because Prometheus watches it and re-reads everything at each event in it (one re-read per
/// write this way, five with a temporary beside the file; measured with 2.42). A lock in the same place, one per
/// file name, keeps a second agent away.
///
/// Calls block on the disk: they belong on a helper thread. Not safe for use from two threads at once.
class atomic_file {
public:
    /// @param path  the file; its directory must exist. A symbolic link is resolved in `open`, not at each write.
    /// @param mode  permission bits of the file, whatever the umask: Prometheus runs as another user.
    atomic_file(std::filesystem::path path, mode_t mode);

    /// Opens the directory, takes the lock, removes what a killed predecessor left, and proves that a rename
    /// onto the file can work. Does nothing when all that is done already and the directory is still the same one
    /// (it may have been deleted, replaced or remounted in between).
    ///
    /// Nothing is created before the output itself was found to be a file or absent.
    ///
    /// @return an errno, or `sd_writer::errc` where that says more
    [[nodiscard]] std::error_code open();

    /// Replaces the contents: write, mode, fsync, rename, fsync of the directory.
    ///
    /// @pre `open` succeeded; EBADF otherwise
    /// @return the first failing system call's errno (`errc::is_a_mount_point` for a rename's EBUSY), or
    ///         ECANCELED when the source abandoned it; empty on success. On failure the old file is untouched and
    ///         the staged one removed. Only the last step, the directory's fsync, can fail with the new file in place.
    [[nodiscard]] std::error_code replace(const piece_source& next_piece);

    /// Whether the file on disk holds exactly these bytes. False where it cannot be read.
    [[nodiscard]] bool holds(const piece_source& next_piece) const;

    /// Gives the file on disk its mode again, where somebody took it away. A chmod is no event that Prometheus minds.
    /// @return whether it has it
    [[nodiscard]] bool restore_mode() const;

    /// All bytes of the file on disk; nothing where they cannot be read or are more than 1 GiB, which no agent wrote.
    [[nodiscard]] std::optional<std::string> contents() const;

    /// The path after symbolic links were resolved.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    [[nodiscard]] bool is_open() const;
    void close();
    [[nodiscard]] std::error_code acquire();
    [[nodiscard]] std::error_code resolve();
    [[nodiscard]] std::error_code open_directory();
    [[nodiscard]] std::error_code open_staging();
    [[nodiscard]] std::error_code take_lock();

    std::filesystem::path given_;
    std::filesystem::path path_;
    mode_t mode_;
    unique_fd directory_;
    unique_fd staging_;
    unique_fd lock_;
};

/// The first directory on the way to a file that others than its owner and group may not enter, so that the file's own
/// mode helps them nothing; none where they may.
[[nodiscard]] std::optional<std::filesystem::path> closed_to_others(const std::filesystem::path& file);

} // namespace sd_writer
