// Faults 51 to 53: an agent that is told to stop, that is killed, whose machine loses its power.
#include "sd_writer/check.hpp"
#include "tests/faults/disk_model.hpp"
#include "tests/faults/fault_test.hpp"
#include "tests/support/text_file.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace faults {
namespace {

using namespace std::chrono_literals;
using support::contents_of;
using support::write_file;

/// Changes without end, on a thread of its own: at any moment something is being listed or written.
class churn {
public:
    template <class Change>
    explicit churn(Change change)
        : thread_([this, change]() mutable {
              while (!is_over_)
                  change();
          })
    {
    }
    churn(const churn&) = delete;
    churn& operator=(const churn&) = delete;
    ~churn()
    {
        is_over_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

class Process : public fault_test {
protected:
    /// Whether the file is one that Prometheus takes, or not there.
    [[nodiscard]] testing::AssertionResult is_whole() const
    {
        if (!fs::exists(output) || !sd_writer::check(file()).error)
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << file().substr(0, 500);
    }

    std::mt19937 random{20240501}; // NOLINT(cert-msc51-cpp): the same moments in each run
};

/// An agent among changes, ended by a signal, again and again: each time after another number of new files.
class EndedInChurn : public Process {
protected:
    void SetUp() override
    {
        Process::SetUp();
        if (IsSkipped())
            return;
        change_.emplace([this, random = std::mt19937{7}]() mutable { // NOLINT(cert-msc51-cpp): likewise
            scale(1 + static_cast<unsigned>(random() % 3000));
        });
    }

    /// Lets the agent write so many new files.
    void let_write(std::size_t files)
    {
        const auto before = versions();
        ASSERT_TRUE(eventually([&] { return versions() >= before + files; }));
    }

    /// No more changes; so many tasks are left.
    void calm_down(unsigned tasks)
    {
        change_.reset();
        scale(tasks);
    }

private:
    std::optional<churn> change_;
};

TEST_F(EndedInChurn, F52_ThirtyKillsLeaveAWholeFileEachTime)
{
    for (int round = 0; round < 30; ++round) {
        SCOPED_TRACE(round);
        start();
        let_write(1 + random() % 3);
        running->kill();
        EXPECT_TRUE(is_whole());
    }
    calm_down(2);
    start_ready();
    expect_at_rest(2);
}

TEST_F(EndedInChurn, F51_ThirtyStopsAreCleanEachTime)
{
    for (int round = 0; round < 30; ++round) {
        SCOPED_TRACE(round);
        start();
        let_write(1 + random() % 3);
        EXPECT_EQ(running->stop(), 0);
        EXPECT_TRUE(is_whole());
        expect_nothing_staged();
    }
    calm_down(2);
    start_ready();
    expect_at_rest(2);
}

// --- 51 ---

class Stopped : public traced_fault_test {};

TEST_F(Stopped, F51_AWriteThatHasBegunIsFinished)
{
    start_ready({with_calls({staged}, "fsync:delay_enter=2s:when=2"), {}});
    scale(2);
    ASSERT_TRUE(eventually([this] { return fs::exists(staged); }));
    EXPECT_EQ(running->stop(), 0);
    EXPECT_EQ(file(), text_for(2));
    expect_nothing_staged();
}

// An exit code of its own says that it ended within the ten seconds; strace lets it be seen only when the call is over.
TEST_F(Stopped, F51_AWriteThatTheDiskNeverFinishesIsAbandoned)
{
    start_ready({with_calls({staged}, "fsync:delay_enter=14s:when=2"), {}});
    scale(2);
    ASSERT_TRUE(eventually([this] { return fs::exists(staged); }));
    EXPECT_EQ(running->stop(), 0) << "Docker waits for ten seconds";
    EXPECT_EQ(file(), text_for(1));
    start_ready();
    expect_at_rest(2);
}

TEST_F(Stopped, F51_AListThatIsNotAnsweredIsAbandoned)
{
    engine.with([](support::fake_engine& its) { its.hanging = {"/tasks"}; });
    start();
    ASSERT_TRUE(eventually(
        [this] { return engine.with([](const support::fake_engine& its) { return its.count("/tasks"); }) > 0; }));
    EXPECT_EQ(running->stop(), 0);
    EXPECT_FALSE(fs::exists(output)) << "no list, no write";
}

TEST_F(Stopped, F51_AListThatIsNotAnsweredInChurnKeepsTheFile)
{
    start_ready();
    engine.with([](support::fake_engine& its) {
        its.hanging = {"/tasks"};
        its.requests.clear();
    });
    scale(2);
    ASSERT_TRUE(eventually(
        [this] { return engine.with([](const support::fake_engine& its) { return its.count("/tasks"); }) > 0; }));
    EXPECT_EQ(running->stop(), 0);
    EXPECT_EQ(file(), text_for(1));
    expect_nothing_staged();
}

// --- 52 ---

class Killed : public traced_fault_test {
protected:
    /// `swarm-sd once` under strace(1), as far as it has to do with the file. @return its exit code
    [[nodiscard]] int traced_once(const std::string& expression) const
    {
        return once_code(
            {"strace", "-o", trace, "-P", sd, "-P", staging, "-P", staged, "-P", output, "-e", expression});
    }
    [[nodiscard]] int once_code(const arguments& around = {}) const { return once(around).exit_code; }

    /// The calls that it makes then, each by its name and how many of that name there were up to it.
    [[nodiscard]] std::vector<std::pair<std::string, unsigned>> calls_of_a_write()
    {
        write_file(output, text_for(1));
        EXPECT_EQ(traced_once("trace=all"), 0);
        std::map<std::string, unsigned> counts;
        std::vector<std::pair<std::string, unsigned>> calls;
        std::ifstream lines(trace);
        for (std::string line; std::getline(lines, line);)
            if (const auto end = line.find('('); end != std::string::npos && !line.starts_with('+'))
                calls.emplace_back(line.substr(0, end), ++counts[line.substr(0, end)]);
        return calls;
    }
};

TEST_F(Killed, F52_AtEverySystemCallOfItsWriterTheFileIsOldOrNew)
{
    scale(2);
    const auto calls = calls_of_a_write();
    ASSERT_GT(calls.size(), 20U);
    bool seen_old = false;
    bool seen_new = false;
    bool seen_leftover = false;
    for (const auto& [name, number] : calls) {
        SCOPED_TRACE(name + " " + std::to_string(number));
        write_file(output, text_for(1));
        ASSERT_EQ(traced_once("inject=" + name + ":signal=KILL:when=" + std::to_string(number)), 128 + SIGKILL);
        ASSERT_TRUE(file() == text_for(1) || file() == text_for(2)) << file();
        seen_old = seen_old || file() == text_for(1);
        seen_new = seen_new || file() == text_for(2);
        seen_leftover = seen_leftover || fs::exists(staged);

        ASSERT_EQ(once_code(), 0) << "what a killed one left must not disturb the next";
        ASSERT_EQ(file(), text_for(2));
        expect_nothing_staged();
    }
    EXPECT_TRUE(seen_old && seen_new && seen_leftover);
}

// --- 53 ---

class PowerLoss : public traced_fault_test {
protected:
    /// What one replacement asked of the kernel.
    [[nodiscard]] std::vector<disk_operation> replace_file()
    {
        write_file(output, text_for(1));
        scale(2);
        const auto result = once(
            {"strace", "-o", trace, "-y", "-e", "trace=openat,write,fchmod,fsync,fdatasync,rename,renameat,renameat2"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return disk_operations(contents_of(trace), output);
    }
};

TEST_F(PowerLoss, F53_WhateverWasNotSyncedTheFileIsOldOrNew)
{
    const auto operations = replace_file();
    disk_model disk;
    for (const auto& operation : operations) {
        disk.apply(operation);
        EXPECT_FALSE(disk.may_be_torn()) << operation.text;
    }
    EXPECT_TRUE(disk.is_new_for_sure()) << "what was reported as written stays written";
    EXPECT_EQ(disk.new_bytes(), text_for(2).size());
}

// The model is worth something only if it sees what is missing.
TEST_F(PowerLoss, F53_TheModelMissesEachSyncThatIsLeftOut)
{
    const auto operations = replace_file();
    using kind = disk_operation::kind;
    for (const auto left_out : {kind::sync_file, kind::sync_directory, kind::set_mode}) {
        disk_model disk;
        bool was_torn = false;
        for (const auto& operation : operations) {
            if (operation.what != left_out)
                disk.apply(operation);
            was_torn = was_torn || disk.may_be_torn();
        }
        EXPECT_TRUE(was_torn || !disk.is_new_for_sure());
    }
}

} // namespace
} // namespace faults
