#include "tests/integration/file_history.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace integration {

file_history::file_history(const std::filesystem::path& file)
    : inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), stop_(eventfd(0, EFD_CLOEXEC))
{
    // What fsnotify, and so Prometheus, asks for.
    constexpr std::uint32_t changes = IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_MODIFY | IN_DELETE;
    if (inotify_add_watch(inotify_, file.parent_path().c_str(), changes) < 0)
        throw std::runtime_error("inotify: " + file.string() + ": " + std::strerror(errno));
    watcher_ = std::thread([this, file] { watch(file); });
}

file_history::~file_history()
{
    eventfd_write(stop_, 1);
    watcher_.join();
    close(inotify_);
    close(stop_);
}

std::vector<file_history::version> file_history::versions() const
{
    const std::lock_guard lock(mutex_);
    return versions_;
}

std::size_t file_history::wake_ups() const
{
    const std::lock_guard lock(mutex_);
    return wake_ups_;
}

void file_history::watch(const std::filesystem::path& file)
{
    for (;;) {
        std::array<pollfd, 2> waiting{{{inotify_, POLLIN, 0}, {stop_, POLLIN, 0}}};
        poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0)
            return;
        read_events(file);
    }
}

void file_history::read_events(const std::filesystem::path& file)
{
    const auto now = std::chrono::system_clock::now();
    alignas(inotify_event) std::array<char, 4096> buffer;
    const auto count = read(inotify_, buffer.data(), buffer.size());
    for (std::size_t at = 0; count > 0 && at < static_cast<std::size_t>(count);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char* const name = buffer.data() + at + sizeof event;
        at += sizeof event + event.len;

        const std::lock_guard lock(mutex_);
        ++wake_ups_;
        if ((event.mask & IN_MOVED_TO) != 0 && event.len > 0 && name == file.filename())
            versions_.push_back({now, contents_of(file)});
    }
}

std::string contents_of(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace integration
