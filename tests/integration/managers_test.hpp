#pragma once

#include "tests/integration/agent_process.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/private_swarm.hpp"
#include "tests/integration/task_lives.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace integration {

/// Something done to the swarm, undone at the latest with this object.
class fault {
public:
    fault(const std::function<void()>& doing, std::function<void()> undoing);

    /// Done to a node's engine: commands of `private_swarm::node`.
    fault(const private_swarm& swarm, int node, const std::string& what, const std::string& undoing);
    fault(const fault&) = delete;
    fault& operator=(const fault&) = delete;
    ~fault();

    void undo();

private:
    std::function<void()> undoing_;
};

/// An agent, its files, and every version of its endpoints file.
class observed_agent {
public:
    /// @param more  flags that count more than the usual ones
    observed_agent(const private_swarm& swarm, const std::filesystem::path& directory, const agent_place& place,
                   const arguments& more = {});

    [[nodiscard]] bool is_at_work(bool watches) const;

    [[nodiscard]] std::filesystem::path endpoints() const { return file("endpoints"); }
    [[nodiscard]] std::filesystem::path file(const std::string& role) const { return directory_ / (role + ".json"); }
    [[nodiscard]] agent_process& process() { return process_; }
    [[nodiscard]] const agent_process& process() const { return process_; }
    [[nodiscard]] int node() const { return node_; }

    [[nodiscard]] bool watches() const;
    [[nodiscard]] bool is_ready() const { return process_.page("/-/ready") == "ready\n"; }

    [[nodiscard]] std::vector<file_history::version> versions() const { return history_.versions(); }

    /// How often anything happened in the directory of all its files.
    [[nodiscard]] std::size_t wake_ups() const { return history_.wake_ups(); }

private:
    [[nodiscard]] arguments flags(const arguments& more) const;

    std::filesystem::path directory_;
    int node_;
    file_history history_;
    agent_process process_;
};

/// Tests on a swarm of three managers and a worker, which runs all tasks, and agents on the managers. The swarm lasts as
/// long as the suite, and with it a service `steady`, which a test has to leave as it finds it: two tasks that run. No
/// other service outlives its test.
class managers_test : public testing::Test {
protected:
    static constexpr int managers = 3;
    static constexpr int worker = 4;
    /// A swarm may need some elections until all managers follow one leader again.
    static constexpr std::chrono::seconds whole{150};
    /// What happened must be in the file by then once nothing is in the way any more.
    static constexpr std::chrono::seconds convergence{45};

    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;
    void TearDown() override;

    // --- The swarm ---

    /// The manager that leads, as the given one has it; 0 while none does.
    static int leader(int asked = 1);
    static int next_manager(int node) { return node % managers + 1; }
    static bool swarm_is_whole();

    static void create(const std::string& name, int replicas, const arguments& more = {}, int asked = 0);
    /// A service whose tasks no node may run. They cost no addresses, of which a network has 253.
    static void create_unplaced(const std::string& name);
    static void scale(const arguments& to, int asked);

    /// Of a service's tasks, on the worker.
    static std::vector<std::string> containers(const std::string& service);
    static std::size_t running(const std::string& service) { return containers(service).size(); }
    /// Kills one container of a service on the worker; the swarm replaces it as soon as it can.
    static void kill_one(const std::string& service);
    /// Makes a node a worker, or a manager: `demote` or `promote`.
    static void change_role(const std::string& how, int node, int asked);

    // --- The agents ---

    observed_agent& start_agent(const agent_place& place, const arguments& more = {});
    observed_agent& watch_on(int node, const std::filesystem::path& engine = {});
    observed_agent& engine_feed_on(int node, const arguments& more = {});

    /// Whether the file comes to say what a manager says.
    static testing::AssertionResult converges(const observed_agent& agent, int healthy,
                                              std::chrono::milliseconds limit = convergence);

    /// Whether two agents come to write the same bytes for every role.
    static testing::AssertionResult agree(const observed_agent& left, const observed_agent& right,
                                          std::chrono::milliseconds limit = convergence);

    /// Whether so many containers of a service come to run, and the managers know.
    static bool run_as_wanted(const std::string& service, std::size_t count);
    /// Whether what runs on the worker is what a manager wants to run.
    static bool is_at_rest(int asked);
    /// What a manager lists; an empty list if it does not.
    static std::string tasks_of(int asked);

    /// What the file said at any moment.
    void judge(const observed_agent& agent, const std::optional<time_span>& blind = std::nullopt);

    static std::string obstacle_;
    static std::unique_ptr<private_swarm> swarm_;
    static std::unique_ptr<task_lives> lives_;
    static int tests_;
    std::chrono::system_clock::time_point begun_;
    int leader_ = 0;
    int follower_ = 0;
    int bystander_ = 0;
    std::vector<std::unique_ptr<observed_agent>> agents_;
};

/// @return the lines of a text, without their ends
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

} // namespace integration
