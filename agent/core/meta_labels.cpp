#include "agent/core/meta_labels.hpp"

#include <map>

namespace agent::core {
namespace {

constexpr std::string_view prefix = "__meta_dockerswarm_";
constexpr std::string_view stack_label = "com.docker.stack.namespace";

bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool continues_character(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Jobs have none: Prometheus knows the two older modes only.
std::string_view mode_label(service_mode mode)
{
    switch (mode) {
    case service_mode::replicated:
        return "replicated";
    case service_mode::global:
        return "global";
    case service_mode::unknown:
    case service_mode::replicated_job:
    case service_mode::global_job:
        break;
    }
    return {};
}

} // namespace

std::string sanitized_label_name(std::string_view key)
{
    std::string name;
    for (const char c : key)
        if (!continues_character(c))
            name += is_name_char(c) ? c : '_';
    return name;
}

sd_writer::label_set service_meta_labels(const service& subject, meta_labels which)
{
    std::map<std::string, std::string> labels{{"task", subject.name}};
    const auto add = [&labels](std::string_view suffix, std::string_view value) {
        labels.emplace(std::string(prefix) + std::string(suffix), value);
    };
    if (which == meta_labels::service) {
        add("service_id", subject.id);
        add("service_name", subject.name);
        add("service_mode", mode_label(subject.mode));
        add("service_image", subject.image);
        for (const auto& [key, value] : subject.labels) {
            add("service_label_" + sanitized_label_name(key), value);
            if (key == stack_label)
                add("service_stack", value);
        }
    }
    // Only now: an empty value still wins over keys that sort behind its own.
    std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
    return {labels.begin(), labels.end()};
}

} // namespace agent::core
