// scripts/private-swarm leaves nothing behind, however it ends.
#include "tests/integration/private_swarm.hpp"

#include "tests/integration/eventually.hpp"
#include "tests/integration/swarm_test.hpp"

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;

class PrivateSwarm : public swarm_test {
protected:
    /// What a swarm might leave on this machine: interfaces, namespaces, mounts and cgroups.
    static std::string state_of_machine()
    {
        return output_of({"sh", "-c",
                          "ip -brief link | cut -d ' ' -f 1; ip netns list; cut -d ' ' -f 5 /proc/self/mountinfo;"
                          "find /sys/fs/cgroup -maxdepth 2 -name 'private-swarm*'"});
    }

    static std::string processes_naming(const std::filesystem::path& directory)
    {
        return run({"pgrep", "--full", directory.string() + "/"}).out;
    }
};

TEST_F(PrivateSwarm, LeavesNothingWhenItGoesDown)
{
    const auto before = state_of_machine();
    std::filesystem::path directory;
    {
        const private_swarm swarm({.managers = 1, .workers = 1});
        directory = swarm.directory();
        swarm.make_image("localhost:5000/sleeper:1", {});
        swarm.docker({"service", "create", "--detach", "--no-resolve-image", "--name", "sleeper", "--replicas", "2",
                      "localhost:5000/sleeper:1", "sleep", "1000"});
        ASSERT_TRUE(eventually([&] { return swarm.docker({"service", "ls", "--format", "{{.Replicas}}"}) == "2/2"; }));
    }
    EXPECT_FALSE(std::filesystem::exists(directory));
    EXPECT_EQ(state_of_machine(), before);
    EXPECT_EQ(processes_naming(directory), "");
}

TEST_F(PrivateSwarm, GoesDownWithItsOwnerEvenWhenThatIsKilled)
{
    const auto before = state_of_machine();
    std::string directory = "/tmp/swarm-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    child_process owner({"sleep", "1000"}, "/dev/null");
    output_of({SOURCE_DIR "/scripts/private-swarm", "up", directory, "--with", std::to_string(owner.pid())}, 90s);
    ASSERT_TRUE(std::filesystem::exists(directory + "/node1/docker.sock"));
    owner.signal(SIGKILL);
    owner.wait();
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(directory); }, 60s));
    EXPECT_TRUE(eventually([&] { return state_of_machine() == before; })) << state_of_machine();
    EXPECT_EQ(processes_naming(directory), "");
}

TEST_F(PrivateSwarm, EndsAndStartsAnEngineThatWasFrozen)
{
    const private_swarm swarm;
    for (const auto* const what : {"freeze", "thaw", "kill", "start"})
        swarm.node(what);
    EXPECT_TRUE(swarm.get("/_ping").starts_with("OK"));
}

TEST_F(PrivateSwarm, SaysWhatIsWrongWithItsDirectory)
{
    const auto result = run({SOURCE_DIR "/scripts/private-swarm", "up", SOURCE_DIR});
    EXPECT_NE(result.exit_code, 0);
    EXPECT_NE(result.err.find("is not empty"), std::string::npos) << result.err;
}

} // namespace
} // namespace integration
