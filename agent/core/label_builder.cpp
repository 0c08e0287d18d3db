#include "agent/core/label_builder.hpp"

#include "agent/core/quotas.hpp"

namespace agent::core {
namespace {

bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool continues_character(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
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

void label_builder::add(std::string_view name, std::string_view value)
{
    if (is_allowed(name, name, value))
        labels_.emplace(prefix_ + std::string(name), value);
}

void label_builder::add_all(std::string_view name, const label_map& labels)
{
    // Sorted by key, so the first one that comes is the one that wins.
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const auto& [key, value] : labels) {
        auto full = prefix_ + std::string(name) + "_" + sanitized_label_name(key);
        if (!is_allowed(full, key, value) || labels_.contains(full))
            continue;
        const auto size = full.size() + value.size();
        if (left_out_ && !value.empty() &&
            (count == quota::object_labels || bytes + size > quota::object_label_bytes)) {
            left_out_->add(bad_label::too_many, key, value);
            continue;
        }
        if (!value.empty()) {
            ++count;
            bytes += size;
        }
        labels_.emplace(std::move(full), value);
    }
}

bool label_builder::is_allowed(std::string_view name, std::string_view key, std::string_view value)
{
    if (!left_out_ || name.size() + value.size() <= quota::label_bytes)
        return true;
    left_out_->add(bad_label::too_long, key, value);
    return false;
}

sd_writer::label_set label_builder::labels() const
{
    sd_writer::label_set found;
    for (const auto& label : labels_)
        if (!label.second.empty())
            found.push_back(label);
    return found;
}

} // namespace agent::core
