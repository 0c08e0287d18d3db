// The task watch on a real swarm of three managers and a worker: agents that watch on every manager, one beside them
// that does not, and what can happen to the managers.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/oracle.hpp"
#include "tests/integration/private_swarm.hpp"
#include "tests/integration/recording_proxy.hpp"
#include "tests/integration/task_lives.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace integration {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

const std::string network = "my_network";
const std::string image = "localhost:5000/busybox:1";
constexpr int managers = 3;
constexpr int worker = 4;
/// A dead target may stay for so long where nothing keeps its death from being told.
constexpr auto a_while = 10s;
/// A swarm may need some elections until all managers follow one leader again.
constexpr auto whole = 150s;
/// What happened must be in the file by then once nothing is in the way any more.
constexpr auto convergence = 45s;

std::vector<std::string> lines(const std::string& text)
{
    std::vector<std::string> result;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);)
        result.push_back(line);
    return result;
}

/// Something done to the swarm, undone at the latest with this object.
class fault {
public:
    fault(const std::function<void()>& doing, std::function<void()> undoing) : undoing_(std::move(undoing)) { doing(); }

    /// Done to a node's engine: commands of `private_swarm::node`.
    fault(const private_swarm& swarm, int node, const std::string& what, const std::string& undoing)
        : fault([&] { end(swarm, node, what); }, [&swarm, node, undoing] { swarm.node(undoing, node); })
    {
    }
    fault(const fault&) = delete;
    fault& operator=(const fault&) = delete;
    ~fault()
    {
        try {
            undo();
        } catch (const std::runtime_error& error) {
            ADD_FAILURE() << error.what();
        }
    }

    void undo()
    {
        if (const auto undoing = std::exchange(undoing_, nullptr))
            undoing();
    }

private:
    /// dockerd 20.10 may hang for good when it is stopped and its containerd is faster.
    static void end(const private_swarm& swarm, int node, const std::string& what)
    {
        try {
            swarm.node(what, node);
        } catch (const std::runtime_error&) {
            if (what != "stop")
                throw;
            swarm.node("kill", node);
        }
    }

    std::function<void()> undoing_;
};

/// An agent, its files, and every version of its endpoints file.
class observed_agent {
public:
    observed_agent(const private_swarm& swarm, const std::filesystem::path& directory, const agent_place& place)
        : directory_(made(directory / "output")),
          node_(place.node),
          history_(endpoints()),
          process_(swarm, endpoints(), flags(), place)
    {
    }

    [[nodiscard]] bool is_at_work(bool watches) const
    {
        return process_.becomes_ready() && eventually([&] { return this->watches() == watches; });
    }

    [[nodiscard]] std::filesystem::path endpoints() const { return file("endpoints"); }
    [[nodiscard]] std::filesystem::path file(const std::string& role) const { return directory_ / (role + ".json"); }
    [[nodiscard]] agent_process& process() { return process_; }
    [[nodiscard]] int node() const { return node_; }

    [[nodiscard]] bool watches() const
    {
        return process_.metric(R"(swarm_sd_feed_active{feed="task_watch"})") == 1 &&
               process_.metric("swarm_sd_watch_changes_held_back") == 0;
    }
    [[nodiscard]] bool is_ready() const { return process_.page("/-/ready") == "ready\n"; }

    [[nodiscard]] std::vector<file_history::version> versions() const { return history_.versions(); }

    /// How often anything happened in the directory of all its files.
    [[nodiscard]] std::size_t wake_ups() const { return history_.wake_ups(); }

private:
    static std::filesystem::path made(const std::filesystem::path& directory)
    {
        std::filesystem::create_directories(directory);
        return directory;
    }

    [[nodiscard]] arguments flags() const
    {
        arguments all{"--debounce=20ms", "--meta-labels=task", "--docker.resync-interval=2s", "--log.level=info"};
        for (const auto* role : {"tasks", "services", "nodes"})
            all.push_back("--output=" + std::string(role) + "=" + file(role).string());
        return all;
    }

    std::filesystem::path directory_;
    int node_;
    file_history history_;
    agent_process process_;
};

class TaskWatch : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        obstacle_ = private_swarm::obstacle();
        if (!obstacle_.empty())
            return;
        swarm_ = std::make_unique<private_swarm>(swarm_size{managers, 1});
        swarm_->make_image(image, {});
        swarm_->docker({"network", "create", "--driver", "overlay", "--attachable", network});
        lives_ = std::make_unique<task_lives>(*swarm_, worker, swarm_->directory() / "events.log");
    }

    static void TearDownTestSuite()
    {
        lives_.reset();
        swarm_.reset();
    }

    void SetUp() override
    {
        if (!obstacle_.empty()) {
            ASSERT_EQ(std::getenv("CI"), nullptr) << "cannot run: " << obstacle_;
            GTEST_SKIP() << obstacle_;
        }
        ++tests_;
        begun_ = system_clock::now();
        ASSERT_TRUE(swarm_is_whole());
        leader_ = leader();
        follower_ = next_manager(leader_);
        bystander_ = next_manager(follower_);
        create("steady", 2);
        ASSERT_TRUE(run_as_wanted("steady", 2));
    }

    void TearDown() override
    {
        if (!obstacle_.empty())
            return;
        if (HasFailure())
            for (const auto& agent : agents_)
                std::cout << "--- node" << agent->node() << ": the file\n"
                          << normalised(contents_of(agent->endpoints())) << "\nthe agent's last lines\n"
                          << run({"tail", "-n", "40", agent->process().log()}).out;
        agents_.clear();
        ASSERT_TRUE(swarm_is_whole());
        for (const auto& name : lines(swarm_->docker({"service", "ls", "--format", "{{.Name}}"}, leader())))
            swarm_->docker({"service", "rm", name}, leader());
        ASSERT_TRUE(eventually([] { return swarm_->get("/tasks", leader()) == "[]\n"; }, convergence));
    }

    // --- The swarm ---

    /// The manager that leads, as the given one has it; 0 while none does.
    static int leader(int asked)
    {
        const auto nodes = swarm_->get("/nodes", asked);
        if (!nodes.starts_with('['))
            return 0;
        const auto name =
            jq(R"(.[] | select(.ManagerStatus.Leader) | .Description.Hostname | ltrimstr("node"))", nodes);
        return name.empty() ? 0 : std::stoi(name);
    }

    static int leader() { return leader(1); }
    static int next_manager(int node) { return node % managers + 1; }

    static bool swarm_is_whole()
    {
        return eventually(
            [] {
                for (int node = 1; node <= managers; ++node) {
                    const auto nodes = swarm_->get("/nodes", node);
                    if (!nodes.starts_with('[') || jq(R"(map(select(.Status.State == "ready" and (.Spec.Role == "worker"
                               or .ManagerStatus.Reachability == "reachable"))) | length)",
                                                      nodes) != std::to_string(managers + 1))
                        return false;
                }
                return true;
            },
            whole);
    }

    static void create(const std::string& name, int replicas, const arguments& more = {}, int asked = 0)
    {
        arguments words{"service",         "create",
                        "--detach",        "--no-resolve-image",
                        "--name",          name,
                        "--network",       network,
                        "--replicas",      std::to_string(replicas),
                        "--label",         "prometheus.port=80",
                        "--restart-delay", "500ms",
                        "--constraint",    "node.role==worker",
                        "--stop-signal",   "SIGKILL"};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {image, "httpd", "-f", "-p", "80"});
        swarm_->docker(words, asked == 0 ? leader() : asked);
    }

    /// A service whose tasks no node may run. They cost no addresses, of which a network has 253.
    static void create_unplaced(const std::string& name)
    {
        swarm_->docker({"service", "create", "--detach", "--no-resolve-image", "--name", name, "--replicas", "0",
                        "--constraint", "node.labels.none==here", image},
                       leader());
    }

    static void scale(const arguments& to, int asked)
    {
        arguments words{"service", "scale", "--detach"};
        words.insert(words.end(), to.begin(), to.end());
        swarm_->docker(words, asked);
    }

    static std::vector<std::string> containers(const std::string& service)
    {
        return lines(
            swarm_->docker({"ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=" + service}, worker));
    }
    static std::size_t running(const std::string& service) { return containers(service).size(); }

    /// Kills one container of a service on the worker; the swarm replaces it as soon as it can.
    static void kill_one(const std::string& service) { swarm_->docker({"kill", containers(service).at(0)}, worker); }

    // --- The agents ---

    observed_agent& start_agent(int node, bool watches, const std::filesystem::path& engine = {})
    {
        const auto directory =
            swarm_->directory() / "tests" / std::to_string(tests_) /
            ((watches ? "watch" : "engine") + std::to_string(node) + "-" + std::to_string(agents_.size()));
        agents_.push_back(std::make_unique<observed_agent>(*swarm_, directory, agent_place{node, watches, engine}));
        EXPECT_TRUE(agents_.back()->is_at_work(watches)) << "on node" << node;
        return *agents_.back();
    }
    observed_agent& watch_on(int node, const std::filesystem::path& engine = {})
    {
        return start_agent(node, true, engine);
    }
    observed_agent& engine_feed_on(int node) { return start_agent(node, false); }

    /// Whether the file comes to say what a manager says.
    static AssertionResult converges(const observed_agent& agent, int healthy,
                                     std::chrono::milliseconds limit = convergence)
    {
        std::string expected;
        std::string actual;
        if (eventually(
                [&] {
                    expected = expected_endpoints(*swarm_, healthy);
                    actual = normalised(contents_of(agent.endpoints()));
                    return !expected.empty() && actual == expected;
                },
                limit))
            return AssertionSuccess();
        return AssertionFailure() << "the swarm: " << expected << "\nthe file:  " << actual;
    }

    /// Whether two agents come to write the same bytes for every role.
    static AssertionResult agree(const observed_agent& left, const observed_agent& right,
                                 std::chrono::milliseconds limit = convergence)
    {
        const std::vector<std::string> roles{"endpoints", "tasks", "services", "nodes"};
        const auto same = [&](const auto& role) {
            return contents_of(left.file(role)) == contents_of(right.file(role)) &&
                   !contents_of(left.file(role)).empty();
        };
        if (eventually([&] { return std::ranges::all_of(roles, same); }, limit))
            return AssertionSuccess();
        const auto role = *std::ranges::find_if_not(roles, same);
        return AssertionFailure() << role << " differs:\nnode" << left.node() << ": " << contents_of(left.file(role))
                                  << "\nnode" << right.node() << ": " << contents_of(right.file(role));
    }

    /// Whether so many containers of a service come to run, and the managers know.
    static bool run_as_wanted(const std::string& service, std::size_t count)
    {
        return eventually([&] { return running(service) == count && is_at_rest(leader()); }, convergence);
    }

    /// Whether what runs on the worker is what a manager wants to run.
    static bool is_at_rest(int asked)
    {
        const auto tasks = swarm_->get("/tasks", asked);
        return tasks.starts_with('[') &&
               lines(jq(R"jq(.[] | select(.Status.State == "running" and .DesiredState == "running")
                             | .Status.ContainerStatus.ContainerID[:12])jq",
                        tasks))
                       .size() == lines(swarm_->docker({"ps", "--quiet"}, worker)).size();
    }

    /// What the file said at any moment.
    void judge(const observed_agent& agent, const std::optional<time_span>& blind = std::nullopt)
    {
        ASSERT_TRUE(eventually([this] { return is_at_rest(bystander_); }, convergence));
        const auto lives = lives_->so_far();
        EXPECT_TRUE(no_live_target_is_dropped(agent.versions(), lives)) << "on node" << agent.node();
        EXPECT_TRUE(no_ghost_is_there(agent.versions(), lives, a_while, blind)) << "on node" << agent.node();
    }

    /// That the agent of a follower keeps its targets while something is done to the engine it asks, and is right again
    /// when that is undone.
    void survives(const std::string& what, const std::string& undoing)
    {
        auto& agent = watch_on(follower_);
        auto& engine_feed = engine_feed_on(bystander_);
        const auto before = contents_of(agent.endpoints());
        time_span blind{system_clock::now(), {}};
        fault broken(*swarm_, follower_, what, undoing);
        kill_one("steady");
        ASSERT_TRUE(eventually([] { return running("steady") == 2; }));
        ASSERT_TRUE(converges(engine_feed, leader_));
        EXPECT_EQ(contents_of(agent.endpoints()), before);

        broken.undo();
        ASSERT_TRUE(swarm_is_whole());
        EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
        blind.to = system_clock::now();
        EXPECT_TRUE(converges(agent, leader_));
        EXPECT_TRUE(agree(agent, engine_feed));
        judge(agent, blind);
    }

    static std::string obstacle_;
    static std::unique_ptr<private_swarm> swarm_;
    static std::unique_ptr<task_lives> lives_;
    static int tests_;
    system_clock::time_point begun_;
    int leader_ = 0;
    int follower_ = 0;
    int bystander_ = 0;
    std::vector<std::unique_ptr<observed_agent>> agents_;
};

std::string TaskWatch::obstacle_;
std::unique_ptr<private_swarm> TaskWatch::swarm_;
std::unique_ptr<task_lives> TaskWatch::lives_;
int TaskWatch::tests_ = 0;

TEST_F(TaskWatch, AndEngineFeedWriteTheSameFilesOfEveryRole)
{
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    const std::vector<std::function<void()>> changes{
        [&] {
            create("web", 3, {"--label", "prometheus.job=web", "--label", "prometheus.label.team=blue"});
        },
        [&] { scale({"web=1"}, leader_); },
        [&] {
            create("everywhere", 1, {"--publish", "mode=host,target=80"});
        },
        [&] {
            swarm_->docker({"service", "update", "--detach", "--label-add", "prometheus.label.team=red", "web"},
                           leader_);
        },
        [&] {
            swarm_->docker({"node", "update", "--label-add", "rack=r1", "node4"}, leader_);
        },
        [&] {
            ASSERT_TRUE(eventually([] { return running("web") == 1; }));
            kill_one("web");
        },
        [&] {
            swarm_->docker({"service", "update", "--detach", "--env-add", "A=B", "web"}, leader_);
        },
        [&] {
            swarm_->docker({"service", "rm", "everywhere"}, leader_);
        },
    };
    int number = 0;
    for (const auto& change : changes) {
        SCOPED_TRACE(++number);
        const auto before = contents_of(engine_feed.file("tasks")) + contents_of(engine_feed.file("nodes"));
        change();
        ASSERT_TRUE(eventually(
            [&] { return contents_of(engine_feed.file("tasks")) + contents_of(engine_feed.file("nodes")) != before; }));
        for (const auto* agent : {&on_leader, &on_follower, &engine_feed})
            ASSERT_TRUE(converges(*agent, leader_)) << "on node" << agent->node();
        ASSERT_TRUE(agree(on_leader, engine_feed));
        ASSERT_TRUE(agree(on_follower, engine_feed));
    }
    for (const auto* agent : {&on_leader, &on_follower, &engine_feed})
        judge(*agent);
}

TEST_F(TaskWatch, TakesATargetAwayBeforeItsContainerStopsAnswering)
{
    create("web", 3);
    ASSERT_TRUE(run_as_wanted("web", 3));
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    ASSERT_TRUE(converges(on_leader, leader_));
    ASSERT_TRUE(converges(on_follower, leader_));
    scale({"web=1"}, leader_);
    ASSERT_TRUE(eventually([] { return running("web") == 1; }));

    for (const auto* agent : {&on_leader, &on_follower}) {
        const auto versions = agent->versions();
        int gone = 0;
        for (const auto& life : lives_->so_far()) {
            if (life.service != "web" || !life.died || life.started < begun_)
                continue;
            ++gone;
            const auto without = std::ranges::find_if_not(versions, [&](const auto& one) { return holds(one, life); });
            ASSERT_NE(without, versions.end()) << "on node" << agent->node();
            EXPECT_LT(without->at, *life.died) << "on node" << agent->node();
        }
        EXPECT_EQ(gone, 2);
        judge(*agent);
    }
}

TEST_F(TaskWatch, SurvivesAnEngineThatIsStopped)
{
    survives("stop", "start");
}

TEST_F(TaskWatch, SurvivesAnEngineThatIsKilled)
{
    survives("kill", "start");
}

TEST_F(TaskWatch, SurvivesAnEngineThatHangs)
{
    survives("freeze", "thaw");
}

TEST_F(TaskWatch, OfAnAgentThatStoodStillUnderChurnIsRightAtOnceAndFreesTheEngine)
{
    const auto memory_of = [](int node) {
        const auto text = swarm_->inside(
            {"sh", "-c",
             "grep VmRSS /proc/$(cat " + (swarm_->socket(node).parent_path() / "docker.pid").string() + ")/status"},
            node);
        return std::stol(text.substr(text.find_first_of("0123456789")));
    };
    // Every round is thousands of changes, of tasks that never run.
    create_unplaced("big");
    const auto churn = [&] {
        scale({"big=300"}, leader_);
        scale({"big=0"}, leader_);
    };
    auto& agent = watch_on(follower_);
    agent.process().freeze();
    time_span blind{system_clock::now(), {}};
    kill_one("steady");
    const auto at_first = memory_of(follower_);
    // Longer than the agent may stand still without opening a new stream.
    int rounds = 0;
    for (; system_clock::now() - blind.from < 30s; ++rounds)
        churn();
    const auto kept = memory_of(follower_) - at_first;
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }));
    agent.process().thaw();
    EXPECT_TRUE(converges(agent, leader_, 5s));
    blind.to = system_clock::now();
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
    EXPECT_EQ(agent.process().metric(R"(swarm_sd_watch_losses_total{cause="closed"})"), 1);
    EXPECT_EQ(agent.process().metric(R"(swarm_sd_watch_losses_total{cause="ended"})"), 0);

    // What was kept for the agent is free for what comes: with a reader that stands still it would grow on as before.
    const auto before = memory_of(follower_);
    for (int round = 0; round < rounds; ++round)
        churn();
    EXPECT_LT(memory_of(follower_) - before, kept / 2 + 30'000) << "kB; over as many rounds it had kept " << kept;
    judge(agent, blind);
}

TEST_F(TaskWatch, OfAnIdleSwarmAsksTheLeaderForASignOfLifeAndTheEngineForNothing)
{
    const auto socket = swarm_->directory() / "proxy.sock";
    const recording_proxy proxy(socket, swarm_->socket(follower_));
    auto& agent = watch_on(follower_, socket);
    const auto reads = [&](const std::string& what) {
        return agent.process().metric("swarm_sd_watch_reads_total{what=\"" + what + "\"}");
    };
    // The list that confirms the first one after 10 s; the next one comes 60 s after that.
    ASSERT_TRUE(eventually([&] { return reads("lists") == 2; }));
    ASSERT_THAT(proxy.requests(),
                testing::Contains(testing::Field(&recording_proxy::request::target, testing::HasSubstr("/events"))));

    // Fifteen times the interval at which this agent would list everything without the watch.
    constexpr auto idle = 30s;
    const auto requests = proxy.requests().size();
    const auto wake_ups = agent.wake_ups();
    const auto signs_of_life = reads("leader");
    EXPECT_TRUE(throughout(idle, [&] { return proxy.requests().size() == requests && agent.wake_ups() == wake_ups; }));
    EXPECT_EQ(proxy.requests().size(), requests) << proxy.requests().back().target;
    EXPECT_EQ(agent.wake_ups(), wake_ups) << "a file was touched";
    EXPECT_EQ(reads("lists"), 2);
    EXPECT_NEAR(reads("leader") - signs_of_life, idle / 5s, 1);
    EXPECT_TRUE(agent.is_ready());
}

TEST_F(TaskWatch, SurvivesTheDeathOfTheLeader)
{
    auto& on_leader = watch_on(leader_);
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    time_span blind{system_clock::now(), {}};
    fault killed(*swarm_, leader_, "kill", "start");
    kill_one("steady");
    // There is a new leader, which has replaced the container.
    ASSERT_TRUE(eventually([&] { return leader(follower_) != 0 && running("steady") == 2; }, 60s));
    EXPECT_TRUE(converges(on_follower, follower_));
    EXPECT_TRUE(eventually([&] { return on_follower.watches() && on_follower.is_ready(); }, convergence));
    EXPECT_FALSE(on_leader.watches());

    killed.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(eventually([&] { return on_leader.watches() && on_leader.is_ready(); }, convergence));
    blind.to = system_clock::now();
    for (const auto* agent : {&on_leader, &on_follower}) {
        EXPECT_TRUE(converges(*agent, follower_));
        EXPECT_TRUE(agree(*agent, engine_feed));
        judge(*agent, blind);
    }
}

TEST_F(TaskWatch, IsNotReadyWhileNobodyLeadsAndKeepsItsTargets)
{
    auto& agent = watch_on(bystander_);
    const auto before = contents_of(agent.endpoints());
    time_span blind{system_clock::now(), {}};
    fault first(*swarm_, leader_, "freeze", "thaw");
    fault second(*swarm_, follower_, "freeze", "thaw");
    kill_one("steady");
    EXPECT_TRUE(eventually([&] { return !agent.is_ready(); }, 60s));
    EXPECT_EQ(contents_of(agent.endpoints()), before);

    first.undo();
    second.undo();
    ASSERT_TRUE(swarm_is_whole());
    ASSERT_TRUE(eventually([] { return running("steady") == 2; }, convergence));
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, convergence));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(agent, bystander_));
    judge(agent, blind);
}

TEST_F(TaskWatch, OfAFollowerThatIsCutOffIsNotReadyKeepsItsTargetsAndIsRightWhenHealed)
{
    create("web", 2);
    create("doomed", 1);
    ASSERT_TRUE(run_as_wanted("web", 2));
    ASSERT_TRUE(run_as_wanted("doomed", 1));
    auto& on_follower = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    const auto before = contents_of(on_follower.endpoints());
    time_span blind{system_clock::now(), {}};
    fault cut(*swarm_, follower_, "cut", "heal");
    scale({"web=3"}, leader_);
    swarm_->docker({"service", "rm", "doomed"}, leader_);
    kill_one("steady");
    create("late", 1, {}, leader_);
    ASSERT_TRUE(converges(engine_feed, leader_));
    ASSERT_TRUE(eventually([&] { return !on_follower.is_ready(); }, 60s));
    EXPECT_EQ(contents_of(on_follower.endpoints()), before);

    cut.undo();
    ASSERT_TRUE(swarm_is_whole());
    EXPECT_TRUE(eventually([&] { return on_follower.watches() && on_follower.is_ready(); }, convergence));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(on_follower, leader(bystander_)));
    EXPECT_TRUE(agree(on_follower, engine_feed));
    judge(on_follower, blind);
}

TEST_F(TaskWatch, OfAManagerThatWasDemotedAndIsPromotedAgainTakesNoHistoryForNews)
{
    // What a new manager is told once more: entries that take it a while each, and after them tasks that ran.
    create_unplaced("big");
    create("lived", 0);
    for (int round = 0; round < 3; ++round) {
        scale({"big=400"}, leader_);
        scale({"big=0"}, leader_);
    }
    for (int round = 0; round < 2; ++round) {
        scale({"lived=3"}, leader_);
        ASSERT_TRUE(eventually([] { return running("lived") == 3; }, convergence));
        kill_one("lived");
        scale({"lived=0"}, leader_);
        ASSERT_TRUE(eventually([] { return running("lived") == 0; }, convergence));
    }
    for (int round = 0; round < 10; ++round)
        for (const auto* replicas : {"1", "0"}) {
            arguments all;
            for (int service = 0; service < 10; ++service)
                all.push_back("big=" + std::string(replicas));
            scale(all, leader_);
        }

    auto& agent = watch_on(follower_);
    auto& engine_feed = engine_feed_on(bystander_);
    const auto name = "node" + std::to_string(follower_);
    time_span blind{system_clock::now(), {}};
    const auto change_role = [&](const std::string& how) {
        // Refused while the node's object is being changed by others, too.
        EXPECT_TRUE(eventually([&] {
            return run({SOURCE_DIR "/scripts/private-swarm", "docker", swarm_->directory(), std::to_string(leader_),
                        "node", how, name})
                       .exit_code == 0;
        }));
    };
    fault demoted([&] { change_role("demote"); }, [&] { change_role("promote"); });
    ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(swarm_->control_socket(follower_)); }));
    kill_one("steady");
    ASSERT_TRUE(converges(engine_feed, leader_));
    demoted.undo();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(swarm_->control_socket(follower_)); }, whole));
    // One that waits for its next attempt, and one that is there from the first moment on.
    auto& newcomer = watch_on(follower_);
    EXPECT_TRUE(eventually([&] { return agent.watches() && agent.is_ready(); }, 60s));
    blind.to = system_clock::now();
    EXPECT_TRUE(converges(agent, leader_));
    EXPECT_TRUE(converges(newcomer, leader_));
    create("after", 1);
    ASSERT_TRUE(eventually([] { return running("after") == 1; }));
    EXPECT_TRUE(converges(agent, leader_));
    EXPECT_TRUE(agree(agent, engine_feed));
    EXPECT_TRUE(agree(newcomer, engine_feed));
    judge(agent, blind);
    judge(newcomer);
}

} // namespace
} // namespace integration
