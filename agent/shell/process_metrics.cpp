#include "agent/shell/process_metrics.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace agent::shell {
namespace {

struct process_stat {
    double cpu_ticks = 0;
    double start_ticks = 0; ///< since boot
    double virtual_bytes = 0;
    double resident_pages = 0;
};

/// Fields 14, 15, 22, 23 and 24 of proc(5). The second one, a name, may hold anything: counting starts behind it.
std::optional<process_stat> read_stat()
{
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos)
        return std::nullopt;

    std::istringstream fields(text.substr(name_end + 1));
    process_stat found;
    std::string skipped;
    for (int number = 3; number < 14; ++number)
        fields >> skipped;
    double user_ticks = 0;
    double system_ticks = 0;
    fields >> user_ticks >> system_ticks;
    for (int number = 16; number < 22; ++number)
        fields >> skipped;
    fields >> found.start_ticks >> found.virtual_bytes >> found.resident_pages;
    found.cpu_ticks = user_ticks + system_ticks;
    return fields ? std::optional(found) : std::nullopt;
}

std::optional<double> boot_time()
{
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;)
        if (double seconds = 0; word == "btime" && file >> seconds)
            return seconds;
    return std::nullopt;
}

std::optional<double> open_fds()
{
    std::error_code error;
    double count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
        ++count;
    return error ? std::nullopt : std::optional(count - 1); // less the one that counts
}

std::optional<double> most_fds()
{
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::optional(static_cast<double>(limit.rlim_cur)) : std::nullopt;
}

class collector {
public:
    void counter(const std::string& name, const std::string& help, double value)
    {
        prometheus::ClientMetric metric;
        metric.counter.value = value;
        add(name, help, prometheus::MetricType::Counter, metric);
    }

    void gauge(const std::string& name, const std::string& help, std::optional<double> value)
    {
        if (!value)
            return;
        prometheus::ClientMetric metric;
        metric.gauge.value = *value;
        add(name, help, prometheus::MetricType::Gauge, metric);
    }

    std::vector<prometheus::MetricFamily> families;

private:
    void add(const std::string& name, const std::string& help, prometheus::MetricType type,
             const prometheus::ClientMetric& metric)
    {
        prometheus::MetricFamily family;
        family.name = "process_" + name;
        family.help = help;
        family.type = type;
        family.metric.push_back(metric);
        families.push_back(std::move(family));
    }
};

} // namespace

std::vector<prometheus::MetricFamily> process_metrics()
{
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    const auto booted = boot_time();

    collector collect;
    if (const auto stat = read_stat()) {
        collect.counter("cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                        stat->cpu_ticks / ticks_per_second);
        collect.gauge("resident_memory_bytes", "Resident memory size in bytes.", stat->resident_pages * page_bytes);
        collect.gauge("virtual_memory_bytes", "Virtual memory size in bytes.", stat->virtual_bytes);
        if (booted)
            collect.gauge("start_time_seconds", "Start time of the process since unix epoch in seconds.",
                          *booted + stat->start_ticks / ticks_per_second);
    }
    collect.gauge("open_fds", "Number of open file descriptors.", open_fds());
    collect.gauge("max_fds", "Maximum number of open file descriptors.", most_fds());
    return std::move(collect.families);
}

} // namespace agent::shell
