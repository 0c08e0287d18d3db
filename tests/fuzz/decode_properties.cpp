#include "tests/fuzz/decode_properties.hpp"

#include "tests/fuzz/utf8.hpp"

#include <algorithm>
#include <set>

namespace fuzz {
namespace {

void require_text(const std::string& text)
{
    require(is_utf8(text), "text is UTF-8");
}

void require_labels(const agent::core::label_map& labels)
{
    for (const auto& [key, value] : labels) {
        require_text(key);
        require_text(value);
    }
    const auto not_before = [](const auto& left, const auto& right) { return left.first >= right.first; };
    require(std::adjacent_find(labels.begin(), labels.end(), not_before) == labels.end(),
            "labels are sorted, and each is there once");
}

} // namespace

void require_sound(const agent::core::service& value)
{
    require(!value.id.empty(), "a service has an ID");
    for (const auto* text : {&value.id, &value.name, &value.image})
        require_text(*text);
    std::for_each(value.network_ids.begin(), value.network_ids.end(), require_text);
    require_labels(value.labels);
}

void require_sound(const agent::core::node& value)
{
    require(!value.id.empty(), "a node has an ID");
    for (const auto* text :
         {&value.id, &value.address, &value.state, &value.availability, &value.hostname, &value.role})
        require_text(*text);
}

void require_sound(const agent::core::task& value)
{
    require(!value.id.empty(), "a task has an ID");
    for (const std::string_view text :
         {std::string_view(value.id), std::string_view(value.service_id), std::string_view(value.node_id)})
        require_text(std::string(text));
    require_labels(value.container_labels);
    for (const auto& attached : value.attachments) {
        require_text(std::string(attached.network_id));
        std::for_each(attached.addresses.begin(), attached.addresses.end(), require_text);
    }
}

void require_sound(const agent::core::network& value)
{
    require(!value.id.empty(), "a network has an ID");
    for (const auto* text : {&value.id, &value.name, &value.driver, &value.scope})
        require_text(*text);
    require_labels(value.labels);
}

void require_sound(const agent::core::container& value)
{
    require(!value.id.empty(), "a container has an ID");
    for (const auto* text : {&value.id, &value.name, &value.network_mode})
        require_text(*text);
    require_labels(value.labels);
    for (const auto& place : value.networks)
        for (const auto* text : {&place.name, &place.network_id, &place.ip, &place.ipv6})
            require_text(*text);
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    require(std::is_sorted(value.networks.begin(), value.networks.end(), by_name), "networks are sorted by name");
    for (const auto& port : value.ports)
        require_text(port.public_ip);
    require(std::is_sorted(value.ports.begin(), value.ports.end()), "ports have one order");
}

void require_sound(const std::vector<agent::core::network>& values)
{
    std::set<std::string> ids;
    for (const auto& value : values) {
        require_sound(value);
        require(ids.insert(value.id).second, "a network is there once");
    }
}

bool is_shallow(std::string_view json)
{
    return std::count_if(json.begin(), json.end(), [](char c) { return c == '[' || c == '{'; }) < 60;
}

std::string_view trimmed(std::string_view json)
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = std::min(json.find_first_not_of(blanks), json.size());
    json.remove_prefix(first);
    return json.substr(0, json.find_last_not_of(blanks) + 1);
}

} // namespace fuzz
