#include "proto_http/router.hpp"

#include <algorithm>
#include <optional>

namespace proto_http {
namespace {

/// Takes the first segment, and the slash behind it, off a path.
std::string_view take_segment(std::string_view& path)
{
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    return segment;
}

bool is_parameter(std::string_view segment)
{
    return segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
}

/// What the parameters of `pattern` are in `path`; nothing when the path does not match.
std::optional<field_list> match_path(std::string_view pattern, std::string_view path)
{
    if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/'))
        return std::nullopt;

    field_list params;
    while (!pattern.empty() || !path.empty()) {
        const auto wanted = take_segment(pattern);
        const auto given = take_segment(path);
        if (is_parameter(wanted) && !given.empty())
            params.emplace_back(wanted.substr(1, wanted.size() - 2), given);
        else if (wanted != given)
            return std::nullopt;
    }
    return params;
}

bool answers(const route& candidate, std::string_view method)
{
    return candidate.method == method || (candidate.method == "GET" && method == "HEAD");
}

std::string allow_header(std::vector<std::string_view> methods)
{
    std::ranges::sort(methods);
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());

    std::string text;
    for (const auto method : methods) {
        if (!text.empty())
            text += ", ";
        text += method;
    }
    return text;
}

std::string_view find_exact(const field_list& pairs, std::string_view name)
{
    const auto found = std::ranges::find(pairs, name, &field_list::value_type::first);
    return found == pairs.end() ? std::string_view{} : found->second;
}

} // namespace

std::string_view request::field(std::string_view name) const
{
    return find_field(fields, name);
}

std::string_view request::query_value(std::string_view name) const
{
    return find_exact(query, name);
}

std::string_view request::param(std::string_view name) const
{
    return find_exact(params, name);
}

router::router(std::vector<route> routes, std::shared_ptr<request_monitor> unmatched)
    : routes_(std::move(routes)), unmatched_(std::move(unmatched))
{
}

router::match router::find(std::string_view method, std::string_view path) const
{
    std::vector<std::string_view> methods;
    for (const auto& candidate : routes_) {
        auto params = match_path(candidate.pattern, path);
        if (!params)
            continue;
        if (answers(candidate, method))
            return {&candidate, *std::move(params), {}, candidate.monitor.get()};
        methods.push_back(candidate.method);
        if (candidate.method == "GET")
            methods.push_back("HEAD");
    }
    return {nullptr, {}, allow_header(std::move(methods)), unmatched_.get()};
}

} // namespace proto_http
