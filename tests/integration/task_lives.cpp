#include "tests/integration/task_lives.hpp"

#include "tests/integration/http.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <utility>

namespace integration {
namespace {

using std::chrono::system_clock;

arguments events_of(const private_swarm& swarm, int node)
{
    // From a moment ago, so that nothing is missed while the connection is made.
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch()).count();
    return {
        "curl",
        "--silent",
        "--no-buffer",
        "--globoff",
        "--unix-socket",
        swarm.socket(node),
        R"(http://engine/v1.40/events?filters={"type":{"container":true},"event":{"start":true,"die":true}}&since=)" +
            std::to_string(now)};
}

/// Whole lines of: time in ns, "start" or "die", task, service.
const std::string one_per_line =
    R"jq(.Actor.Attributes as $of | select($of["com.docker.swarm.task.id"])
         | "\(.time)\(.timeNano | tostring | .[-9:]) \(.Action) \($of["com.docker.swarm.task.id"]) \($of["com.docker.swarm.service.name"])")jq";

system_clock::time_point time_from(std::int64_t nanoseconds)
{
    return system_clock::time_point(
        std::chrono::duration_cast<system_clock::duration>(std::chrono::nanoseconds(nanoseconds)));
}

std::string described(const task_life& life, const file_history::version& version)
{
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    std::ostringstream text;
    text << "task " << life.id << " of " << life.service << ", started "
         << duration_cast<milliseconds>(version.at - life.started).count() << " ms";
    if (life.died)
        text << " and dead " << duration_cast<milliseconds>(version.at - *life.died).count() << " ms";
    text << " before this version:\n" << version.text;
    return text.str();
}

} // namespace

task_lives::task_lives(const private_swarm& swarm, int node, std::filesystem::path log)
    : log_(std::move(log)), reader_(events_of(swarm, node), log_)
{
}

std::vector<task_life> task_lives::so_far() const
{
    auto text = contents_of(log_);
    text.erase(text.find_last_of('\n') + 1);
    std::map<std::string, task_life> lives;
    std::istringstream lines{jq(one_per_line, text)};
    std::int64_t at = 0;
    std::string what;
    std::string id;
    std::string service;
    while (lines >> at >> what >> id >> service) {
        auto& life = lives.try_emplace(id, task_life{id, service, time_from(at), std::nullopt}).first->second;
        if (what == "die")
            life.died = time_from(at);
    }
    std::vector<task_life> all;
    for (auto& [id_of, life] : lives)
        all.push_back(std::move(life));
    return all;
}

bool holds(const file_history::version& version, const task_life& life)
{
    return version.text.find(R"("__meta_dockerswarm_task_id":")" + life.id + '"') != std::string::npos;
}

testing::AssertionResult no_live_target_is_dropped(const std::vector<file_history::version>& versions,
                                                   const std::vector<task_life>& lives)
{
    for (const auto& life : lives) {
        if (life.died)
            continue;
        auto version = std::ranges::find_if(versions, [&](const auto& one) { return holds(one, life); });
        version = std::find_if(version, versions.end(), [&](const auto& one) { return !holds(one, life); });
        if (version != versions.end())
            return testing::AssertionFailure() << "dropped: " << described(life, *version);
    }
    return testing::AssertionSuccess();
}

testing::AssertionResult no_ghost_is_there(const std::vector<file_history::version>& versions,
                                           const std::vector<task_life>& lives, std::chrono::milliseconds a_while,
                                           const std::optional<time_span>& blind)
{
    for (const auto& life : lives) {
        if (!life.died)
            continue;
        // Known to be dead from here on, whoever listens.
        auto known = *life.died + a_while;
        if (blind && known >= blind->from && *life.died <= blind->to)
            known = blind->to + a_while;

        bool before = false;
        for (auto version = versions.begin(); version != versions.end(); ++version) {
            const bool now = holds(*version, life);
            if (now && !before && version != versions.begin() && version->at > *life.died + a_while)
                return testing::AssertionFailure() << "brought back: " << described(life, *version);
            const auto next = std::next(version);
            const auto until = next == versions.end() ? system_clock::now() : next->at;
            if (now && until > known)
                return testing::AssertionFailure() << "kept: " << described(life, *version);
            before = now;
        }
    }
    return testing::AssertionSuccess();
}

} // namespace integration
