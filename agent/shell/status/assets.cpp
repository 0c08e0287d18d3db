#include "agent/shell/status/assets.hpp"

#include "agent/shell/entity_tag.hpp"

#include <algorithm>
#include <string>

namespace agent::shell {
namespace {

constexpr unsigned not_found = 404;
constexpr unsigned not_modified = 304;

std::string_view type_of(std::string_view name)
{
    if (name.ends_with(".css"))
        return "text/css; charset=utf-8";
    return name.ends_with(".js") ? "text/javascript; charset=utf-8" : "image/svg+xml";
}

} // namespace

proto_http::reply asset_page(const proto_http::request& asked)
{
    const auto files = status_assets();
    const auto file = std::ranges::find(files, asked.param("name"), &embedded_file::name);
    if (file == files.end())
        return {.status = not_found, .body = "no such file\n"};
    const auto tag = entity_tag(file->bytes);
    proto_http::reply page{.content_type = std::string(type_of(file->name)), .body = std::string(file->bytes)};
    page.fields = {{"ETag", tag}, {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
    if (lists_tag(asked.field("If-None-Match"), tag)) {
        page.status = not_modified;
        page.body.clear();
    }
    return page;
}

} // namespace agent::shell
