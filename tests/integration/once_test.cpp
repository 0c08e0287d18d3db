// `swarm-sd once`, `check` and `health` as a user calls them.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/oracle.hpp"
#include "tests/integration/swarm_test.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

using testing::HasSubstr;

class Once : public swarm_test {
protected:
    [[nodiscard]] static command_result agent(const arguments& words)
    {
        arguments command{AGENT_BINARY};
        command.insert(command.end(), words.begin(), words.end());
        return run(command);
    }
};

TEST_F(Once, WritesOneSnapshotOfARealSwarm)
{
    const private_swarm swarm;
    swarm.make_image("localhost:5000/accountservice:1", {ACCOUNTSERVICE_BINARY});
    swarm.docker({"network", "create", "--driver", "overlay", "my_network"});
    swarm.docker({"service", "create", "--detach", "--no-resolve-image", "--name", "accountservice", "--network",
                  "my_network", "--publish", "6767:6767", "--replicas", "2", "localhost:5000/accountservice:1"});
    ASSERT_TRUE(eventually([&] { return targets_in(expected_endpoints(swarm)).size() == 2; }));

    const auto file = swarm.directory() / "once.json";
    const auto result =
        agent({"once", "--docker.host=unix://" + swarm.socket().string(), "--output=endpoints=" + file.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(normalised(contents_of(file)), expected_endpoints(swarm));

    const arguments same{"diff", "--docker.host=unix://" + swarm.socket().string(),
                         "--output=endpoints=" + file.string()};
    EXPECT_EQ(agent(same).exit_code, 0) << agent(same).out;
    swarm.docker({"service", "update", "--detach", "--label-add", "prometheus.label.team=blue", "accountservice"});
    const auto changed = agent(same);
    EXPECT_EQ(changed.exit_code, 1);
    EXPECT_THAT(changed.out, HasSubstr("+{\"targets\""));
    EXPECT_THAT(changed.out, HasSubstr("\"team\":\"blue\""));

    const auto explained = agent({"explain", "accountservice", "--docker.host=unix://" + swarm.socket().string()});
    EXPECT_EQ(explained.exit_code, 0) << explained.err;
    EXPECT_THAT(explained.out, HasSubstr("on network my_network"));
    const auto unknown = agent({"explain", "acountservice", "--docker.host=unix://" + swarm.socket().string()});
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("perhaps accountservice"));

    const auto checked = agent({"check", file});
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
    EXPECT_THAT(checked.out, HasSubstr("2 targets in 1 groups"));
}

TEST_F(Once, FailsInOneLineThatNamesTheCause)
{
    const auto absent = agent({"once", "--docker.host=unix:///nowhere.sock", "--output=endpoints=/tmp/never.json"});
    EXPECT_EQ(absent.exit_code, 1);
    EXPECT_THAT(absent.err, HasSubstr("No such file or directory"));
    EXPECT_EQ(std::count(absent.err.begin(), absent.err.end(), '\n'), 1) << absent.err;
    EXPECT_FALSE(std::filesystem::exists("/tmp/never.json"));

    EXPECT_EQ(agent({"diff", "--docker.host=unix:///nowhere.sock", "--output=endpoints=/tmp/never.json"}).exit_code, 2);
    EXPECT_EQ(agent({"once", "--select=some"}).exit_code, 2);
    EXPECT_THAT(agent({"check", "/nowhere.json"}).err, HasSubstr("/nowhere.json: No such file"));
    EXPECT_EQ(agent({"health", "--web.listen-address=127.0.0.1:1"}).exit_code, 1);
}

} // namespace
} // namespace integration
