#include "agent/shell/targets_page.hpp"

#include "agent/shell/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace agent::shell {
namespace {

constexpr std::size_t shown_by_default = 1'000;
constexpr std::size_t shown_ever = 10'000;

std::string labels_json(const sd_writer::label_set& labels)
{
    return json_object(labels, [](const auto& label) { return quoted(label.first) + ":" + quoted(label.second); });
}

/// The first targets, one object each: who reads this wants targets, not groups.
std::string targets_json(const std::vector<sd_writer::target_group>& groups, std::size_t most)
{
    std::string json = "[";
    std::size_t shown = 0;
    for (const auto& group : groups) {
        if (shown == most)
            break;
        const auto labels = labels_json(group.labels);
        for (const auto& target : group.targets)
            if (shown < most)
                json += (shown++ > 0 ? R"(,{"target":)" : R"({"target":)") + quoted(target) + R"(,"labels":)" + labels +
                        "}";
    }
    return json + "]";
}

std::string counts_json(const core::skip_counts& counts)
{
    std::vector<std::pair<std::string_view, std::size_t>> some;
    for (std::size_t at = 0; at < core::skip_reason_count; ++at)
        if (counts.tasks.at(at) > 0)
            some.emplace_back(to_string(static_cast<core::skip_reason>(at)), counts.tasks.at(at));
    return json_object(some,
                       [](const auto& count) { return quoted(count.first) + ":" + std::to_string(count.second); });
}

std::string skipped_json(const core::skipped_task& task)
{
    return R"({"service":)" + quoted(task.service) + R"(,"service_id":)" + quoted(task.service_id) + R"(,"task_id":)" +
           quoted(task.task_id) + R"(,"node_id":)" + quoted(task.node_id) + R"(,"rule":)" + quoted(task.rule) +
           R"(,"saw":)" + quoted(task.saw) + "}";
}

std::string role_json(const role_report& report, std::size_t most)
{
    const auto name = quoted(to_string(report.which)) + ":";
    if (!report.targets)
        return name + R"({"error":)" + quoted(report.unknown_because) + "}";
    const auto count = sd_writer::count_targets(*report.targets);
    return name + R"({"target_count":)" + std::to_string(count) + R"(,"targets":)" +
           targets_json(*report.targets, most) + R"(,"skipped_count":)" + counts_json(report.counts) +
           R"(,"skipped":)" + json_list(report.skipped.tasks, skipped_json) + R"(,"truncated":)" +
           (count > most || report.skipped.more ? "true" : "false") + "}";
}

} // namespace

std::size_t shown_at_most(const proto_http::request& asked)
{
    const auto text = asked.query_value("limit");
    std::size_t wanted = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    return is_number ? std::min(wanted, shown_ever) : shown_by_default;
}

proto_http::reply targets_page(const std::vector<role_report>& roles, std::size_t most)
{
    proto_http::reply page;
    page.content_type = "application/json";
    page.body = R"({"status":"success","data":{"roles":)" +
                json_object(roles, [most](const role_report& report) { return role_json(report, most); }) + "}}\n";
    return page;
}

proto_http::reply api_error(unsigned status, std::string_view type, std::string_view text)
{
    proto_http::reply page;
    page.status = status;
    page.content_type = "application/json";
    page.body = R"({"status":"error","errorType":)" + quoted(type) + R"(,"error":)" + quoted(text) + "}\n";
    return page;
}

} // namespace agent::shell
