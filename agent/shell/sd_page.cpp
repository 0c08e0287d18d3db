#include "agent/shell/sd_page.hpp"

#include "agent/shell/entity_tag.hpp"
#include "proto_http/gzip.hpp"
#include "sd_writer/json.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {
namespace {

using proto_http::reply;
using proto_http::request;
using sd_writer::target_group;

constexpr unsigned not_modified = 304;

/// What a query may ask for, and the labels that answer it.
struct filter {
    std::string_view parameter;
    std::array<std::string_view, 2> labels;
};
constexpr std::array<filter, 3> filters{{
    {"job", {"job", ""}},
    {"service", {"task", "__meta_dockerswarm_service_name"}},
    {"network", {"__meta_dockerswarm_network_name", "__meta_docker_network_name"}},
}};

bool has_label(const target_group& group, std::string_view name, std::string_view value)
{
    return std::any_of(group.labels.begin(), group.labels.end(),
                       [=](const auto& label) { return label.first == name && label.second == value; });
}

/// Whether a group has one of the values that the query gives for this filter; true when it gives none.
bool passes(const target_group& group, const filter& by, const request& asked)
{
    bool given = false;
    for (const auto& [name, value] : asked.query) {
        if (name != by.parameter)
            continue;
        given = true;
        for (const auto label : by.labels)
            if (has_label(group, label, value))
                return true;
    }
    return !given;
}

std::string document_for(const std::vector<target_group>& groups, const request& asked)
{
    if (asked.query.empty())
        return sd_writer::to_json(groups);
    std::vector<target_group> kept;
    std::copy_if(groups.begin(), groups.end(), std::back_inserter(kept), [&asked](const target_group& group) {
        return std::all_of(filters.begin(), filters.end(), [&](const filter& by) { return passes(group, by, asked); });
    });
    return sd_writer::to_json(kept);
}

} // namespace

reply sd_page(const std::vector<target_group>& targets, const request& asked)
{
    reply page{.content_type = "application/json", .body = document_for(targets, asked)};
    const auto tag = entity_tag(page.body);
    page.fields = {{"ETag", tag}, {"Vary", "Accept-Encoding"}};
    if (lists_tag(asked.field("If-None-Match"), tag)) {
        page.status = not_modified;
        page.body.clear();
        return page;
    }
    if (proto_http::accepts_gzip(asked.field("Accept-Encoding"))) {
        page.body = proto_http::gzip(page.body);
        page.fields.emplace_back("Content-Encoding", "gzip");
    }
    return page;
}

} // namespace agent::shell
