#include "tests/integration/managers_test.hpp"

#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/oracle.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace integration {
namespace {

using namespace std::chrono_literals;
using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

const std::string network = "my_network";
const std::string image = "localhost:5000/busybox:1";
/// A dead target may stay for so long where nothing keeps its death from being told.
constexpr auto a_while = 10s;

/// dockerd 20.10 may hang for good when it is stopped and its containerd is faster.
void end(const private_swarm& swarm, int node, const std::string& what)
{
    try {
        swarm.node(what, node);
    } catch (const std::runtime_error&) {
        if (what != "stop")
            throw;
        swarm.node("kill", node);
    }
}

std::filesystem::path made(const std::filesystem::path& directory)
{
    std::filesystem::create_directories(directory);
    return directory;
}

} // namespace

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> result;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);)
        result.push_back(line);
    return result;
}

// --- fault ---

fault::fault(const std::function<void()>& doing, std::function<void()> undoing) : undoing_(std::move(undoing))
{
    doing();
}

fault::fault(const private_swarm& swarm, int node, const std::string& what, const std::string& undoing)
    : fault([&] { end(swarm, node, what); }, [&swarm, node, undoing] { swarm.node(undoing, node); })
{
}

fault::~fault()
{
    try {
        undo();
    } catch (const std::runtime_error& error) {
        ADD_FAILURE() << error.what();
    }
}

void fault::undo()
{
    if (const auto undoing = std::exchange(undoing_, nullptr))
        undoing();
}

// --- observed_agent ---

observed_agent::observed_agent(const private_swarm& swarm, const std::filesystem::path& directory,
                               const agent_place& place, const arguments& more)
    : directory_(made(directory / "output")),
      node_(place.node),
      history_(endpoints()),
      process_(swarm, endpoints(), flags(more), place)
{
}

bool observed_agent::is_at_work(bool watches) const
{
    return process_.becomes_ready() && eventually([&] { return this->watches() == watches; });
}

bool observed_agent::watches() const
{
    return process_.metric(R"(swarm_sd_feed_active{feed="task_watch"})") == 1 &&
           process_.metric("swarm_sd_watch_changes_held_back") == 0;
}

arguments observed_agent::flags(const arguments& more) const
{
    arguments all{"--debounce=20ms", "--meta-labels=task", "--docker.resync-interval=2s", "--log.level=info"};
    for (const auto* role : {"tasks", "services", "nodes"})
        all.push_back("--output=" + std::string(role) + "=" + file(role).string());
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// --- managers_test: the swarm ---

std::string managers_test::obstacle_;
std::unique_ptr<private_swarm> managers_test::swarm_;
std::unique_ptr<task_lives> managers_test::lives_;
int managers_test::tests_ = 0;

void managers_test::SetUpTestSuite()
{
    obstacle_ = private_swarm::obstacle();
    if (!obstacle_.empty())
        return;
    swarm_ = std::make_unique<private_swarm>(swarm_size{managers, 1});
    swarm_->make_image(image, {});
    swarm_->docker({"network", "create", "--driver", "overlay", "--attachable", network});
    lives_ = std::make_unique<task_lives>(*swarm_, worker, swarm_->directory() / "events.log");
    create("steady", 2);
}

void managers_test::TearDownTestSuite()
{
    lives_.reset();
    swarm_.reset();
}

void managers_test::SetUp()
{
    if (!obstacle_.empty()) {
        ASSERT_EQ(std::getenv("CI"), nullptr) << "cannot run: " << obstacle_;
        GTEST_SKIP() << obstacle_;
    }
    ++tests_;
    begun_ = std::chrono::system_clock::now();
    ASSERT_TRUE(swarm_is_whole());
    leader_ = leader();
    follower_ = next_manager(leader_);
    bystander_ = next_manager(follower_);
    ASSERT_TRUE(run_as_wanted("steady", 2));
}

void managers_test::TearDown()
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
    for (const auto& name : lines_of(swarm_->docker({"service", "ls", "--format", "{{.Name}}"}, leader())))
        if (name != "steady")
            swarm_->docker({"service", "rm", name}, leader());
    // A removed service leaves its tasks until their containers have ended.
    ASSERT_TRUE(eventually([] { return jq("map(.ServiceID) | unique | length", tasks_of(leader())) == "1"; }, convergence));
}

int managers_test::leader(int asked)
{
    const auto nodes = swarm_->get("/nodes", asked);
    if (!nodes.starts_with('['))
        return 0;
    const auto name = jq(R"(.[] | select(.ManagerStatus.Leader) | .Description.Hostname | ltrimstr("node"))", nodes);
    return name.empty() ? 0 : std::stoi(name);
}

bool managers_test::swarm_is_whole()
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

void managers_test::create(const std::string& name, int replicas, const arguments& more, int asked)
{
    arguments words{"service",         "create",
                    "--detach",        "--no-resolve-image",
                    "--name",          name,
                    "--network",       network,
                    "--replicas",      std::to_string(replicas),
                    "--label",         "prometheus.port=80",
                    "--restart-delay", "500ms",
                    "--constraint",    "node.hostname==node4",
                    "--stop-signal",   "SIGKILL"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {image, "httpd", "-f", "-p", "80"});
    swarm_->docker(words, asked == 0 ? leader() : asked);
}

void managers_test::create_unplaced(const std::string& name)
{
    swarm_->docker({"service", "create", "--detach", "--no-resolve-image", "--name", name, "--replicas", "0",
                    "--constraint", "node.labels.none==here", image},
                   leader());
}

void managers_test::scale(const arguments& to, int asked)
{
    arguments words{"service", "scale", "--detach"};
    words.insert(words.end(), to.begin(), to.end());
    swarm_->docker(words, asked);
}

std::vector<std::string> managers_test::containers(const std::string& service)
{
    return lines_of(
        swarm_->docker({"ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=" + service}, worker));
}

void managers_test::kill_one(const std::string& service)
{
    swarm_->docker({"kill", containers(service).at(0)}, worker);
}

void managers_test::change_role(const std::string& how, int node, int asked)
{
    // Refused while the node's object is being changed by others, too.
    EXPECT_TRUE(eventually([&] {
        return run({SOURCE_DIR "/scripts/private-swarm", "docker", swarm_->directory(), std::to_string(asked), "node",
                    how, "node" + std::to_string(node)})
                   .exit_code == 0;
    }));
}

// --- managers_test: the agents ---

observed_agent& managers_test::start_agent(const agent_place& place, const arguments& more)
{
    const auto directory =
        swarm_->directory() / "tests" / std::to_string(tests_) /
        ((place.watches ? "watch" : "engine") + std::to_string(place.node) + "-" + std::to_string(agents_.size()));
    agents_.push_back(std::make_unique<observed_agent>(*swarm_, directory, place, more));
    return *agents_.back();
}

observed_agent& managers_test::watch_on(int node, const std::filesystem::path& engine)
{
    auto& agent = start_agent({node, true, engine});
    EXPECT_TRUE(agent.is_at_work(true)) << "on node" << node;
    return agent;
}

observed_agent& managers_test::engine_feed_on(int node, const arguments& more)
{
    auto& agent = start_agent({node}, more);
    EXPECT_TRUE(agent.is_at_work(false)) << "on node" << node;
    return agent;
}

AssertionResult managers_test::converges(const observed_agent& agent, int healthy, std::chrono::milliseconds limit)
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

AssertionResult managers_test::agree(const observed_agent& left, const observed_agent& right,
                                     std::chrono::milliseconds limit)
{
    const std::vector<std::string> roles{"endpoints", "tasks", "services", "nodes"};
    const auto same = [&](const auto& role) {
        return contents_of(left.file(role)) == contents_of(right.file(role)) && !contents_of(left.file(role)).empty();
    };
    if (eventually([&] { return std::ranges::all_of(roles, same); }, limit))
        return AssertionSuccess();
    const auto role = *std::ranges::find_if_not(roles, same);
    return AssertionFailure() << role << " differs:\nnode" << left.node() << ": " << contents_of(left.file(role))
                              << "\nnode" << right.node() << ": " << contents_of(right.file(role));
}

bool managers_test::run_as_wanted(const std::string& service, std::size_t count)
{
    return eventually([&] { return running(service) == count && is_at_rest(leader()); }, convergence);
}

std::string managers_test::tasks_of(int asked)
{
    const auto tasks = swarm_->get("/tasks", asked);
    return tasks.starts_with('[') ? tasks : "[]";
}

bool managers_test::is_at_rest(int asked)
{
    const auto tasks = tasks_of(asked);
    return tasks != "[]" && lines_of(jq(R"jq(.[] | select(.Status.State == "running" and
                                                                   .DesiredState == "running")
                                                          | .Status.ContainerStatus.ContainerID[:12])jq",
                                                 tasks))
                                             .size() == lines_of(swarm_->docker({"ps", "--quiet"}, worker)).size();
}

void managers_test::judge(const observed_agent& agent, const std::optional<time_span>& blind)
{
    ASSERT_TRUE(eventually([this] { return is_at_rest(bystander_); }, convergence));
    const auto lives = lives_->so_far();
    EXPECT_TRUE(no_live_target_is_dropped(agent.versions(), lives)) << "on node" << agent.node();
    EXPECT_TRUE(no_ghost_is_there(agent.versions(), lives, a_while, blind)) << "on node" << agent.node();
}

} // namespace integration
