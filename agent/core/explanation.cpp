#include "agent/core/explanation.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <tuple>
#include <utility>

namespace agent::core {
namespace {

constexpr std::size_t most_nearest = 3;
constexpr std::size_t longest_shown = 200;
/// Of a name, where names are compared: swarmkit's are at most 63. A page's query may be much longer, and comparing
/// takes time for each pair of letters.
constexpr std::size_t longest_compared = 64;

/// The beginning of a text, which ends between two characters.
std::string_view beginning(std::string_view text, std::size_t most)
{
    if (text.size() <= most)
        return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U)
        --most;
    return text.substr(0, most);
}

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
        ranked.emplace_back(
            holds ? 0 : distance(beginning(asked, longest_compared), beginning(value.name, longest_compared)),
            value.name);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> names;
    for (const auto& [rank, name] : ranked)
        if (names.size() < most_nearest)
            names.push_back(name);
    return names;
}

std::vector<label_fault> each_once(std::vector<label_fault> labels)
{
    const auto rank = [](const label_fault& fault) { return std::tie(fault.label, fault.reason, fault.value); };
    std::sort(labels.begin(), labels.end(), [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

/// A control character's bytes at the front of a text that is not empty: C0 and DEL have one, C1 has two. 0: there is
/// none.
std::size_t control_bytes(std::string_view text)
{
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    if (byte(0) < 0x20 || byte(0) == 0x7f)
        return 1;
    return byte(0) == 0xC2 && text.size() > 1 && byte(1) >= 0x80 && byte(1) < 0xA0 ? 2 : 0;
}

/// Outside text for one line of a terminal.
std::string printable(std::string_view text)
{
    std::string shown;
    for (auto rest = beginning(text, longest_shown); !rest.empty();) {
        const auto control = control_bytes(rest);
        shown += control > 0 ? '?' : rest.front();
        rest.remove_prefix(std::max<std::size_t>(control, 1));
    }
    if (text.size() > longest_shown)
        shown += "... (" + std::to_string(text.size()) + " bytes)";
    return shown;
}

void append_task(std::string& text, const task_trace& task)
{
    text +=
        "task " + printable(task.task_id) + (task.node_id.empty() ? "" : " on node " + printable(task.node_id)) + "\n";
    for (const auto& step : task.steps)
        text += std::string(step.rejects ? "  x " : "    ") + step.rule + ": " + printable(step.saw) + "\n";
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
        return {std::string(asked), {}, nearest_names(asked, world), {}, {}, {}};
    rule_trace trace;
    auto skipped = endpoints_of(*subject, world, rules, &trace).skipped;
    return {subject->name, subject->id, {}, std::move(trace.tasks), each_once(std::move(trace.labels)), skipped};
}

std::string to_text(const explanation& value)
{
    if (value.service_id.empty()) {
        std::string text = "there is no service \"" + printable(value.service) + "\"\n";
        for (const auto& name : value.nearest)
            text += "  perhaps " + printable(name) + "\n";
        return text;
    }
    std::string text = "service " + printable(value.service) + " (" + printable(value.service_id) + ")\n";
    if (value.tasks.empty())
        text += "it has no tasks\n";
    for (const auto& task : value.tasks)
        append_task(text, task);
    for (const auto& fault : value.labels)
        text += "label without effect, " + std::string(to_string(fault.reason)) + ": " + printable(fault.label) + "=" +
                printable(fault.value) + "\n";
    if (const auto count = value.skipped.tasks.at(static_cast<std::size_t>(skip_reason::over_quota)); count > 0)
        text += "targets left out, over_quota: " + std::to_string(count) + "\n";
    return text;
}

} // namespace agent::core
