#include "agent/core/meta_labels.hpp"

#include "agent/core/label_builder.hpp"
#include "agent/core/quotas.hpp"
#include "agent/core/swarm_labels.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace agent::core {
namespace {

constexpr std::string_view stack_label = "com.docker.stack.namespace";

std::string_view stack_of(const service& subject)
{
    const auto found = std::find_if(subject.labels.begin(), subject.labels.end(),
                                    [](const auto& label) { return label.first == stack_label; });
    return found == subject.labels.end() ? std::string_view{} : found->second;
}

/// `service.slot`, or `service.node_id` of a global service's task: the name that the engine gives it.
std::string name_of(const task& value, const service& owner)
{
    return owner.name + "." + (value.slot != 0 ? std::to_string(value.slot) : std::string(value.node_id));
}

} // namespace

sd_writer::label_set service_meta_labels(const service& subject, meta_labels which, skip_log left_out)
{
    label_builder meta(swarm_label_prefix, left_out);
    if (which != meta_labels::none) {
        add_service(meta, subject);
        meta.add("service_image", subject.image);
        meta.add("service_stack", stack_of(subject));
    }
    auto labels = meta.labels();
    if (subject.name.size() > quota::label_bytes)
        left_out.add(bad_label::too_long, "task", subject.name);
    else if (!subject.name.empty())
        labels.emplace_back("task", subject.name); // sorts behind every `__meta_`
    return labels;
}

sd_writer::label_set task_meta_labels(const task& value, const service& owner, const task_place& place,
                                      skip_log left_out)
{
    label_builder meta(swarm_label_prefix, left_out);
    add_task(meta, value);
    if (place.host)
        add_node(meta, *place.host);
    if (place.where)
        add_network(meta, *place.where);
    meta.add("task_name", name_of(value, owner));
    meta.add("task_target_port", std::int64_t{place.target_port});
    meta.add("task_port_publish_mode", to_string(place.mode));
    return meta.labels();
}

} // namespace agent::core
