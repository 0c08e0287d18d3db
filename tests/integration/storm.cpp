#include "tests/integration/storm.hpp"

#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/oracle.hpp"
#include "tests/integration/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <fstream>
#include <limits>
#include <list>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace integration {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// The longest pause before another try (agent/core/backoff.hpp), with what chance adds.
constexpr auto longest_backoff = 7'500ms;
/// How late an event may come (agent/core/missed_changes.hpp).
constexpr auto longest_grace = 2'000ms;
/// An engine waits 100 ms for a listener whose queue is full, at every event, and then drops it.
constexpr auto longest_neglect = 200ms;
/// Two lists of a few thousand tasks, the model and what the allocator keeps; far less than a record kept per event.
constexpr long most_growth_kilobytes = 64 * 1024;

tcp::endpoint at(std::uint16_t port)
{
    return {asio::ip::address_v4::loopback(), port};
}

std::chrono::milliseconds since(clock::time_point then)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - then);
}

long resident_kilobytes(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    long all = 0;
    long resident = 0;
    file >> all >> resident;
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

double cpu_seconds_of(pid_t pid)
{
    clockid_t which{};
    timespec used{};
    if (clock_getcpuclockid(pid, &which) != 0 || clock_gettime(which, &used) != 0)
        return 0;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// Those who use the agent's own port while it storms, and somebody who looks at its memory.
class bystanders {
public:
    bystanders(std::uint16_t port, pid_t agent, unsigned idle) : port_(port), agent_(agent)
    {
        for (unsigned number = 0; number < idle; ++number)
            idle_.emplace_back(io_).connect(at(port));
        watcher_ = std::thread([this] { watch(); });
        scraper_ = std::thread([this] { scrape_slowly(); });
    }
    bystanders(const bystanders&) = delete;
    bystanders& operator=(const bystanders&) = delete;
    ~bystanders() { leave(); }

    /// Ends; from then on the figures stay as they are.
    void leave()
    {
        is_over_ = true;
        for (auto* each : {&watcher_, &scraper_})
            if (each->joinable())
                each->join();
        idle_.clear();
    }

    long kilobytes_most = 0;
    std::chrono::milliseconds slowest_health{0};
    std::size_t health_failures = 0;
    std::size_t bytes_of_slow_scrape = 0;

private:
    void watch()
    {
        for (unsigned turn = 0; !is_over_; ++turn) {
            kilobytes_most = std::max(kilobytes_most, resident_kilobytes(agent_));
            if (turn % 10 == 0)
                ask_for_health();
            (void)eventually([this] { return is_over_.load(); }, 50ms);
        }
    }

    void ask_for_health()
    {
        const auto begin = clock::now();
        health_failures += http_get(port_, "/-/healthy") ? 0U : 1U;
        slowest_health = std::max(slowest_health, since(begin));
    }

    /// A whole exposition, and more of them than socket buffers hold, read a few bytes at a time.
    void scrape_slowly()
    {
        boost::system::error_code error;
        tcp::socket socket(io_);
        socket.open(tcp::v4());
        socket.set_option(asio::socket_base::receive_buffer_size(4'096));
        socket.connect(at(port_), error);
        const std::string request = "GET /sd/endpoints HTTP/1.1\r\nHost: a\r\n\r\n";
        asio::write(socket, asio::buffer(request), error);
        socket.non_blocking(true);
        std::array<char, 64> bytes{};
        while (!is_over_) {
            const auto count = socket.read_some(asio::buffer(bytes), error);
            bytes_of_slow_scrape += count;
            (void)eventually([this] { return is_over_.load(); }, 30ms);
        }
    }

    std::uint16_t port_;
    pid_t agent_;
    std::atomic<bool> is_over_ = false;
    asio::io_context io_;
    std::list<tcp::socket> idle_;
    std::thread watcher_;
    std::thread scraper_;
};

/// For as many connections as there are: here and, inherited, in the agent.
void raise_descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t fewest_targets(const std::vector<file_history::version>& versions)
{
    auto fewest = versions.empty() ? 0 : std::numeric_limits<std::size_t>::max();
    for (const auto& version : versions)
        fewest = std::min(fewest, targets_in(version.text).size());
    return fewest;
}

} // namespace

storm_report run_storm(const std::filesystem::path& directory, const storm_settings& how, const storm_agent& agent)
{
    raise_descriptor_limit();
    const auto file = directory / "sd" / "endpoints.json";
    std::filesystem::create_directories(file.parent_path());
    const auto socket = directory / "engine.sock";
    storm_engine engine(socket, how);
    const auto port = free_port();
    const auto ms = [](std::chrono::milliseconds value) { return std::to_string(value.count()) + "ms"; };
    child_process process({AGENT_BINARY, "--docker.host=unix://" + socket.string(), "--docker.task-watch=off",
                           "--output=endpoints=" + file.string(), "--meta-labels=none", "--log.level=info",
                           "--docker.resync-interval=" + ms(agent.resync), "--debounce=" + ms(agent.debounce),
                           "--debounce.max=" + ms(agent.debounce_max),
                           "--web.listen-address=127.0.0.1:" + std::to_string(port)},
                          directory / "agent.log");
    if (!eventually([&] { return process.running() && http_get(port, "/-/ready").has_value(); }))
        throw std::runtime_error("the agent does not start, see " + (directory / "agent.log").string());

    storm_report seen;
    seen.serving_before = engine.serving_tasks();
    seen.kilobytes_before = resident_kilobytes(process.pid());
    const file_history history(file);
    bystanders others(port, process.pid(), agent.idle_connections);
    const auto cpu_before = cpu_seconds_of(process.pid());
    const auto begin = clock::now();
    engine.rage(process.pid());
    seen.raged = since(begin);
    seen.cpu_seconds = cpu_seconds_of(process.pid()) - cpu_before;
    const auto end = clock::now();
    const auto versions = history.versions();
    others.leave();

    const auto expected = normalised(engine.expected_file());
    seen.is_true =
        eventually([&] { return normalised(contents_of(file)) == expected; },
                   agent.resync + agent.resync / 10 + agent.debounce_max + longest_backoff);
    seen.until_true = since(end);
    seen.engine = engine.figures();
    seen.writes = versions.size();
    seen.fewest_targets = fewest_targets(versions);
    seen.kilobytes_most = others.kilobytes_most;
    seen.slowest_health = others.slowest_health;
    seen.health_failures = others.health_failures;
    seen.bytes_of_slow_scrape = others.bytes_of_slow_scrape;
    return seen;
}

std::vector<std::string> broken_promises(const storm_report& seen, const storm_agent& agent)
{
    std::vector<std::string> broken;
    const auto demand = [&broken](bool holds, const std::string& otherwise) {
        if (!holds)
            broken.push_back(otherwise);
    };
    demand(seen.engine.longest_neglect < longest_neglect, "the event socket was left unread");
    demand(seen.writes <= static_cast<std::size_t>(seen.raged / agent.debounce_max) + 1, "the file was written too often");
    demand(seen.writes > 0, "the file was not written at all");
    demand(seen.is_true, "the file is not what the swarm is");
    // A task that died may be gone from the file before the one that replaces it is seen to run.
    demand(seen.fewest_targets >= seen.serving_before / 2, "the file was shortened");
    demand(seen.kilobytes_most - seen.kilobytes_before < most_growth_kilobytes, "memory grew");
    demand(seen.health_failures == 0, "the agent's own port did not answer");
    // A list that shows what no event told costs the stream, but only when the event has had time to come.
    demand(seen.engine.streams <= 1 + static_cast<std::size_t>(seen.raged / longest_grace),
           "the event stream was opened too often");
    return broken;
}

std::string described(const storm_report& seen)
{
    std::ostringstream text;
    text << "raged                  " << seen.raged.count() << " ms, " << seen.engine.records << " records sent ("
         << seen.engine.records * 1'000 / static_cast<std::size_t>(seen.raged.count()) << "/s), " << seen.engine.lost
         << " lost, " << seen.engine.doubled << " doubled, " << seen.engine.reordered << " out of order\n"
         << "Engine API             " << seen.engine.requests << " requests, " << seen.engine.answered_badly
         << " failed or cut, " << seen.engine.streams << " event streams\n"
         << "event socket unread    " << seen.engine.longest_unread.count() << " ms at most, "
         << seen.engine.longest_neglect.count() << " ms without waiting for a CPU\n"
         << "event socket blocked   " << seen.engine.longest_blocked.count() << " ms at most\n"
         << "file written           " << seen.writes << " times, never fewer than " << seen.fewest_targets
         << " targets (" << seen.serving_before << " before)\n"
         << "file true              " << (seen.is_true ? "" : "NOT ") << "after " << seen.until_true.count() << " ms\n"
         << "agent's memory         " << seen.kilobytes_before << " kB before, " << seen.kilobytes_most
         << " kB at most\n"
         << "agent's CPU time       " << seen.cpu_seconds << " s\n"
         << "agent's own port       " << seen.slowest_health.count() << " ms at most, " << seen.health_failures
         << " failures; a slow scraper got " << seen.bytes_of_slow_scrape << " bytes\n";
    return text.str();
}

} // namespace integration
