// Faults 55 and 56: an agent that gets no more descriptors, or no more memory.
#include "tests/faults/fault_test.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/text_file.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

namespace faults {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using support::contents_of;

// --- 55: descriptors ---

/// Connections to the agent's pages on which nothing is ever said.
class idle_connections {
public:
    idle_connections(std::uint16_t port, std::size_t count)
    {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        for (std::size_t opened = 0; opened < count; ++opened)
            open_.emplace_back(io_).connect({asio::ip::address_v4::loopback(), port});
    }

private:
    asio::io_context io_;
    std::list<asio::ip::tcp::socket> open_;
};

/// CPU time that a process has used so far.
std::chrono::milliseconds cpu_time(pid_t process)
{
    const auto text = contents_of("/proc/" + std::to_string(process) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 2)); // see proc(5); the name may have blanks
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

class Descriptors : public traced_fault_test {
protected:
    [[nodiscard]] std::size_t lists()
    {
        return engine.with([](const support::fake_engine& its) { return its.count("/tasks"); });
    }

    /// Waits until the engine was listed so often again.
    [[nodiscard]] bool until_listed(std::size_t times)
    {
        const auto before = lists();
        return eventually([&] { return lists() >= before + times; });
    }
};

const arguments few_descriptors{"prlimit", "--nofile=25:25"};

TEST_F(Descriptors, F55_AThousandIdleConnectionsTakeNothingFromTheFileAndTheEngine)
{
    start_ready({few_descriptors, {}});
    {
        const idle_connections crowd(running->port(), 1000);
        scale(2);
        ASSERT_TRUE(until_file_has(2));
        engine.with([](support::fake_engine& its) { its.drop_connections(); });
        scale(3);
        ASSERT_TRUE(until_file_has(3));

        const auto used = cpu_time(running->pid());
        ASSERT_TRUE(until_listed(10));
        EXPECT_LT(cpu_time(running->pid()) - used, 300ms) << "it spins";
        EXPECT_FALSE(running->has_said("Too many open files")) << running->log();
    }
    expect_at_rest(3);
}

TEST_F(Descriptors, F55_AcceptingPausesWhileThereAreNone)
{
    start({{"strace", "-D", "-f", "--seccomp-bpf", "-o", trace, "-e", "trace=accept,accept4", "-e",
            "inject=accept,accept4:error=EMFILE"},
           {}});
    ASSERT_TRUE(until_file_has(1));
    const auto began = std::chrono::steady_clock::now();
    const idle_connections one(running->port(), 1);
    ASSERT_TRUE(until_listed(10));
    scale(2);
    ASSERT_TRUE(until_file_has(2));
    const auto tenths = (std::chrono::steady_clock::now() - began) / 100ms;

    const auto calls = contents_of(trace);
    std::ptrdiff_t failures = 0;
    for (auto at = calls.find("INJECTED"); at != std::string::npos; at = calls.find("INJECTED", at + 1))
        ++failures;
    EXPECT_GE(failures, 2) << "it tries again";
    EXPECT_LE(failures, tenths + 3) << "a pause of 100 ms between two attempts";
}

TEST_F(Descriptors, F55_AnEngineThatCannotBeConnectedToForWantOfDescriptorsIsTriedAgain)
{
    // The first socket is the one that the agent listens on.
    start({{"strace", "-D", "-f", "--seccomp-bpf", "-o", trace, "-e", "trace=socket", "-e",
            "inject=socket:error=EMFILE:when=2..4"},
           {}});
    ASSERT_TRUE(eventually([this] { return running->has_said("Too many open files"); })) << contents_of(trace);
    ASSERT_TRUE(eventually([this] { return running->is_ready(); }));
    expect_at_rest(1);
}

// --- 56: memory ---

/// The one task that there is, among as many of services that are not known as it takes for a list of that size.
std::string large_list(std::size_t bytes)
{
    auto list = "[" + to_json(support::made_up_task{"t0", "s1", "node1", "10.0.0.2"});
    for (unsigned task = 0; list.size() < bytes; ++task) {
        const auto id = "other" + std::to_string(task);
        list += "," + to_json(support::made_up_task{id, "unknown" + std::to_string(task), "node1", "10.1.1.1"});
    }
    return list + "]";
}

class Memory : public fault_test {
protected:
    /// What the agent has of address space, and what it may have beyond that.
    void leave_room(std::size_t bytes)
    {
        std::istringstream sizes(contents_of("/proc/" + std::to_string(running->pid()) + "/statm"));
        std::size_t pages = 0;
        sizes >> pages;
        limit_address_space(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes);
    }
    void leave_all_room() { limit_address_space(RLIM_INFINITY); }

    [[nodiscard]] double failed_lists() const
    {
        return running->metric("swarm_sd_read_failures_total{what=\"everything\"}");
    }

private:
    void limit_address_space(rlim_t bytes)
    {
        const rlimit limit{bytes, RLIM_INFINITY};
        if (running->running()) {
            ASSERT_EQ(::prlimit(running->pid(), RLIMIT_AS, &limit, nullptr), 0);
        }
    }
};

constexpr std::size_t mib = std::size_t{1024} * 1024;

TEST_F(Memory, F56_AListThatThereIsNoRoomForCostsThatListOrTheProcessAndNeverTheFile)
{
    constexpr std::size_t list_bytes = 8 * mib;
    const auto list = large_list(list_bytes);
    unsigned went_on = 0;
    bool has_fitted = false;
    for (std::size_t room = 2 * mib; room < 40 * list_bytes && !has_fitted; room += mib) {
        SCOPED_TRACE(room / mib);
        if (!running || !running->running()) {
            fs::remove(log);
            start_ready();
        }
        const auto looks = running->writes("unchanged");
        ASSERT_TRUE(eventually([&] { return running->writes("unchanged") > looks; })) << "a list that succeeds";
        const auto failed = failed_lists();
        leave_room(room);
        engine.with([&list](support::fake_engine& its) { its.instead["/tasks"] = {.status = 200, .body = list}; });
        ASSERT_TRUE(eventually([&] {
            has_fitted = running->metric("swarm_sd_tasks") > 1;
            return has_fitted || !running->running() || failed_lists() >= failed + 2;
        }));
        EXPECT_EQ(file(), text_for(1));
        if (!running->running()) {
            EXPECT_EQ(running->wait(), 1);
            EXPECT_TRUE(running->has_said("swarm-sd: out of memory; the files stay as they are\n")) << running->log();
        } else if (!has_fitted) {
            ++went_on;
            EXPECT_TRUE(running->has_said("Cannot allocate memory")) << running->log();
            EXPECT_FALSE(running->has_said("not of the documented form")) << "the engine is not to blame";
        }
        leave_all_room();
        engine.with([](support::fake_engine& its) { its.instead.clear(); });
    }
    EXPECT_GE(went_on, 3U) << "without room for what the list says";
    EXPECT_TRUE(has_fitted) << "with enough room it is nothing special";
}

} // namespace
} // namespace faults
