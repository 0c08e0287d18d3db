#include "agent/core/shared_parts.hpp"

#include <functional>

namespace agent::core {

shared_text shared_parts::share(std::string_view text)
{
    if (text.empty())
        return {};
    const auto found = texts_.find(text);
    return found != texts_.end() ? *found : *texts_.emplace(text).first;
}

void shared_parts::share(task& value)
{
    replace(value.service_id);
    replace(value.node_id);
    for (auto& attached : value.attachments)
        replace(attached.network_id);
    replace(value.container_labels);
}

void shared_parts::replace(shared_text& text)
{
    if (!text.empty())
        text = *texts_.insert(text).first;
}

void shared_parts::replace(shared_labels& labels)
{
    if (!labels.empty())
        labels = *labels_.insert(labels).first;
}

void shared_parts::sweep()
{
    std::erase_if(texts_, [](const shared_text& text) { return text.owners() == 1; });
    std::erase_if(labels_, [](const shared_labels& labels) { return labels.owners() == 1; });
}

std::size_t shared_parts::labels_hash::operator()(const shared_labels& labels) const noexcept
{
    const std::hash<std::string_view> hash;
    std::size_t sum = labels.size();
    for (const auto& [key, value] : labels)
        sum = (sum * 31 + hash(key)) * 31 + hash(value);
    return sum;
}

} // namespace agent::core
