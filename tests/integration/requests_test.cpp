// What the agent asks a real engine for: read-only calls of the documented list, whatever happens in the swarm.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/recording_proxy.hpp"
#include "tests/integration/swarm_test.hpp"
#include "tests/support/documented_calls.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string image = "localhost:5000/accountservice:1";
const std::vector<std::string> roles{"endpoints", "tasks", "services", "nodes", "containers"};

class Requests : public swarm_test {
protected:
    static std::size_t count(const recording_proxy& proxy, std::string_view word)
    {
        const auto all = proxy.requests();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [word](const auto& one) { return one.target.find(word) != std::string::npos; }));
    }
};

TEST_F(Requests, AreOnlyThoseOfTheDocumentedList)
{
    const private_swarm swarm;
    swarm.make_image(image, {ACCOUNTSERVICE_BINARY});
    swarm.docker({"network", "create", "--driver", "overlay", "my_network"});
    const auto socket = swarm.directory() / "proxy.sock";
    const recording_proxy proxy(socket, swarm.socket());

    const auto directory = swarm.directory() / "requests" / "sd";
    const auto file = [&](const std::string& role) { return directory / (role + ".json"); };
    arguments outputs;
    for (const auto& role : roles)
        outputs.push_back("--output=" + role + "=" + file(role).string());

    arguments more(outputs.begin() + 1, outputs.end()); // the first is there anyway
    more.insert(more.end(), {"--docker.resync-interval=2s", "--confirm-empty=false"});
    agent_process agent(swarm, file("endpoints"), more, {.engine = socket});
    ASSERT_TRUE(agent.becomes_ready());
    const auto has = [&](const std::string& role, const std::string& text) {
        return eventually([&] { return contents_of(file(role)).find(text) != std::string::npos; });
    };
    const auto lacks = [&](const std::string& role, const std::string& text) {
        return eventually([&] { return contents_of(file(role)).find(text) == std::string::npos; });
    };

    swarm.docker({"service", "create", "--detach", "--no-resolve-image", "--name", "a", "--network", "my_network",
                  "--publish", "6767:6767", "--stop-grace-period", "1s", image});
    ASSERT_TRUE(has("endpoints", ":6767\"")) << "/events goes through, and single objects are read";
    swarm.docker({"service", "scale", "--detach", "a=3"});
    ASSERT_TRUE(has("tasks", "\"__meta_dockerswarm_task_slot\":\"3\""));
    swarm.docker({"service", "update", "--detach", "--label-add", "tier=gold", "a"});
    ASSERT_TRUE(has("services", "\"gold\""));
    swarm.docker({"node", "update", "--label-add", "rack=r1", "node1"});
    ASSERT_TRUE(has("nodes", "\"r1\""));
    swarm.docker({"run", "--detach", "--name", "plain", image});
    ASSERT_TRUE(has("containers", "\"/plain\""));
    swarm.docker({"stop", "--time", "1", "plain"});
    ASSERT_TRUE(lacks("containers", "\"/plain\""));
    for (const auto& role : roles)
        EXPECT_THAT(agent.page("/sd/" + role), HasSubstr("[")) << role;

    const auto run_through_proxy = [&](arguments command) {
        command.insert(command.begin(), AGENT_BINARY);
        command.push_back("--docker.host=unix://" + socket.string());
        return run(command);
    };
    arguments once{"once"};
    arguments diff{"diff"};
    for (const auto& role : roles) {
        once.push_back("--output=" + role + "=" + (swarm.directory() / (role + ".json")).string());
        diff.push_back(once.back());
    }
    // Between the two the last tasks may still become what they will be.
    EXPECT_TRUE(
        eventually([&] { return run_through_proxy(once).exit_code == 0 && run_through_proxy(diff).exit_code == 0; }));
    EXPECT_EQ(run_through_proxy({"explain", "a"}).exit_code, 0);

    swarm.docker({"service", "rm", "a"});
    ASSERT_TRUE(lacks("services", "\"a\""));
    const auto lists_before = count(proxy, "/containers/json");
    ASSERT_TRUE(eventually([&] { return count(proxy, "/containers/json") > lists_before; })) << "one more full list";
    EXPECT_EQ(agent.stop(), 0);

    support::documented_calls documented;
    for (const auto& [method, target] : proxy.requests())
        EXPECT_TRUE(documented.allow(method, target)) << method << " " << target;
    EXPECT_THAT(documented.unseen(), testing::ElementsAre(HasSubstr("`GET /_ping`")))
        << "every row was put to the test, but the one for proxies without HEAD";
}

} // namespace
} // namespace integration
