#include "sd_writer/atomic_file.hpp"

#include "sd_writer/errc.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sd_writer {
namespace {

constexpr const char* staging_name = ".swarm-sd";
constexpr std::size_t read_bytes = std::size_t{256} * 1024;
constexpr std::size_t most_contents_bytes = std::size_t{1024} * 1024 * 1024;

std::error_code last_error()
{
    return {errno, std::system_category()};
}

/// Success for 0, errno for -1: what most system calls return.
std::error_code outcome(int returned)
{
    return returned == 0 ? std::error_code{} : last_error();
}

/// Calls once more whenever a signal came in between.
template <class Call>
auto restarted(Call call)
{
    auto returned = call();
    while (returned < 0 && errno == EINTR)
        returned = call();
    return returned;
}

unique_fd open_at(int directory, const char* name, int flags, mode_t mode = 0)
{
    return unique_fd(restarted([&] { return ::openat(directory, name, flags | O_CLOEXEC, mode); }));
}

/// Reads one chunk; 0 at the end, -1 on failure.
ssize_t read_some(const unique_fd& fd, char* to, std::size_t bytes)
{
    return restarted([&] { return ::read(fd.get(), to, bytes); });
}

// The staged file and the lock carry the output's name, so several outputs can share a directory. The names do
// not end in an extension that Prometheus reads.
std::string staged_name(const std::filesystem::path& path)
{
    return path.filename().string() + ".tmp";
}

std::string lock_name(const std::filesystem::path& path)
{
    return path.filename().string() + ".lock";
}

std::filesystem::path directory_of(const std::filesystem::path& path)
{
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Source: Prometheus `discovery/file/file.go`, `patFileSDName`. Exactly these spellings: no `.Json`.
bool has_known_extension(const std::filesystem::path& path)
{
    constexpr std::array<std::string_view, 6> known{".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"};
    const auto name = path.filename().string();
    return std::ranges::any_of(known, [&name](std::string_view end) { return name.ends_with(end); });
}

/// Whether the name still leads to what was opened. An open descriptor keeps its inode number from being reused.
bool is_same(int directory, const char* name, const unique_fd& opened)
{
    struct stat named = {};
    struct stat held = {};
    return opened && ::fstatat(directory, name, &named, 0) == 0 && ::fstat(opened.get(), &held) == 0 &&
           named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/// Whether something is mounted right there. rename(2) then fails with EBUSY, or EXDEV for the staging place,
/// even when both sides are one file system; so comparing st_dev would not tell (and on overlayfs it differs
/// between a directory and the files in it). A kernel before 5.8 does not say; there the first rename does.
bool is_mount_root(int directory, const char* name)
{
    struct statx found = {};
    return ::statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found) == 0 &&
           (found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
}

/// Whether rename(2) may put a regular file there.
std::error_code check_replaceable(int directory, const char* name)
{
    struct stat found = {};
    if (::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? std::error_code{} : last_error();
    if (!S_ISREG(found.st_mode))
        return errc::not_a_regular_file;
    return is_mount_root(directory, name) ? errc::is_a_mount_point : std::error_code{};
}

/// Read-only file systems and immutable directories are refused here, too.
std::error_code check_writable(const unique_fd& directory)
{
    return outcome(::faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS));
}

std::error_code remove_if_there(int directory, const char* name)
{
    const auto error = outcome(::unlinkat(directory, name, 0));
    return error == std::errc::no_such_file_or_directory ? std::error_code{} : error;
}

std::error_code fsync_all(const unique_fd& fd)
{
    return outcome(restarted([&] { return ::fsync(fd.get()); }));
}

std::error_code write_all(const unique_fd& fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto written = restarted([&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
        if (written < 0)
            return last_error();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// New contents on their way into place; removed again unless they got there.
class staged_file {
public:
    staged_file(int staging, std::string name) : staging_(staging), name_(std::move(name)) {}
    staged_file(const staged_file&) = delete;
    staged_file& operator=(const staged_file&) = delete;
    ~staged_file()
    {
        if (exists_)
            ::unlinkat(staging_, name_.c_str(), 0);
    }

    std::error_code create()
    {
        // The lock is ours, so whatever bears this name is a leftover.
        if (const auto error = remove_if_there(staging_, name_.c_str()))
            return error;
        fd_ = open_at(staging_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        exists_ = static_cast<bool>(fd_);
        return exists_ ? std::error_code{} : last_error();
    }

    std::error_code fill(const piece_source& next_piece)
    {
        for (;;) {
            const auto piece = next_piece();
            if (!piece)
                return std::make_error_code(std::errc::operation_canceled);
            if (piece->empty())
                return {};
            if (const auto error = write_all(fd_, *piece))
                return error;
        }
    }

    /// Mode first: a chmod after the rename is an event that Prometheus ignores.
    std::error_code make_durable(mode_t mode)
    {
        if (const auto error = outcome(::fchmod(fd_.get(), mode)))
            return error;
        if (const auto error = fsync_all(fd_))
            return error;
        return outcome(::close(fd_.release())); // network file systems report a full disk only here
    }

    std::error_code move_to(int directory, const char* name)
    {
        if (::renameat(staging_, name_.c_str(), directory, name) != 0)
            return errno == EBUSY ? errc::is_a_mount_point : last_error();
        exists_ = false;
        return {};
    }

private:
    int staging_;
    std::string name_;
    unique_fd fd_;
    bool exists_ = false;
};

/// Opens a regular file for reading; nothing for anything else. O_NONBLOCK: a FIFO must not hang the caller.
unique_fd open_regular(const std::filesystem::path& path)
{
    auto fd = open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat found = {};
    if (fd && (::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)))
        return {};
    return fd;
}

/// A file read from front to back beside the bytes it is to hold.
class comparison {
public:
    explicit comparison(unique_fd fd) : fd_(std::move(fd)), buffer_(read_bytes) {}

    /// Whether the file goes on with exactly these bytes.
    bool goes_on_with(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const auto got = read_some(fd_, buffer_.data(), std::min(bytes.size(), buffer_.size()));
            if (got <= 0)
                return false;
            const auto part = bytes.substr(0, static_cast<std::size_t>(got));
            if (std::memcmp(part.data(), buffer_.data(), part.size()) != 0)
                return false;
            bytes.remove_prefix(part.size());
        }
        return true;
    }

    bool ends() { return read_some(fd_, buffer_.data(), 1) == 0; }

private:
    unique_fd fd_;
    std::vector<char> buffer_;
};

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept
{
    // By way of a temporary, which closes the old descriptor: right even when assigned to itself.
    unique_fd taken(std::move(other));
    std::swap(fd_, taken.fd_);
    return *this;
}

unique_fd::~unique_fd()
{
    if (fd_ >= 0)
        ::close(fd_);
}

int unique_fd::release() noexcept
{
    return std::exchange(fd_, -1);
}

atomic_file::atomic_file(std::filesystem::path path, mode_t mode) : given_(std::move(path)), path_(given_), mode_(mode)
{
}

std::error_code atomic_file::open()
{
    if (is_open())
        return {};
    close();
    const auto error = acquire();
    if (error)
        close();
    return error;
}

/// All three: without the lock's file a second agent could make itself a new one and hold that.
bool atomic_file::is_open() const
{
    return is_same(AT_FDCWD, directory_of(path_).c_str(), directory_) &&
           is_same(directory_.get(), staging_name, staging_) &&
           is_same(staging_.get(), lock_name(path_).c_str(), lock_);
}

void atomic_file::close()
{
    lock_ = {};
    staging_ = {};
    directory_ = {};
}

std::error_code atomic_file::acquire()
{
    if (const auto error = resolve())
        return error;
    if (const auto error = open_directory())
        return error;
    if (const auto error = open_staging())
        return error;
    if (const auto error = take_lock())
        return error;
    return remove_if_there(staging_.get(), staged_name(path_).c_str());
}

std::error_code atomic_file::resolve()
{
    // The name that Prometheus is told of is the given one, so that is what must end well.
    path_ = given_;
    if (!has_known_extension(given_))
        return errc::wrong_extension;

    std::error_code error;
    if (!std::filesystem::is_symlink(given_, error))
        return {}; // neither when it is missing: the next steps say what is wrong
    auto real = std::filesystem::canonical(given_, error);
    if (error == std::errc::no_such_file_or_directory)
        return errc::dangling_symlink;
    if (!error)
        path_ = std::move(real);
    return error;
}

std::error_code atomic_file::open_directory()
{
    // Not O_PATH: fsync needs a real descriptor.
    directory_ = open_at(AT_FDCWD, directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY);
    if (!directory_)
        return last_error();
    if (const auto error = check_replaceable(directory_.get(), path_.filename().c_str()))
        return error;
    return check_writable(directory_);
}

std::error_code atomic_file::open_staging()
{
    constexpr mode_t mode = S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;
    if (::mkdirat(directory_.get(), staging_name, mode) != 0 && errno != EEXIST)
        return last_error();
    staging_ = open_at(directory_.get(), staging_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!staging_)
        return last_error();
    if (is_mount_root(directory_.get(), staging_name))
        return std::make_error_code(std::errc::cross_device_link);
    return check_writable(staging_);
}

std::error_code atomic_file::take_lock()
{
    // Read-only is enough for flock(2), and lets an agent that runs as another user find the lock taken.
    constexpr mode_t mode = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
    lock_ = open_at(staging_.get(), lock_name(path_).c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW, mode);
    if (!lock_)
        return last_error();
    if (restarted([this] { return ::flock(lock_.get(), LOCK_EX | LOCK_NB); }) == 0)
        return {};
    return errno == EWOULDBLOCK ? errc::locked : last_error();
}

std::error_code atomic_file::replace(const piece_source& next_piece)
{
    if (!lock_)
        return std::make_error_code(std::errc::bad_file_descriptor);
    staged_file staged(staging_.get(), staged_name(path_));
    if (const auto error = staged.create())
        return error;
    if (const auto error = staged.fill(next_piece))
        return error;
    if (const auto error = staged.make_durable(mode_))
        return error;
    if (const auto error = staged.move_to(directory_.get(), path_.filename().c_str()))
        return error;
    return fsync_all(directory_);
}

bool atomic_file::holds(const piece_source& next_piece) const
{
    auto fd = open_regular(path_);
    if (!fd)
        return false;
    comparison file(std::move(fd));
    for (;;) {
        const auto piece = next_piece();
        if (!piece)
            return false;
        if (piece->empty())
            return file.ends();
        if (!file.goes_on_with(*piece))
            return false;
    }
}

bool atomic_file::restore_mode() const
{
    const auto fd = open_regular(path_);
    struct stat found = {};
    if (!fd || ::fstat(fd.get(), &found) != 0)
        return false;
    constexpr mode_t all_bits = 07777;
    return (found.st_mode & all_bits) == mode_ || ::fchmod(fd.get(), mode_) == 0;
}

std::optional<std::filesystem::path> closed_to_others(const std::filesystem::path& file)
{
    std::error_code error;
    const auto whole = std::filesystem::absolute(file, error);
    std::filesystem::path directory;
    for (const auto& part : whole.parent_path()) {
        directory /= part;
        struct stat found = {};
        if (::stat(directory.c_str(), &found) == 0 && (found.st_mode & S_IXOTH) == 0)
            return directory;
    }
    return std::nullopt;
}

std::optional<std::string> atomic_file::contents() const
{
    const auto fd = open_regular(path_);
    struct stat found = {};
    if (!fd || ::fstat(fd.get(), &found) != 0)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(found.st_size);
    if (size > most_contents_bytes)
        return std::nullopt;

    std::string bytes;
    bytes.reserve(size);
    std::vector<char> buffer(read_bytes);
    while (bytes.size() <= most_contents_bytes) {
        const auto got = read_some(fd, buffer.data(), buffer.size());
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            return bytes;
        bytes.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return std::nullopt;
}

} // namespace sd_writer
