#include "agent/shell/explain_page.hpp"

#include "sd_writer/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {
namespace {

std::string quoted(std::string_view text)
{
    std::string json;
    sd_writer::append_json_string(json, text);
    return json;
}

/// A JSON list of what `write` makes of each value.
template <class Values, class Write>
std::string list(const Values& values, Write write)
{
    std::string json = "[";
    for (const auto& value : values)
        json += (json.size() > 1 ? "," : "") + write(value);
    return json + "]";
}

std::string step_json(const core::rule_step& step)
{
    return R"({"rule":)" + quoted(step.rule) + R"(,"saw":)" + quoted(step.saw) + R"(,"rejects":)" +
           (step.rejects ? "true" : "false") + "}";
}

std::string task_json(const core::task_trace& task)
{
    return R"({"task_id":)" + quoted(task.task_id) + R"(,"node_id":)" + quoted(task.node_id) + R"(,"rules":)" +
           list(task.steps, step_json) + R"(,"targets":)" + list(task.targets, quoted) + "}";
}

std::string fault_json(const core::label_fault& fault)
{
    return R"({"label":)" + quoted(fault.label) + R"(,"value":)" + quoted(fault.value) + R"(,"reason":)" +
           quoted(to_string(fault.reason)) + "}";
}

} // namespace

proto_http::reply explain_page(const core::explanation& value)
{
    proto_http::reply page;
    page.status = value.service_id.empty() ? 404 : 200;
    page.content_type = "application/json";
    page.body = R"({"service":)" + quoted(value.service) + R"(,"service_id":)" + quoted(value.service_id) +
                R"(,"nearest":)" + list(value.nearest, quoted) + R"(,"tasks":)" + list(value.tasks, task_json) +
                R"(,"bad_labels":)" + list(value.labels, fault_json) + "}\n";
    return page;
}

} // namespace agent::shell
