// What happens to real engines, with agents that have nothing but the Engine API: the faults of docs/reliability.md that
// a scripted engine would only imitate. The same for agents that watch: task_watch_test.cpp.
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/managers_test.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;

class EngineFaults : public managers_test {
protected:
    static std::string log_of(const observed_agent& agent) { return support::contents_of(agent.process().log()); }
    static bool says(const observed_agent& agent, const std::string& text)
    {
        return eventually([&] { return log_of(agent).find(text) != std::string::npos; }, convergence);
    }

    /// What an agent did not hear of, and must find by itself.
    static void change_something() { kill_one("steady"); }

    /// Whether the agent is right and ready again by itself.
    static testing::AssertionResult recovers(const observed_agent& agent, int healthy)
    {
        auto outcome = converges(agent, healthy);
        if (outcome && !eventually([&] { return agent.is_ready(); }, convergence))
            return testing::AssertionFailure() << "not ready";
        return outcome;
    }

    std::filesystem::path directory() const { return swarm_->directory() / "tests" / std::to_string(tests_); }
};

TEST_F(EngineFaults, F01_F02_AnEngineThatIsStoppedOrKilledAgainAndAgainCostsNothing)
{
    auto& agent = engine_feed_on(follower_);
    ASSERT_TRUE(converges(agent, leader_));
    const auto descriptors = agent.process().descriptors();
    time_span blind{system_clock::now(), {}};
    for (const auto* how : {"stop", "kill", "kill", "kill"}) {
        SCOPED_TRACE(how);
        const auto before = contents_of(agent.endpoints());
        fault ended(*swarm_, follower_, how, "start");
        change_something();
        EXPECT_EQ(contents_of(agent.endpoints()), before);
        ended.undo();
        ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
        ASSERT_TRUE(recovers(agent, leader_));
    }
    blind.to = system_clock::now();
    EXPECT_GE(agent.process().metric(R"(swarm_sd_stream_losses_total{cause="eof"})"), 4);
    EXPECT_TRUE(eventually([&] { return agent.process().descriptors() <= descriptors; })) << descriptors;
    judge(agent, blind);
}

TEST_F(EngineFaults, F04_ASocketMountedAsAFileStaysDeadOneInItsDirectoryComesBack)
{
    // As `--mount type=bind` does it: $0 is to be seen at $1.
    const std::string mount_and_run = R"(mount --bind "$0" "$1" && shift && exec "$@")";
    const auto file = directory() / "mounted.sock";
    const auto mounted = directory() / "mounted";
    std::filesystem::create_directories(mounted);
    support::write_file(file, "");
    const auto socket = swarm_->socket(follower_);
    const auto start_with_mount = [&](const std::filesystem::path& what, const std::filesystem::path& where,
                                      const std::filesystem::path& engine) -> observed_agent& {
        auto& agent =
            start_agent({follower_, false, engine, {"unshare", "--mount", "sh", "-c", mount_and_run, what, where}});
        EXPECT_TRUE(agent.is_at_work(false));
        return agent;
    };
    auto& with_file = start_with_mount(socket, file, file);
    auto& with_directory = start_with_mount(socket.parent_path(), mounted, mounted / socket.filename());
    ASSERT_TRUE(converges(with_file, leader_));
    ASSERT_TRUE(converges(with_directory, leader_));
    const auto before = contents_of(with_file.endpoints());

    fault killed(*swarm_, follower_, "kill", "start");
    change_something();
    killed.undo();
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_TRUE(recovers(with_directory, leader_));
    EXPECT_TRUE(says(with_file, "Connection refused"));
    EXPECT_EQ(contents_of(with_file.endpoints()), before) << "the last good targets stay";
    EXPECT_EQ(with_file.process().metric("swarm_sd_stream_connected"), 0);
}

TEST_F(EngineFaults, F06_F07_F15_WhileEnginesHangAndNobodyLeadsTheTargetsStayAndNobodyIsReady)
{
    auto& of_a_hanging_engine = engine_feed_on(follower_);
    auto& without_a_leader = engine_feed_on(bystander_);
    ASSERT_TRUE(converges(of_a_hanging_engine, leader_));
    ASSERT_TRUE(converges(without_a_leader, leader_));
    const auto before = contents_of(without_a_leader.endpoints());
    time_span blind{system_clock::now(), {}};
    fault first(*swarm_, leader_, "freeze", "thaw");
    fault second(*swarm_, follower_, "freeze", "thaw");
    auto& never_answered = start_agent({follower_});
    change_something();

    for (const auto* agent : {&of_a_hanging_engine, &without_a_leader})
        EXPECT_TRUE(eventually([&] { return !agent->is_ready(); }, 60s)) << "on node" << agent->node();
    EXPECT_TRUE(says(of_a_hanging_engine, "timed out"));
    EXPECT_TRUE(says(never_answered, "HEAD /_ping: Connection timed out"));
    EXPECT_TRUE(says(without_a_leader, "GET /services: 500"));
    EXPECT_FALSE(never_answered.is_ready());
    EXPECT_FALSE(std::filesystem::exists(never_answered.endpoints())) << "no list, no write";
    EXPECT_EQ(contents_of(of_a_hanging_engine.endpoints()), before);
    EXPECT_EQ(contents_of(without_a_leader.endpoints()), before);

    first.undo();
    second.undo();
    ASSERT_TRUE(swarm_is_whole());
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    for (const auto* agent : {&of_a_hanging_engine, &without_a_leader, &never_answered})
        EXPECT_TRUE(recovers(*agent, bystander_)) << "on node" << agent->node();
    blind.to = system_clock::now();
    judge(of_a_hanging_engine, blind);
    judge(without_a_leader, blind);
}

TEST_F(EngineFaults, F09_AnAgentHoldsUpNoEngineWhileItReads)
{
    // An engine waits 100 ms at each event for a listener that does not keep up. Renames are events that this one wants.
    constexpr auto held_up = 90ms;
    constexpr int batch = 100;
    std::string name = "idle-0";
    swarm_->docker({"create", "--name", name, "localhost:5000/busybox:1"}, follower_);
    int renames = 0;
    const auto median_of_a_batch = [&] {
        std::string urls;
        for (int number = 0; number < batch; ++number) {
            const auto next = "idle-" + std::to_string(++renames);
            urls += "url = \"http://engine/v1.40/containers/" + name + "/rename?name=" + next + "\"\n";
            name = next;
        }
        std::istringstream times{output_of({"curl", "--silent", "--fail", "--unix-socket", swarm_->socket(follower_),
                                            "--request", "POST", "--write-out", "%{time_total}\n", "--config", "-"},
                                           60s, urls)};
        std::vector<double> seconds;
        for (double value = 0; times >> value;)
            seconds.push_back(value);
        EXPECT_EQ(seconds.size(), static_cast<std::size_t>(batch));
        std::ranges::sort(seconds);
        return std::chrono::duration<double>(seconds.at(seconds.size() / 2));
    };

    auto& agent = engine_feed_on(follower_);
    ASSERT_TRUE(converges(agent, leader_));
    const auto heard = [&] { return agent.process().metric(R"(swarm_sd_events_total{type="container"})"); };
    const auto heard_before = heard();
    // More than the engine and the socket keep for a listener.
    for (int round = 0; round < 16; ++round)
        ASSERT_LT(median_of_a_batch(), held_up) << "after " << renames << " events";
    EXPECT_TRUE(eventually([&] { return heard() - heard_before >= renames; })) << heard() - heard_before;

    // That a listener which does not read is seen in these figures: one that stands still.
    agent.process().freeze();
    bool is_held_up = false;
    for (int round = 0; round < 30 && !is_held_up; ++round)
        is_held_up = median_of_a_batch() > held_up;
    EXPECT_TRUE(is_held_up);
    change_something();
    agent.process().thaw();
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_TRUE(recovers(agent, leader_));
    EXPECT_LT(median_of_a_batch(), held_up);
    swarm_->docker({"rm", name}, follower_);
}

TEST_F(EngineFaults, F14_TasksReplacedByAForcedUpdateAreFoundBeforeTheNextResync)
{
    create("forced", 2, {"--update-monitor", "500ms", "--update-delay", "0s"});
    ASSERT_TRUE(run_as_wanted("forced", 2));
    // The tasks run on another node, of which this engine tells nothing.
    auto& agent = engine_feed_on(bystander_, {"--docker.resync-interval=1h"});
    ASSERT_TRUE(converges(agent, leader_));
    const auto before = containers("forced");
    swarm_->docker({"service", "update", "--detach", "--force", "forced"}, leader_);
    ASSERT_TRUE(eventually(
        [&] {
            const auto now = containers("forced");
            return now.size() == 2 && std::ranges::find_first_of(now, before) == now.end();
        },
        convergence));
    EXPECT_TRUE(converges(agent, leader_));
    EXPECT_EQ(agent.process().metric(R"(swarm_sd_reads_total{what="everything"})"), 1);
    judge(agent);
}

TEST_F(EngineFaults, F17_ADemotedManagerKeepsItsFileAndIsRightWhenPromotedAgain)
{
    auto& agent = engine_feed_on(follower_);
    ASSERT_TRUE(converges(agent, leader_));
    const auto before = contents_of(agent.endpoints());
    time_span blind{system_clock::now(), {}};
    fault demoted([&] { change_role("demote", follower_, leader_); },
                  [&] { change_role("promote", follower_, leader_); });
    EXPECT_TRUE(says(agent, "This node is not a swarm manager"));
    // While its role changes an engine may still list what has changed; from here on it does not.
    const auto versions = agent.versions().size();
    change_something();
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_EQ(contents_of(agent.endpoints()), before);
    EXPECT_EQ(agent.versions().size(), versions);
    demoted.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(recovers(agent, leader_));
    blind.to = system_clock::now();
    judge(agent, blind);
}

TEST_F(EngineFaults, F18_AnEngineThatIsLockedOrLeftTheSwarmIsNamedAsSuchAndTheFileStays)
{
    auto& agent = engine_feed_on(follower_);
    ASSERT_TRUE(converges(agent, leader_));
    const auto before = contents_of(agent.endpoints());
    time_span blind{system_clock::now(), {}};
    const auto post = [&](const std::string& path, const std::string& body) {
        output_of({"curl", "--silent", "--show-error", "--fail", "--unix-socket", swarm_->socket(follower_), "--header",
                   "Content-Type: application/json", "--data", body, "http://engine/v1.40" + path});
    };

    fault locks([&] { swarm_->docker({"swarm", "update", "--autolock=true"}, leader_); },
                [&] { swarm_->docker({"swarm", "update", "--autolock=false"}, leader_); });
    const auto key = swarm_->docker({"swarm", "unlock-key", "--quiet"}, leader_);
    fault killed(*swarm_, follower_, "kill", "start");
    killed.undo();
    EXPECT_TRUE(says(agent, "Swarm is encrypted and needs to be unlocked"));
    EXPECT_EQ(contents_of(agent.endpoints()), before);
    post("/swarm/unlock", R"({"UnlockKey":")" + key + R"("})");
    locks.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(recovers(agent, leader_));

    const auto name = "node" + std::to_string(follower_);
    const auto token = swarm_->docker({"swarm", "join-token", "--quiet", "manager"}, leader_);
    const auto address = "198.18.0." + std::to_string(follower_);
    change_role("demote", follower_, leader_);
    ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(swarm_->control_socket(follower_)); }));
    fault left([&] { swarm_->docker({"swarm", "leave"}, follower_); },
               [&] {
                   swarm_->docker({"node", "rm", "--force", name}, leader_);
                   swarm_->docker({"swarm", "join", "--token", token, "--advertise-addr", address, "--listen-addr",
                                   address, "198.18.0." + std::to_string(leader_)},
                                  follower_);
               });
    EXPECT_TRUE(says(agent, "This node is not a swarm manager. Use"));
    EXPECT_EQ(contents_of(agent.endpoints()), before);
    left.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(recovers(agent, leader_));
    blind.to = system_clock::now();
    judge(agent, blind);
}

TEST_F(EngineFaults, F20_F21_AProxyThatRefusesIsNamedOneThatCutsIdleStreamsDoesNotMatter)
{
    const auto socket = directory() / "proxy.sock";
    std::filesystem::create_directories(directory());
    std::optional<child_process> proxy;
    const auto start_proxy = [&](const std::string& paths, const std::string& patience) {
        proxy.reset();
        std::filesystem::remove(socket);
        // As docker-socket-proxy has it.
        const auto configuration = directory() / "haproxy.cfg";
        support::write_file(configuration, "defaults\n  mode http\n  timeout connect 5s\n  timeout client " + patience +
                                               "\n  timeout server " + patience +
                                               "\nfrontend docker\n  bind unix@" + socket.string() +
                                               "\n  http-request deny unless METH_GET\n"
                                               "  http-request allow if { path -m reg ^(/v[0-9.]+)?/(" +
                                               paths +
                                               ") }\n  http-request deny\n  default_backend engine\n"
                                               "backend engine\n  server engine unix@" +
                                               swarm_->socket(follower_).string() + "\n");
        proxy.emplace(arguments{"haproxy", "-db", "-f", configuration.string()}, directory() / "haproxy.log");
        ASSERT_TRUE(eventually([&] { return std::filesystem::exists(socket); }))
            << support::contents_of(directory() / "haproxy.log");
    };
    start_proxy("_ping|events|services|nodes|networks", "1m");
    auto& agent = start_agent({follower_, false, socket});
    EXPECT_TRUE(says(agent, "TASKS=1"));
    EXPECT_FALSE(agent.is_ready());
    EXPECT_FALSE(std::filesystem::exists(agent.endpoints())) << "no list, no write";

    start_proxy("_ping|events|services|nodes|networks|tasks", "1s");
    EXPECT_TRUE(recovers(agent, leader_));
    const auto cuts = [&] { return agent.process().metric(R"(swarm_sd_stream_losses_total{cause="eof"})"); };
    EXPECT_TRUE(eventually([&] { return cuts() >= 3; }, convergence)) << "idle streams are cut";
    change_something();
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_TRUE(recovers(agent, leader_));
    judge(agent);
}

} // namespace
} // namespace integration
