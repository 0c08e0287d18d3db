#pragma once

#include "tests/faults/agent.hpp"
#include "tests/faults/engine_thread.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// Faults that only a process can be hit by: of disks, files, mounts, signals, memory and descriptors. Each test
/// carries its number in the catalogue of docs/reliability.md.
namespace faults {

namespace fs = std::filesystem;
using integration::eventually;

/// An agent, its engine and its file, where tests may mount what they like. Needs root.
///
/// Whatever a test does: each version of the file that its directory's watchers got to see was complete.
class fault_test : public testing::Test {
protected:
    fault_test();

    void SetUp() override;
    void TearDown() override;

    /// Starts the agent.
    void start(const agent_start& how = {});
    /// Starts it and waits until it is ready.
    void start_ready(const agent_start& how = {});
    /// A start that fails. @return what it said
    std::string start_fails(const agent_start& how = {});

    /// `swarm-sd once`. @param around  what comes before it on the command line
    [[nodiscard]] integration::command_result once(arguments around = {}) const;

    /// From now on so many tasks run.
    void scale(unsigned tasks);
    /// What the file says when so many run.
    [[nodiscard]] static std::string text_for(unsigned tasks);
    [[nodiscard]] std::string file() const;
    /// Versions of the file that its directory's watchers got to see.
    [[nodiscard]] std::size_t versions() const { return history_->versions().size(); }
    [[nodiscard]] bool until_file_has(unsigned tasks) const;
    /// Waits until that many attempts to bring the file up to date have failed since the agent's start.
    [[nodiscard]] bool until_failed(double attempts) const;
    /// That it is not ready, and says that the file is why.
    [[nodiscard]] testing::AssertionResult is_not_ready_for_its_file() const;

    /// That all is well and at rest: the file says what so many tasks need, Prometheus takes it, the agent is ready,
    /// leaves an equal file alone, has no more descriptors open than after its start, and nothing is left staged.
    void expect_at_rest(unsigned tasks);
    /// That the staging place has nothing but the lock.
    void expect_nothing_staged() const;

    // Mounts in this test's own namespace; they go with it.
    void mount_tmpfs(const fs::path& at, const std::string& options);
    void bind(const fs::path& from, const fs::path& to);
    void make_read_only(const fs::path& mounted, bool is_read_only);
    void unmount(const fs::path& at);

    support::temporary_directory directory;
    fs::path socket = directory / "engine.sock";
    fs::path sd = directory / "sd";
    fs::path output = sd / "endpoints.json";
    fs::path staging = sd / ".swarm-sd";
    fs::path staged = staging / "endpoints.json.tmp";
    fs::path log = directory / "agent.log";
    fs::path trace = directory / "strace.log";
    engine_thread engine{socket};
    std::optional<agent> running;

private:
    std::optional<integration::file_history> history_;
    std::optional<std::size_t> descriptors_; ///< of the first agent when `start_ready` saw it ready
    std::vector<fs::path> mounts_;
};

/// Faults that strace(1) makes.
class traced_fault_test : public fault_test {
protected:
    void SetUp() override;

    /// What is to come before an agent on its command line so that some of its calls fail.
    /// @param paths   calls that concern these; all calls where there are none
    /// @param inject  as strace's `-e inject=` takes it
    [[nodiscard]] arguments with_calls(const std::vector<fs::path>& paths, const std::string& inject) const;
};

} // namespace faults
