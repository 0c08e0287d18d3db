#include "agent/shell/sd_page.hpp"

#include "sd_writer/json.hpp"
#include "tests/support/gunzip.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::shell {
namespace {

using sd_writer::target_group;

const std::vector<target_group> groups{
    {{"10.0.0.1:80"}, {{"job", "shop"}, {"task", "web"}}},
    {{"10.0.0.2:80"}, {{"__meta_dockerswarm_network_name", "back"}, {"task", "db"}}},
    {{"10.0.0.3:80"}, {{"__meta_docker_network_name", "bridge"}}},
};

std::string field_of(const proto_http::reply& page, std::string_view name)
{
    for (const auto& [key, value] : page.fields)
        if (key == name)
            return value;
    return {};
}

std::string only(std::vector<std::size_t> numbers)
{
    std::vector<target_group> kept;
    for (const auto number : numbers)
        kept.push_back(groups.at(number));
    return sd_writer::to_json(kept);
}

TEST(SdPage, IsTheCompleteListInJson)
{
    const auto page = sd_page(groups, {});
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.content_type, "application/json") << "Prometheus takes no other";
    EXPECT_EQ(page.body, sd_writer::to_json(groups));
}

TEST(SdPage, IsNotModifiedForWhoNamesItsTag)
{
    const auto tag = field_of(sd_page(groups, {}), "ETag");
    ASSERT_EQ(tag.front(), '"');
    for (const auto& header : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
        proto_http::request asked;
        asked.fields = {{"If-None-Match", header}};
        EXPECT_EQ(sd_page(groups, asked).status, 304U) << header;
        EXPECT_EQ(sd_page(groups, asked).body, "");
    }
    proto_http::request stale;
    stale.fields = {{"If-None-Match", "\"0000000000000000\""}};
    EXPECT_EQ(sd_page(groups, stale).status, 200U);
}

TEST(SdPage, IsPackedForWhoAcceptsIt)
{
    proto_http::request asked;
    asked.fields = {{"Accept-Encoding", "gzip"}};
    const auto page = sd_page(groups, asked);
    EXPECT_EQ(field_of(page, "Content-Encoding"), "gzip");
    EXPECT_EQ(support::gunzip(page.body), sd_writer::to_json(groups));
    EXPECT_EQ(field_of(sd_page(groups, {}), "Content-Encoding"), "");
}

TEST(SdPage, KeepsTheGroupsThatAQueryNames)
{
    const auto body_for = [](proto_http::field_list query) {
        proto_http::request asked;
        asked.query = std::move(query);
        return sd_page(groups, asked).body;
    };
    EXPECT_EQ(body_for({{"job", "shop"}}), only({0}));
    EXPECT_EQ(body_for({{"service", "db"}}), only({1}));
    EXPECT_EQ(body_for({{"service", "db"}, {"service", "web"}}), only({0, 1}));
    EXPECT_EQ(body_for({{"service", "db"}, {"job", "shop"}}), only({}));
    EXPECT_EQ(body_for({{"network", "back"}}), only({1}));
    EXPECT_EQ(body_for({{"network", "bridge"}}), only({2}));
    EXPECT_EQ(body_for({{"service", "nobody"}}), "[]\n");
    EXPECT_EQ(body_for({{"anything", "else"}}), only({0, 1, 2}));
}

} // namespace
} // namespace agent::shell
