// One real Prometheus, one real swarm: the roles' files and Prometheus' own discovery come to the same.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/prometheus.hpp"
#include "tests/integration/swarm_test.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> swarm_roles{"tasks", "services", "nodes"};

/// Two jobs for each role, `own-ROLE` and `file-ROLE`, which scrape nothing.
std::string configuration()
{
    const std::string nothing = "    relabel_configs: [{action: drop, source_labels: [__address__], regex: '.*'}]\n";
    const auto own = [&](const std::string& role, const std::string& discovery) {
        return "  - job_name: own-" + role + "\n    " + discovery + "\n" + nothing + "  - job_name: file-" + role +
               "\n    file_sd_configs: [{files: [/sd/" + role + ".json]}]\n" + nothing;
    };
    std::string text = "scrape_configs:\n";
    for (const auto& role : swarm_roles)
        text += own(role, "dockerswarm_sd_configs: [{host: 'unix:///docker.sock', role: " + role +
                              ", refresh_interval: 1s}]");
    return text + own("containers", "docker_sd_configs: [{host: 'unix:///docker.sock', refresh_interval: 1s}]");
}

/// A file_sd document as `prometheus::discovered` has it.
std::string label_sets_in(const std::filesystem::path& file)
{
    try {
        return jq("[.[] | .labels as $labels | .targets[] | {__address__: .} + $labels] | unique", contents_of(file));
    } catch (const std::runtime_error&) {
        return {};
    }
}

/// How many objects of the swarm are not where they should end: tasks on their way, services without all their tasks.
/// @return in words; empty for a swarm at rest
std::string in_motion(const private_swarm& swarm)
{
    try {
        return jq(R"jq(
          (.services | map({key: .ID, value: (.Spec.Mode.Replicated.Replicas // 1)}) | from_entries) as $wanted
          | [ .tasks[] | select(.DesiredState == "running") ] as $meant
          | [ .services[] | select(.UpdateStatus.State // "" | test("updating|rollback_started")) | .Spec.Name ]
            + [ .tasks[] | select(.DesiredState != "running" and (.Status.State | test("running|starting|preparing"))) | .ID ]
            + [ $meant[] | select(.Status.State != "running") | .ID ]
            + [ $wanted | to_entries[] | select(.value != (.key as $id | [ $meant[] | select(.ServiceID == $id) ] | length))
                | .key ]
          | join(" "))jq",
                  R"({"tasks":)" + swarm.get("/tasks") + R"(,"services":)" + swarm.get("/services") + "}");
    } catch (const std::runtime_error&) {
        return "the engine does not answer";
    }
}

/// How often Prometheus' own discovery failed; its targets stay as they were then.
double refresh_failures(const prometheus& subject, const std::string& mechanism)
{
    return subject.metric("prometheus_sd_refresh_failures_total{mechanism=\"" + mechanism + "\"}");
}

class Roles : public swarm_test {};

TEST_F(Roles, ComeToWhatPrometheusDiscoversAfterEachChange)
{
    const private_swarm swarm;
    for (const auto* image : {"localhost:5000/accountservice:1", "localhost:5000/accountservice:2"})
        swarm.make_image(image, {ACCOUNTSERVICE_BINARY});
    prometheus::make_image(swarm);
    for (const auto* network : {"my_network", "other_network"})
        swarm.docker({"network", "create", "--driver", "overlay", "--attachable", "--label", "zone=a.b", network});

    const auto directory = swarm.directory() / "roles" / "sd";
    const auto file = [&](const std::string& role) { return role + "=" + (directory / (role + ".json")).string(); };
    agent_process agent(swarm, directory / "endpoints.json",
                        {"--output=" + file("tasks"), "--output=" + file("services"), "--output=" + file("nodes"),
                         "--output=" + file("containers"), "--confirm-empty=false"});
    ASSERT_TRUE(agent.becomes_ready());
    const prometheus both(swarm, "my_network", directory, configuration());
    ASSERT_TRUE(both.becomes_ready());

    // All three the same: what the file says, what Prometheus makes of the file, and what it discovers itself.
    const auto same = [&](const std::string& role) {
        const auto written = label_sets_in(directory / (role + ".json"));
        return !written.empty() && written == both.discovered("file-" + role) &&
               written == both.discovered("own-" + role);
    };
    std::vector<std::string> all = swarm_roles;
    all.emplace_back("containers");
    const auto all_files = [&] {
        std::string text;
        for (const auto& role : all)
            text += contents_of(directory / (role + ".json"));
        return text;
    };

    const arguments create{"service",
                           "create",
                           "--detach",
                           "--no-resolve-image",
                           "--restart-delay",
                           "500ms",
                           "--stop-grace-period",
                           "1s",
                           "--update-monitor",
                           "500ms"};
    const auto service = [&](arguments more, const std::string& image = "localhost:5000/accountservice:1") {
        auto words = create;
        words.insert(words.end(), more.begin(), more.end());
        words.push_back(image);
        swarm.docker(words);
    };
    const std::vector<std::function<void()>> changes{
        [&] {
            service({"--name", "a", "--network", "my_network", "--publish", "6767:6767", "--replicas", "2"});
        },
        [&] {
            service({"--name", "b", "--network", "other_network", "--label", "com.example.team=x"});
        },
        [&] {
            service({"--name", "c", "--mode", "global", "--publish", "mode=host,published=9100,target=6767"});
        },
        [&] {
            swarm.docker({"service", "scale", "--detach", "a=3"});
        },
        [&] {
            swarm.docker({"service", "update", "--detach", "--label-add", "tier=gold", "b"});
        },
        [&] {
            swarm.docker({"node", "update", "--label-add", "rack=r1", "node1"});
        },
        [&] {
            swarm.docker({"service", "update", "--detach", "--no-resolve-image", "--image",
                          "localhost:5000/accountservice:2", "b"});
        },
        [&] {
            swarm.docker({"run", "--detach", "--name", "plain", "--label", "a-b=c", "localhost:5000/accountservice:1"});
        },
        [&] {
            swarm.docker({"service", "scale", "--detach", "a=1"});
        },
        [&] {
            swarm.docker({"service", "rm", "b"});
        },
    };
    int number = 0;
    for (const auto& change : changes) {
        SCOPED_TRACE(++number);
        const auto before = all_files();
        change();
        ASSERT_TRUE(eventually([&] { return all_files() != before; })) << "the change is in a file";
        ASSERT_TRUE(eventually([&] { return in_motion(swarm).empty(); }, 60s)) << in_motion(swarm);
        // Prometheus takes up to 11 s: its refresh, and two tickers of 5 s. Equal for a moment on the way is not
        // enough.
        const auto all_same = [&] { return std::ranges::all_of(all, same); };
        ASSERT_TRUE(eventually([&] { return all_same() && throughout(3s, all_same); }, 90s)) << [&] {
            std::string text;
            for (const auto& role : all)
                if (!same(role))
                    text += role + "\nPrometheus: " + both.discovered("own-" + role) +
                            "\nours:       " + label_sets_in(directory / (role + ".json")) + "\n";
            return text;
        }();
    }
    for (const auto& role : all)
        EXPECT_TRUE(accepted_by_prometheus(directory / (role + ".json")));
    EXPECT_EQ(refresh_failures(both, "dockerswarm"), 0) << "nothing was compared with what it knew before";
    EXPECT_EQ(refresh_failures(both, "docker"), 0);
    EXPECT_EQ(both.metric("prometheus_sd_file_read_errors_total"), 0);

    // A service on the host's network has a virtual IP without an address, at which Prometheus fails role `services`
    // and learns nothing more. Ours leaves out that address alone.
    swarm.docker({"service", "create", "--detach", "--no-resolve-image", "--name", "on-host", "--network", "host",
                  "localhost:5000/accountservice:1"});
    ASSERT_TRUE(eventually([&] { return refresh_failures(both, "dockerswarm") > 0; }));
    service({"--name", "later", "--network", "my_network"});
    const auto knows_later = [](const std::string& text) { return text.find("\"later\"") != std::string::npos; };
    ASSERT_TRUE(eventually([&] { return knows_later(both.discovered("file-services")); }, 60s));
    EXPECT_FALSE(knows_later(both.discovered("own-services")));
    EXPECT_EQ(contents_of(directory / "services.json").find("\"on-host\""), std::string::npos);
    for (const auto* role : {"tasks", "nodes", "containers"})
        EXPECT_TRUE(eventually([&] { return same(role); }, 90s)) << role;
    swarm.docker({"service", "rm", "on-host"});
    EXPECT_TRUE(eventually([&] { return std::ranges::all_of(all, same); }, 90s)) << "equal again without it";
}

} // namespace
} // namespace integration
