#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace integration {

/// What a directory watcher such as Prometheus gets to see of one file: every version, and when it appeared.
class file_history {
public:
    struct version {
        std::chrono::system_clock::time_point at;
        std::string text;
    };

    /// Watches from now on; the file need not exist, its directory must.
    explicit file_history(const std::filesystem::path& file);
    file_history(const file_history&) = delete;
    file_history& operator=(const file_history&) = delete;
    ~file_history();

    /// The versions that appeared so far, oldest first.
    [[nodiscard]] std::vector<version> versions() const;

    /// How many times a watcher of the directory was woken, whatever changed in it.
    [[nodiscard]] std::size_t wake_ups() const;

private:
    void watch(const std::filesystem::path& file);
    void read_events(const std::filesystem::path& file);

    mutable std::mutex mutex_; // guards the two below
    std::vector<version> versions_;
    std::size_t wake_ups_ = 0;
    int inotify_;
    int stop_;
    std::thread watcher_;
};

/// The whole file; empty if there is none.
[[nodiscard]] std::string contents_of(const std::filesystem::path& file);

} // namespace integration
