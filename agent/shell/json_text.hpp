#pragma once

#include "sd_writer/json.hpp"

#include <string>
#include <string_view>

/// JSON for the agent's own pages, put together as text.
namespace agent::shell {

[[nodiscard]] inline std::string quoted(std::string_view text)
{
    std::string json;
    sd_writer::append_json_string(json, text);
    return json;
}

/// A list of what `write` makes of each value.
template <class Values, class Write>
[[nodiscard]] std::string json_list(const Values& values, Write write)
{
    std::string json = "[";
    for (const auto& value : values) {
        if (json.size() > 1)
            json += ',';
        json += write(value);
    }
    return json + "]";
}

/// An object of what `write` makes of each value: `"key":value`.
template <class Values, class Write>
[[nodiscard]] std::string json_object(const Values& values, Write write)
{
    auto json = json_list(values, write);
    json.front() = '{';
    json.back() = '}';
    return json;
}

} // namespace agent::shell
