#include "proto_http/router.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace {

/// The same question once more, segment by segment.
std::optional<proto_http::field_list> matched(std::string_view pattern, std::string_view path)
{
    const auto wanted = fuzz::split(pattern, '/');
    const auto given = fuzz::split(path, '/');
    proto_http::field_list params;
    for (std::size_t at = 0; at < wanted.size() && wanted.size() == given.size(); ++at) {
        const auto segment = wanted[at];
        const bool is_parameter = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
        if (is_parameter && !given[at].empty())
            params.emplace_back(segment.substr(1, segment.size() - 2), given[at]);
        else if (segment != given[at])
            return std::nullopt;
    }
    return wanted.size() == given.size() ? std::optional(std::move(params)) : std::nullopt;
}

std::string joined(const std::set<std::string>& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

} // namespace

/// A method and a path, then routes: each a line, the method divided from the path by a blank.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto line_of = [](std::string_view line) {
        const auto blank = std::min(line.find(' '), line.size());
        return std::pair(line.substr(0, blank), line.substr(std::min(blank + 1, line.size())));
    };
    const auto lines = fuzz::split(input.rest(), '\n');
    const auto [method, path] = line_of(lines.front());
    std::vector<proto_http::route> routes;
    for (auto line = lines.begin() + 1; line != lines.end(); ++line)
        routes.push_back(
            {std::to_string(routes.size()), std::string(line_of(*line).first), std::string(line_of(*line).second), {}});
    const proto_http::router all(routes);
    const auto match = all.find(method, path);

    std::set<std::string> allowed;
    for (const auto& each : routes) {
        const auto params = matched(each.pattern, path);
        if (!params)
            continue;
        if (each.method == method || (each.method == "GET" && method == "HEAD")) {
            fuzz::require(match.found != nullptr && match.found->name == each.name && match.params == *params,
                          "the first route that fits is found, with its parameters");
            fuzz::require(match.allow.empty(), "where one is found, nothing else is offered");
            return 0;
        }
        allowed.insert(each.method);
        if (each.method == "GET")
            allowed.insert("HEAD");
    }
    fuzz::require(match.found == nullptr && match.params.empty(), "where none fits, none is found");
    fuzz::require(match.allow == joined(allowed), "the methods of a path are named, each once");
    return 0;
}
