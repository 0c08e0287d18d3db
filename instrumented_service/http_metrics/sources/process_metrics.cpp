#include "instrumented_service/http_metrics/sources/process_metrics.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace http_metrics {
namespace {

constexpr const char* descriptors = "/proc/self/fd";

struct process_stat {
    double threads = 0;
    double start_ticks = 0; ///< since boot
    double virtual_bytes = 0;
    double resident_pages = 0;
};

/// What is in a file of a few hundred bytes. Without allocations: in a fragmented heap those took milliseconds.
std::string_view read_small(const char* path, std::span<char> room)
{
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return {};
    const auto size = ::read(file, room.data(), room.size());
    ::close(file);
    return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// Fields 20, 22, 23 and 24 of proc(5). The second one, a name, may hold anything: counting starts behind it.
std::optional<process_stat> read_stat()
{
    std::array<char, 1024> room{};
    auto text = read_small("/proc/self/stat", room);
    text.remove_prefix(std::min(text.rfind(')'), text.size()));

    std::array<double, 25> fields{};
    for (std::size_t number = 2; number < fields.size(); ++number) {
        const auto blank = text.find(' ');
        if (blank == std::string_view::npos)
            return std::nullopt;
        if (number > 3) // the state is a letter
            std::from_chars(text.begin(), text.begin() + blank, fields.at(number));
        text.remove_prefix(blank + 1);
    }
    return process_stat{fields[20], fields[22], fields[23], fields[24]};
}

std::optional<double> boot_time()
{
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;)
        if (double seconds = 0; word == "btime" && file >> seconds)
            return seconds;
    return std::nullopt;
}

std::optional<double> start_time()
{
    const auto booted = boot_time();
    const auto stat = read_stat();
    if (!booted || !stat)
        return std::nullopt;
    return *booted + stat->start_ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double seconds(const timeval& span)
{
    return static_cast<double>(span.tv_sec) + static_cast<double>(span.tv_usec) * 1e-6;
}

std::optional<double> limit_of(int resource)
{
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0)
        return std::nullopt;
    return static_cast<double>(limit.rlim_cur); // no limit: the largest number, as others show it
}

/// Counts the open descriptors of this process.
class descriptor_count {
public:
    /// Goes on counting, for a moment.
    ///
    /// @return whether it is done
    bool advance()
    {
        if (directory_ < 0 && !begin())
            return true;
        std::array<char, 8192> entries{}; // some 300 of them
        const auto size = ::syscall(SYS_getdents64, directory_, entries.data(), entries.size());
        if (size > 0) {
            counted_ += count(entries.data(), static_cast<std::size_t>(size));
            return false;
        }
        if (size == 0)
            found_ = counted_ - 3; // less `.`, `..` and the one that counts
        return true;
    }

    descriptor_count() = default;
    descriptor_count(const descriptor_count&) = delete;
    descriptor_count& operator=(const descriptor_count&) = delete;
    ~descriptor_count()
    {
        if (directory_ >= 0)
            ::close(directory_);
    }

    /// Nothing where they cannot be counted.
    [[nodiscard]] std::optional<double> found() const { return found_; }

private:
    /// @return whether there is something left to count
    bool begin()
    {
        // Since Linux 6.2 the directory's size is their number (torvalds/linux f1f1f2569901); it used to be 0.
        struct stat about {};
        if (::stat(descriptors, &about) == 0 && about.st_size > 0) {
            found_ = static_cast<double>(about.st_size);
            return false;
        }
        directory_ = ::open(descriptors, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory_ >= 0;
    }

    static double count(const char* entries, std::size_t size)
    {
        double number = 0;
        for (std::size_t at = 0; at < size; ++number) {
            unsigned short length = 0;
            std::copy_n(entries + at + offsetof(dirent64, d_reclen), sizeof length,
                        static_cast<char*>(static_cast<void*>(&length)));
            at += length;
        }
        return number;
    }

    int directory_ = -1;
    double counted_ = 0;
    std::optional<double> found_;
};

} // namespace

struct process_metrics::reading final : public metric_reading {
    explicit reading(const process_metrics& of) : source(&of) {}

    bool next(metric_sink& to) override
    {
        if (rest)
            return rest->next(to);
        if (!open_descriptors.advance())
            return true;
        rest.emplace(families());
        return true;
    }

    std::vector<ready_family> families() const
    {
        std::vector<ready_family> all;
        all.reserve(16);
        const auto gauge = [&all](std::string name, std::string help, std::optional<double> value,
                                  std::string unit = {}) {
            if (value)
                all.push_back(lone_gauge("process_" + std::move(name), std::move(help), *value, std::move(unit)));
        };
        if (rusage used{}; ::getrusage(RUSAGE_SELF, &used) == 0)
            all.push_back(lone_counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                                       seconds(used.ru_utime) + seconds(used.ru_stime), "seconds"));
        if (const auto stat = read_stat()) {
            const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
            gauge("resident_memory_bytes", "Resident memory size in bytes.", stat->resident_pages * page_bytes,
                  "bytes");
            gauge("virtual_memory_bytes", "Virtual memory size in bytes.", stat->virtual_bytes, "bytes");
            gauge("threads", "Number of OS threads in the process.", stat->threads);
        }
        gauge("virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", limit_of(RLIMIT_AS),
              "bytes");
        gauge("start_time_seconds", "Start time of the process since unix epoch in seconds.", source->start_seconds_,
              "seconds");
        gauge("open_fds", "Number of open file descriptors.", open_descriptors.found());
        gauge("max_fds", "Maximum number of open file descriptors.", limit_of(RLIMIT_NOFILE));

        const auto heap = source->heap();
        gauge("heap_bytes", "Process heap size in bytes: what the allocator holds of the system.", heap.held, "bytes");
        gauge("heap_in_use_bytes", "Bytes of the heap that the program uses; the allocator keeps the others for later.",
              heap.in_use, "bytes");
        gauge("heap_mapped_bytes", "Bytes of the heap in large blocks, which go back to the system when freed.",
              heap.mapped, "bytes");
        return all;
    }

    const process_metrics* source;
    descriptor_count open_descriptors;
    std::optional<ready_reading> rest;
};

process_metrics::process_metrics() : start_seconds_(start_time()) {}

std::unique_ptr<metric_reading> process_metrics::read() const
{
    return std::make_unique<reading>(*this);
}

process_metrics::heap_bytes process_metrics::heap() const
{
    const auto begin = std::chrono::steady_clock::now();
    if (begin < heap_stands_until_)
        return heap_;
    const auto info = ::mallinfo2();
    heap_.mapped = static_cast<double>(info.hblkhd);
    heap_.held = static_cast<double>(info.arena) + heap_.mapped;
    heap_.in_use = static_cast<double>(info.uordblks) + heap_.mapped;
    const auto end = std::chrono::steady_clock::now();
    heap_stands_until_ = end + 1000 * (end - begin);
    return heap_;
}

} // namespace http_metrics
