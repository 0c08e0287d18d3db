#include "tests/support/engine_state.hpp"

#include "proto_http/target.hpp"

#include <stdexcept>
#include <string_view>

#include <simdjson.h>

namespace support {
namespace {

namespace dom = simdjson::dom;

engine_state::objects by_id(const std::string& list)
{
    dom::parser parser;
    dom::array elements;
    if (parser.parse(list).get(elements) != simdjson::SUCCESS)
        throw std::runtime_error("not a JSON list: " + list.substr(0, 80));
    engine_state::objects found;
    for (const dom::element element : elements) {
        std::string_view id;
        if (element["ID"].get(id) != simdjson::SUCCESS)
            throw std::runtime_error("an object without ID in: " + list.substr(0, 80));
        found.emplace(id, simdjson::minify(element));
    }
    return found;
}

bool belongs_to(const std::string& task, std::string_view service_id)
{
    dom::parser parser;
    std::string_view found;
    return parser.parse(task)["ServiceID"].get(found) == simdjson::SUCCESS && found == service_id;
}

template <class Keep>
std::string as_list(const engine_state::objects& objects, Keep keep)
{
    std::string list = "[";
    for (const auto& [id, text] : objects)
        if (keep(text))
            list += (list.size() > 1 ? "," : "") + text;
    return list + "]\n";
}

std::string as_list(const engine_state::objects& objects)
{
    return as_list(objects, [](const std::string&) { return true; });
}

/// The service that a `filters` value asks for.
std::string service_filter(const std::string& filters)
{
    dom::parser parser;
    std::string_view id;
    if (parser.parse(filters)["service"].at(0).get(id) != simdjson::SUCCESS)
        return {};
    return std::string(id);
}

std::string without_version(std::string path)
{
    if (path.starts_with("/v1."))
        path.erase(0, path.find('/', 1));
    return path;
}

engine_answer object_or_404(const engine_state::objects& objects, const std::string& id)
{
    const auto found = objects.find(id);
    if (found == objects.end())
        return {404, R"({"message":"not found"})"};
    return {200, found->second + "\n"};
}

} // namespace

engine_state engine_state::of(const std::string& services, const std::string& nodes, const std::string& tasks)
{
    return {by_id(services), by_id(nodes), by_id(tasks)};
}

engine_answer engine_state::answer(const std::string& asked) const
{
    const auto target = proto_http::split(asked);
    if (!target)
        return {400, R"({"message":"bad target"})"};
    const auto path = without_version(target->path);
    if (path == "/_ping")
        return {200, "OK", "text/plain"};
    if (path == "/services")
        return {200, as_list(services)};
    if (path == "/nodes")
        return {200, as_list(nodes)};
    if (path == "/tasks" && target->query.empty())
        return {200, as_list(tasks)};
    if (path == "/tasks") {
        const auto wanted = service_filter(target->query.front().second);
        if (!services.contains(wanted))
            return {404, R"({"message":"service )" + wanted + R"( not found"})"};
        return {200, as_list(tasks, [&wanted](const std::string& task) { return belongs_to(task, wanted); })};
    }
    if (path.starts_with("/tasks/"))
        return object_or_404(tasks, path.substr(7));
    if (path.starts_with("/services/"))
        return object_or_404(services, path.substr(10));
    if (path.starts_with("/nodes/"))
        return object_or_404(nodes, path.substr(7));
    return {404, R"({"message":"page not found"})"};
}

std::string plain_path(const std::string& target)
{
    const auto split = proto_http::split(target);
    return split ? without_version(split->path) : target;
}

} // namespace support
