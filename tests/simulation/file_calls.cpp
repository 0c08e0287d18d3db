// What code that writes files calls in this program instead of the C library's: each call passes by the simulated disk,
// which may make it fail. The dynamic linker takes a program's own definition first.
#include "tests/simulation/disk.hpp"

#include <array>
#include <cerrno>
#include <cstdarg>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simulation {
namespace {

/// Where a descriptor leads to.
std::string path_of(int fd)
{
    std::array<char, 4096> path;
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), path.data(), path.size());
    return length < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

std::string path_of(int directory, const char* name)
{
    return *name == '/' || directory == AT_FDCWD ? std::string(name) : path_of(directory) + "/" + name;
}

/// Whether the call fails; errno says why.
bool fails(file_call what, const std::string& path)
{
    auto* const where = disk::current();
    const auto fault = where ? where->fault_of(what, path) : std::nullopt;
    if (fault)
        errno = *fault;
    return fault.has_value();
}

} // namespace
} // namespace simulation

using simulation::disk;
using simulation::file_call;

extern "C" int openat(int directory, const char* name, int flags, ...)
{
    std::va_list more;
    va_start(more, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (disk::current()) {
        const auto path = simulation::path_of(directory, name);
        if ((flags & O_CREAT) != 0 && simulation::fails(file_call::create, path))
            return -1;
        disk::current()->opened(path, flags);
    }
    return static_cast<int>(::syscall(SYS_openat, directory, name, flags, mode));
}

extern "C" ssize_t write(int fd, const void* bytes, std::size_t count)
{
    if (disk::current()) {
        const auto path = simulation::path_of(fd);
        if (simulation::fails(file_call::write, path)) {
            // A full disk takes what still fits.
            if (count > 1 && errno == ENOSPC)
                return ::syscall(SYS_write, fd, bytes, count / 2);
            return -1;
        }
        disk::current()->wrote(path);
    }
    return ::syscall(SYS_write, fd, bytes, count);
}

extern "C" int fsync(int fd)
{
    if (disk::current()) {
        const auto path = simulation::path_of(fd);
        if (simulation::fails(file_call::fsync, path))
            return -1;
        disk::current()->synced(path);
        return 0; // the machine's own disk need not wait
    }
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept
{
    if (disk::current()) {
        const auto source = simulation::path_of(from_directory, from);
        if (simulation::fails(file_call::rename, source))
            return -1;
        disk::current()->renamed(source, simulation::path_of(to_directory, to));
    }
    return static_cast<int>(::syscall(SYS_renameat, from_directory, from, to_directory, to));
}
