#include "agent/core/explanation.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace agent::core {
namespace {

constexpr std::size_t most_nearest = 3;

/// Levenshtein's distance: characters to insert, drop or replace.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

/// Names that hold what was asked for come first: in a stack a service is called `stack_name`.
std::vector<std::string> nearest_names(std::string_view asked, const swarm& world)
{
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const auto& [id, value] : world.services()) {
        const bool holds = !asked.empty() && value.name.find(asked) != std::string::npos;
        ranked.emplace_back(holds ? 0 : distance(asked, value.name), value.name);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> names;
    for (const auto& [rank, name] : ranked)
        if (names.size() < most_nearest)
            names.push_back(name);
    return names;
}

void append_task(std::string& text, const task_trace& task)
{
    text += "task " + task.task_id + (task.node_id.empty() ? "" : " on node " + task.node_id) + "\n";
    for (const auto& step : task.steps)
        text += std::string(step.rejects ? "  x " : "    ") + step.rule + ": " + step.saw + "\n";
    for (const auto& target : task.targets)
        text += "  = " + target + "\n";
}

} // namespace

explanation explain(std::string_view asked, const swarm& world, const endpoint_rules& rules)
{
    const auto* subject = world.find_service_by_name(asked);
    if (!subject)
        subject = world.find_service(asked);
    if (!subject)
        return {std::string(asked), {}, nearest_names(asked, world), {}, {}};
    rule_trace trace;
    auto skipped = endpoints_of(*subject, world, rules, &trace).skipped;
    return {subject->name, subject->id, {}, std::move(trace.tasks), skipped};
}

std::string to_text(const explanation& value)
{
    if (value.service_id.empty()) {
        std::string text = "there is no service \"" + value.service + "\"\n";
        for (const auto& name : value.nearest)
            text += "  perhaps " + name + "\n";
        return text;
    }
    std::string text = "service " + value.service + " (" + value.service_id + ")\n";
    if (value.tasks.empty())
        text += "it has no tasks\n";
    for (const auto& task : value.tasks)
        append_task(text, task);
    for (std::size_t at = 0; at < bad_label_count; ++at)
        if (const auto count = value.skipped.labels.at(at); count > 0)
            text += "labels without effect, " + std::string(to_string(static_cast<bad_label>(at))) + ": " +
                    std::to_string(count) + "\n";
    return text;
}

} // namespace agent::core
