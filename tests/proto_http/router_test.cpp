#include "proto_http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

route a_route(std::string name, std::string method, std::string pattern)
{
    return {std::move(name), std::move(method), std::move(pattern), {}};
}

const router& routes()
{
    static const router instance({
        a_route("root", "GET", "/"),
        a_route("metrics", "GET", "/metrics"),
        a_route("reload", "POST", "/-/reload"),
        a_route("reload_too", "PUT", "/-/reload"),
        a_route("sd", "GET", "/sd/{role}"),
        a_route("new_account", "GET", "/accounts/new"),
        a_route("account", "GET", "/accounts/{id}"),
        a_route("delete_account", "DELETE", "/accounts/{id}"),
        a_route("entry", "GET", "/accounts/{id}/entries/{entry}"),
    });
    return instance;
}

std::string found(std::string_view method, std::string_view path)
{
    const auto match = routes().find(method, path);
    return match.found == nullptr ? "none, allow: " + match.allow : match.found->name;
}

TEST(Router, FindsLiteralPaths)
{
    EXPECT_EQ(found("GET", "/"), "root");
    EXPECT_EQ(found("GET", "/metrics"), "metrics");
    EXPECT_EQ(found("PUT", "/-/reload"), "reload_too");
}

TEST(Router, KnowsNoOtherPaths)
{
    for (const auto* path : {"", "/metric", "/metrics/", "/metrics/x", "//", "metrics", "/Metrics", "/sd"})
        EXPECT_EQ(found("GET", path), "none, allow: ") << path;
}

TEST(Router, FillsParameters)
{
    const auto match = routes().find("GET", "/accounts/a b/entries/7");
    ASSERT_NE(match.found, nullptr);
    EXPECT_EQ(match.found->name, "entry");
    EXPECT_THAT(match.params, ElementsAre(Pair("id", "a b"), Pair("entry", "7")));
}

TEST(Router, MatchesOnlyOneNonEmptySegmentPerParameter)
{
    EXPECT_EQ(found("GET", "/sd/"), "none, allow: ");
    EXPECT_EQ(found("GET", "/sd/a/b"), "none, allow: ");
    EXPECT_EQ(found("GET", "/accounts//entries/7"), "none, allow: ");
}

TEST(Router, TakesTheFirstRouteThatFits)
{
    EXPECT_EQ(found("GET", "/accounts/new"), "new_account");
    EXPECT_EQ(found("GET", "/accounts/newer"), "account");
    EXPECT_EQ(found("DELETE", "/accounts/new"), "delete_account");
}

TEST(Router, AnswersHeadByGetRoutes)
{
    EXPECT_EQ(found("HEAD", "/metrics"), "metrics");
}

TEST(Router, NamesTheMethodsThatAPathHas)
{
    EXPECT_EQ(found("POST", "/metrics"), "none, allow: GET, HEAD");
    EXPECT_EQ(found("HEAD", "/-/reload"), "none, allow: POST, PUT");
    EXPECT_EQ(found("PATCH", "/accounts/new"), "none, allow: DELETE, GET, HEAD");
    EXPECT_EQ(found("get", "/metrics"), "none, allow: GET, HEAD");
}

TEST(Router, HasNothingByDefault)
{
    EXPECT_EQ(router().find("GET", "/").found, nullptr);
}

TEST(Request, FindsFieldsInAnyCaseButNamesOfValuesExactly)
{
    request asked;
    asked.fields = {{"Accept", "text/plain"}, {"accept", "second"}};
    asked.query = {{"service", "a"}, {"service", "b"}};
    asked.params = {{"id", "7"}};
    EXPECT_EQ(asked.field("ACCEPT"), "text/plain");
    EXPECT_EQ(asked.field("Host"), "");
    EXPECT_EQ(asked.query_value("service"), "a");
    EXPECT_EQ(asked.query_value("Service"), "");
    EXPECT_EQ(asked.param("id"), "7");
}

} // namespace
} // namespace proto_http
