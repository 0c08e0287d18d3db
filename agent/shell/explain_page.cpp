#include "agent/shell/explain_page.hpp"

#include "agent/shell/json_text.hpp"

#include <string>

namespace agent::shell {
namespace {

std::string step_json(const core::rule_step& step)
{
    return R"({"rule":)" + quoted(step.rule) + R"(,"saw":)" + quoted(step.saw) + R"(,"rejects":)" +
           (step.rejects ? "true" : "false") + "}";
}

std::string task_json(const core::task_trace& task)
{
    return R"({"task_id":)" + quoted(task.task_id) + R"(,"node_id":)" + quoted(task.node_id) + R"(,"rules":)" +
           json_list(task.steps, step_json) + R"(,"targets":)" + json_list(task.targets, quoted) + "}";
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
                R"(,"nearest":)" + json_list(value.nearest, quoted) + R"(,"tasks":)" +
                json_list(value.tasks, task_json) + R"(,"bad_labels":)" + json_list(value.labels, fault_json) + "}\n";
    return page;
}

} // namespace agent::shell
