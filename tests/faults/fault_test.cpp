#include "tests/faults/fault_test.hpp"

#include "sd_writer/check.hpp"
#include "tests/integration/prometheus.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <ranges>
#include <stdexcept>

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faults {
namespace {

using support::made_up_service;
using support::made_up_task;

std::string address_of(unsigned task)
{
    return "10.0." + std::to_string(task / 250) + "." + std::to_string(task % 250 + 2);
}

/// Empty, or why this test cannot run.
std::string obstacle()
{
    if (::geteuid() != 0)
        return "only root may mount";
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return "mount namespace: " + std::string(std::strerror(errno));
    return {};
}

void expect_success(int returned, const fs::path& where)
{
    if (returned != 0)
        throw std::runtime_error(where.string() + ": " + std::strerror(errno));
}

ino_t inode_of(const fs::path& path)
{
    struct stat found = {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

} // namespace

fault_test::fault_test()
{
    fs::create_directory(sd);
    fs::permissions(socket, fs::perms{0666}); // for agents that are not root
    engine.with([](support::fake_engine& its) { its.state.nodes["node1"] = support::node_json("node1", "192.0.2.1"); });
    scale(1);
}

void fault_test::SetUp()
{
    const auto reason = obstacle();
    if (reason.empty())
        return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "cannot run: " << reason;
    GTEST_SKIP() << reason;
}

void fault_test::TearDown()
{
    if (history_) {
        for (const auto& version : history_->versions())
            EXPECT_FALSE(sd_writer::check(version.text).error)
                << "a file that Prometheus refuses: " << version.text.substr(0, 500);
    }
    if (HasFailure() && fs::exists(log))
        std::cerr << support::contents_of(log);
    running.reset();
    for (const auto& at : mounts_ | std::views::reverse)
        ::umount2(at.c_str(), MNT_DETACH);
}

void fault_test::start(const agent_start& how)
{
    if (!history_)
        history_.emplace(output);
    running.emplace(socket, output, log, how);
}

void fault_test::start_ready(const agent_start& how)
{
    start(how);
    ASSERT_TRUE(eventually([this] { return !running->running() || running->is_ready(); }) && running->running());
    if (!descriptors_)
        descriptors_ = running->descriptors();
}

std::string fault_test::start_fails(const agent_start& how)
{
    running.emplace(socket, output, log, how);
    EXPECT_EQ(running->wait(), 1);
    return running->log();
}

integration::command_result fault_test::once(arguments around) const
{
    around.insert(around.end(), {AGENT_BINARY, "once", "--docker.host=unix://" + socket.string(),
                                 "--output=endpoints=" + output.string(), "--meta-labels=none"});
    return integration::run(around);
}

void fault_test::scale(unsigned tasks)
{
    engine.with([tasks](support::fake_engine& its) {
        its.state.services["s1"] = to_json(made_up_service{"s1", "accountservice", tasks, 6767});
        its.state.tasks.clear();
        for (unsigned task = 0; task < tasks; ++task) {
            const auto id = "t" + std::to_string(task);
            its.state.tasks[id] = to_json(made_up_task{id, "s1", "node1", address_of(task)});
        }
        its.emit(support::object_event("service", "update", "s1"));
    });
}

std::string fault_test::text_for(unsigned tasks)
{
    std::vector<std::string> targets;
    for (unsigned task = 0; task < tasks; ++task)
        targets.push_back('"' + address_of(task) + ":6767\"");
    std::ranges::sort(targets);
    std::string list;
    for (const auto& target : targets)
        list += (list.empty() ? "" : ",") + target;
    return "[\n{\"targets\":[" + list + "],\"labels\":{\"task\":\"accountservice\"}}\n]\n";
}

std::string fault_test::file() const
{
    return support::contents_of(output);
}

bool fault_test::until_file_has(unsigned tasks) const
{
    const auto wanted = text_for(tasks);
    return eventually([&] { return file() == wanted; });
}

bool fault_test::until_failed(double attempts) const
{
    return eventually([&] { return running->writes("failed") >= attempts; });
}

testing::AssertionResult fault_test::is_not_ready_for_its_file() const
{
    const auto found = running->get("/-/ready");
    if (found.status == 503 && found.body == "not ready: the file could not be brought up to date\n")
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << found.status << ' ' << found.body;
}

void fault_test::expect_at_rest(unsigned tasks)
{
    ASSERT_TRUE(until_file_has(tasks)) << file();
    ASSERT_TRUE(eventually([this] { return running->is_ready(); }));
    EXPECT_TRUE(integration::accepted_by_prometheus(output));
    expect_nothing_staged();

    // Two looks, so that one that began before is not taken for one that began now.
    const auto written = running->writes("written");
    const auto looks = running->writes("unchanged");
    const auto inode = inode_of(output);
    ASSERT_TRUE(eventually([&] { return running->writes("unchanged") >= looks + 2; }));
    EXPECT_EQ(running->writes("written"), written);
    EXPECT_EQ(inode_of(output), inode);
    if (descriptors_) {
        EXPECT_TRUE(eventually([this] { return running->descriptors() <= *descriptors_; }))
            << running->descriptors() << " descriptors, and " << *descriptors_ << " at first";
    }
}

void fault_test::expect_nothing_staged() const
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(staging))
        names.push_back(entry.path().filename());
    EXPECT_THAT(names, testing::ElementsAre("endpoints.json.lock"));
}

void fault_test::mount_tmpfs(const fs::path& at, const std::string& options)
{
    expect_success(::mount("none", at.c_str(), "tmpfs", 0, options.c_str()), at);
    mounts_.push_back(at);
}

void fault_test::bind(const fs::path& from, const fs::path& to)
{
    expect_success(::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr), to);
    mounts_.push_back(to);
}

void fault_test::make_read_only(const fs::path& mounted, bool is_read_only)
{
    unsigned long flags = MS_REMOUNT;
    if (is_read_only)
        flags |= MS_RDONLY;
    expect_success(::mount(nullptr, mounted.c_str(), nullptr, flags, nullptr), mounted);
}

void fault_test::unmount(const fs::path& at)
{
    // Detached: the agent may have something open in there.
    expect_success(::umount2(at.c_str(), MNT_DETACH), at);
    std::erase(mounts_, at);
}

void traced_fault_test::SetUp()
{
    fault_test::SetUp();
    if (IsSkipped())
        return;
    const auto tried = integration::run({"strace", "-o", "/dev/null", "-e", "inject=getpid:error=EPERM", "true"});
    ASSERT_EQ(tried.exit_code, 0) << tried.err;
}

arguments traced_fault_test::with_calls(const std::vector<fs::path>& paths, const std::string& inject) const
{
    // -D: the agent stays the child, so that signals and the exit code are its own.
    arguments command{"strace", "-D", "-f", "-o", trace.string(), "-e", "inject=" + inject};
    for (const auto& path : paths)
        command.insert(command.end(), {"-P", path.string()});
    return command;
}

} // namespace faults
