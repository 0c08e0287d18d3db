#include "instrumented_service/accounts/graphql_request.hpp"

#include <boost/json/parse.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts::graphql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What a service with three accounts answers.
std::string answer(const request& asked)
{
    const std::map<std::string, std::string> known{{"1", "Ada"}, {"2", "Grace"}, {"x-y", "\"Ken\""}};
    const auto prepared = prepare(asked);
    if (const auto* errors = std::get_if<std::vector<error>>(&prepared))
        return to_json(*errors);
    const auto& todo = std::get<plan>(prepared);
    std::vector<std::optional<account>> found;
    for (const auto& id : todo.ids()) {
        const auto at = known.find(id);
        found.push_back(at == known.end() ? std::nullopt : std::optional(account{at->first, at->second}));
    }
    return todo.answer(found);
}

std::string answer(std::string query, std::string_view variables = "{}", std::string operation = {})
{
    return answer({std::move(query), std::move(operation),
                   boost::json::parse(boost::json::string_view(variables.data(), variables.size())).as_object()});
}

TEST(GraphqlRequest, FindsAnAccount)
{
    EXPECT_EQ(answer("{ account(id: \"1\") { id name } }"), R"({"data":{"account":{"id":"1","name":"Ada"}}})");
    EXPECT_EQ(answer("{ Account(id: 1) { name } }"), R"({"data":{"Account":{"name":"Ada"}}})");
    EXPECT_EQ(answer("{ account(id: \"x-y\") { name } }"), R"({"data":{"account":{"name":"\"Ken\""}}})");
}

TEST(GraphqlRequest, AnswersAsTheServiceBeforeDid)
{
    EXPECT_EQ(answer("query fetchAccount($accid: String!) {\n    Account(id:$accid) {\n        id,name\n    }\n}",
                     R"({"accid":"1"})"),
              R"({"data":{"Account":{"id":"1","name":"Ada"}}})");
    EXPECT_EQ(answer("query fetchAccounts{ acc1: Account(id:\"1\") { id } acc2: Account(id:\"2\") { id } }"),
              R"({"data":{"acc1":{"id":"1"},"acc2":{"id":"2"}}})");
}

TEST(GraphqlRequest, AnswersInTheOrderOfTheQuery)
{
    EXPECT_EQ(answer("{ b: account(id: 1) { name id } __typename a: account(id: 2) { t: __typename } }"),
              R"({"data":{"b":{"name":"Ada","id":"1"},"__typename":"Query","a":{"t":"Account"}}})");
}

TEST(GraphqlRequest, MergesFieldsOfOneName)
{
    EXPECT_EQ(answer("{ account(id: 1) { id } ...F account(id: 1) { id name } } "
                     "fragment F on Query { account(id: 1) { __typename } }"),
              R"({"data":{"account":{"id":"1","__typename":"Account","name":"Ada"}}})");
}

TEST(GraphqlRequest, ListsEachAccountOnce)
{
    const auto prepared =
        prepare({"{ a: account(id: 1) { id } b: account(id: \"1\") { id } c: account(id: 2) { id } }", {}, {}});
    EXPECT_THAT(std::get<plan>(prepared).ids(), ElementsAre("1", "2"));
}

TEST(GraphqlRequest, SaysWhichAccountIsNotThere)
{
    EXPECT_EQ(answer("{ account(id: 1) { id }\n  b: account(id: \"no\\\"ne\") { id } }"),
              R"x({"errors":[{"message":"There is no account \"no\\\"ne\".","locations":[{"line":2,"column":3}],)x"
              R"x("path":["b"],"extensions":{"code":"not_found"}}],"data":{"account":{"id":"1"},"b":null}})x");
}

TEST(GraphqlRequest, FollowsDirectives)
{
    const std::string query = "query ($yes: Boolean = true, $no: Boolean!) {"
                              "  a: account(id: 1) @include(if: $yes) { id @skip(if: $yes) name }"
                              "  b: account(id: 1) @include(if: $no) { id }"
                              "  c: account(id: 1) @skip(if: true) @include(if: true) { id }"
                              "  ...F @skip(if: $no) ... @include(if: false) { d: __typename } }"
                              "fragment F on Query { e: __typename }";
    EXPECT_EQ(answer(query, R"({"no":false})"), R"({"data":{"a":{"name":"Ada"},"e":"Query"}})");
    EXPECT_THAT(answer(query, R"({"no":false,"yes":null})"), HasSubstr("\"if\\\" of directive"));
    EXPECT_EQ(answer("{ account(id: 1) { id @skip(if: true) } }"), R"({"data":{"account":{}}})");
}

TEST(GraphqlRequest, ReadsVariables)
{
    const std::string query = "query ($x: ID!) { account(id: $x) { id } }";
    EXPECT_EQ(answer(query, R"({"x":"1"})"), R"({"data":{"account":{"id":"1"}}})");
    EXPECT_EQ(answer(query, R"({"x":1,"unused":[]})"), R"({"data":{"account":{"id":"1"}}})");
    EXPECT_THAT(answer(query), HasSubstr(R"("message":"Variable \"$x\" of type \"ID!\" is missing.")"));
    EXPECT_THAT(answer(query, R"({"x":null})"), HasSubstr(R"(Variable \"$x\" of type \"ID!\" is null.)"));
    for (const auto* wrong : {R"({"x":1.5})", R"({"x":true})", R"({"x":[]})", R"({"x":{}})"})
        EXPECT_THAT(answer(query, wrong), HasSubstr(R"(Variable \"$x\" is not of type \"ID!\".)")) << wrong;
    EXPECT_THAT(answer("query ($x: String!) { account(id: $x) { id } }", R"({"x":1})"), HasSubstr("is not of type"));
}

TEST(GraphqlRequest, TakesDefaultsWhereNothingIsGiven)
{
    const std::string query = "query ($x: ID = 2) { account(id: $x) { id } }";
    EXPECT_EQ(answer(query), R"({"data":{"account":{"id":"2"}}})");
    EXPECT_EQ(answer(query, R"({"x":"1"})"), R"({"data":{"account":{"id":"1"}}})");
    EXPECT_EQ(answer(query, R"({"x":null})"),
              R"x({"errors":[{"message":"Argument \"id\" is null.","locations":[{"line":1,"column":22}],)x"
              R"x("path":["account"],"extensions":{"code":"invalid_id"}}],"data":{"account":null}})x");
}

TEST(GraphqlRequest, ChoosesTheOperation)
{
    const std::string query = "query a { a: __typename } query b { b: __typename }";
    EXPECT_EQ(answer(query, "{}", "b"), R"({"data":{"b":"Query"}})");
    EXPECT_THAT(answer(query), HasSubstr("There are several operations"));
    EXPECT_THAT(answer(query, "{}", "c"), HasSubstr(R"(There is no operation \"c\".)"));
    EXPECT_THAT(answer("{ __typename }", "{}", "c"), HasSubstr("There is no operation"));
    EXPECT_THAT(answer("fragment F on Query { __typename }"), HasSubstr("never used"));
}

TEST(GraphqlRequest, AnswersNoDataWhereTheRequestIsWrong)
{
    EXPECT_EQ(answer("{ account(id: 1) { mane } }"),
              R"x({"errors":[{"message":"Type \"Account\" has no field \"mane\".",)x"
              R"x("locations":[{"line":1,"column":20}]}]})x");
    EXPECT_EQ(answer("{"), R"x({"errors":[{"message":"Syntax error: expected a name, found the end",)x"
                           R"x("locations":[{"line":1,"column":2}]}]})x");
}

TEST(GraphqlRequest, AsksForOnlySoManyAccounts)
{
    const auto query = [](std::size_t accounts) {
        std::string source = "{";
        for (std::size_t at = 0; at < accounts; ++at)
            source += " a" + std::to_string(at) + ": account(id: " + std::to_string(at) + ") { id }";
        return source + " }";
    };
    EXPECT_THAT(answer(query(most_accounts)), HasSubstr("\"data\""));
    EXPECT_THAT(answer(query(most_accounts + 1)), HasSubstr("One request may ask for 100 accounts at most."));
}

TEST(GraphqlRequest, ReadsTheBody)
{
    const auto read =
        read_request(R"({"query":"{ a }","operationName":"b","variables":{"c":1},"extensions":{"d":[]}})");
    const auto& asked = std::get<request>(read);
    EXPECT_EQ(asked.query, "{ a }");
    EXPECT_EQ(asked.operation, "b");
    EXPECT_EQ(asked.variables.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<request>(
        read_request(R"({"query":"{ a }","operationName":null,"variables":null,"extensions":null})")));
}

TEST(GraphqlRequest, RefusesABodyThatIsNone)
{
    for (const auto& [body, message] : std::vector<std::pair<std::string, std::string>>{
             {"{", "The request is not JSON: line 1, column 2"},
             {"[{\"query\":\"{ a }\"}]", "must be one JSON object"},
             {"{}", "\"query\" is missing."},
             {R"({"query":null})", "\"query\" must be a string."},
             {R"({"query":"","variables":[]})", "\"variables\" must be an object or null."},
             {R"({"query":"","extensions":1})", "\"extensions\" must be an object or null."},
             {R"({"query":"","operationName":1})", "\"operationName\" must be a string or null."},
             {R"({"query":"","variable":{}})", "Unknown key \"variable\""},
             {R"({"query":"","query":""})", "key \"query\" is there twice"},
         }) {
        const auto read = read_request(body);
        ASSERT_TRUE(std::holds_alternative<error>(read)) << body;
        EXPECT_THAT(std::get<error>(read).message, HasSubstr(message)) << body;
    }
}

} // namespace
} // namespace accounts::graphql
