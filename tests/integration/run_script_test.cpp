// scripts/run as a newcomer uses it: on a machine without a swarm manager.
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/oracle.hpp"
#include "tests/integration/process.hpp"
#include "tests/integration/swarm_test.hpp"

#include <csignal>
#include <filesystem>
#include <regex>
#include <string>

#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;

class RunScript : public swarm_test {
protected:
    RunScript()
    {
        std::string path = "/tmp/run-XXXXXX";
        directory_ = mkdtemp(path.data());
    }
    ~RunScript() override { std::filesystem::remove_all(directory_); }

    /// What stands behind a heading in the script's output.
    [[nodiscard]] std::string shown(const std::string& heading) const
    {
        const auto text = output();
        std::smatch found;
        return std::regex_search(text, found, std::regex(heading + " +([^\n]+)")) ? found[1].str() : std::string{};
    }
    [[nodiscard]] std::string output() const { return contents_of(directory_ / "output"); }

    [[nodiscard]] child_process start(const arguments& environment) const
    {
        arguments command{"env", "SWARM_SD_BUILD=" BUILD_DIR};
        command.insert(command.end(), environment.begin(), environment.end());
        command.emplace_back(SOURCE_DIR "/scripts/run");
        return child_process(command, directory_ / "output");
    }

    std::filesystem::path directory_;
};

TEST_F(RunScript, ShowsLiveTargetsAndTidiesUp)
{
    auto script = start({"DOCKER_HOST=unix:///nowhere/docker.sock"});
    ASSERT_TRUE(eventually([this] { return !shown("Prometheus' targets").empty(); }, 120s)) << output();
    const auto file = shown("Targets for file_sd");
    ASSERT_TRUE(eventually([&] { return targets_in(contents_of(file)).size() == 3; }, 60s)) << output();
    ASSERT_TRUE(eventually([this] { return output().find("3 targets") != std::string::npos; })) << output();

    const std::regex port(":([0-9]+)/targets");
    std::smatch found;
    const auto page = shown("Prometheus' targets");
    ASSERT_TRUE(std::regex_search(page, found, port)) << page;
    const auto prometheus_port = static_cast<std::uint16_t>(std::stoul(found[1].str()));
    EXPECT_TRUE(eventually(
        [&] {
            const auto answer = http_get(prometheus_port, "/api/v1/targets");
            return answer && jq(R"([.data.activeTargets[] | select(.health == "up")] | length)", *answer) == "3";
        },
        60s));

    const auto home = std::filesystem::path(file).parent_path().parent_path();
    script.signal(SIGINT);
    EXPECT_EQ(script.wait(60s), 130) << output();
    EXPECT_FALSE(std::filesystem::exists(home));
    EXPECT_EQ(run({"pgrep", "--full", home.string()}).out, "");
}

TEST_F(RunScript, SimulatesAnEngineWhereNoneCanRun)
{
    // Without its tools no private engine can be had.
    auto script = start({"DOCKER_HOST=unix:///nowhere/docker.sock", "SWARM_SD_NO_ENGINE=1"});
    ASSERT_TRUE(eventually([this] { return output().find("simulating one") != std::string::npos; }, 30s)) << output();
    ASSERT_TRUE(eventually([this] { return output().find("6 targets") != std::string::npos; }, 30s)) << output();
    EXPECT_TRUE(eventually([this] { return output().find("7 targets") != std::string::npos; }, 30s)) << "it moves";
    script.signal(SIGTERM);
    EXPECT_EQ(script.wait(30s), 143);
}

} // namespace
} // namespace integration
