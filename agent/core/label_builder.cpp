#include "agent/core/label_builder.hpp"

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
    labels_.emplace(prefix_ + std::string(name), value);
}

void label_builder::add_all(std::string_view name, const label_map& labels)
{
    // Sorted by key, so the first one that comes is the one that wins.
    for (const auto& [key, value] : labels)
        add(std::string(name) + "_" + sanitized_label_name(key), value);
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
