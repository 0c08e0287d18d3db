#include "instrumented_service/accounts/graphql_parser.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts::graphql {
namespace {

using testing::HasSubstr;

document parsed(std::string_view source)
{
    auto read = parse(source);
    if (const auto* wrong = std::get_if<error>(&read)) {
        ADD_FAILURE() << source << ": " << wrong->message;
        return {};
    }
    return std::get<document>(std::move(read));
}

error refused(std::string_view source)
{
    const auto read = parse(source);
    EXPECT_TRUE(std::holds_alternative<error>(read)) << source << " was accepted";
    return std::holds_alternative<error>(read) ? std::get<error>(read) : error{};
}

TEST(GraphqlParser, ReadsTheShorthand)
{
    const auto whole = parsed("{ a: account(id: \"1\") { id } }");
    ASSERT_EQ(whole.operations.size(), 1U);
    EXPECT_EQ(whole.operations[0].kind, "query");
    const auto& field = whole.operations[0].selections.at(0);
    EXPECT_EQ(field.key(), "a");
    EXPECT_EQ(field.name, "account");
    EXPECT_EQ(field.arguments.at(0).value.text, "1");
    EXPECT_EQ(field.selections.at(0).key(), "id");
    EXPECT_EQ(field.where, (location{1, 3}));
}

TEST(GraphqlParser, ReadsOperationsAndFragments)
{
    const auto whole = parsed("query A($x: ID!, $y: [String!] = [\"z\"], $b: Boolean = true) @d {\n"
                              "  ...F @skip(if: $b) ... on Query @include(if: true) { b } ... { c }\n"
                              "}\n"
                              "mutation { m } fragment F on Query { on query: fragment }");
    ASSERT_EQ(whole.operations.size(), 2U);
    const auto& first = whole.operations[0];
    EXPECT_EQ(first.name, "A");
    ASSERT_EQ(first.variables.size(), 3U);
    EXPECT_TRUE(first.variables[0].non_null);
    EXPECT_EQ(first.variables[1].type, "[String!]");
    EXPECT_EQ(first.variables[1].otherwise->what, value::kind::list);
    EXPECT_EQ(first.variables[2].otherwise->what, value::kind::boolean);
    EXPECT_EQ(first.selections.at(0).what, selection::kind::spread);
    EXPECT_EQ(first.selections.at(1).condition, "Query");
    EXPECT_EQ(first.selections.at(2).what, selection::kind::inline_fragment);
    ASSERT_EQ(whole.fragments.size(), 1U);
    EXPECT_EQ(whole.fragments[0].selections.at(0).name, "on");
    EXPECT_EQ(whole.fragments[0].selections.at(1).key(), "query");
}

TEST(GraphqlParser, ReadsEveryKindOfValue)
{
    const auto whole = parsed("{ f(a: 1, b: 1.5, c: \"t\", d: true, e: null, f: E, g: [1 [2]], h: {i: $j}, k: []) }");
    std::vector<value::kind> kinds;
    for (const auto& each : whole.operations.at(0).selections.at(0).arguments)
        kinds.push_back(each.value.what);
    using enum value::kind;
    EXPECT_THAT(kinds, testing::ElementsAre(integer, real, text, boolean, null, enumeration, list, object, list));
}

TEST(GraphqlParser, SaysWhatItExpected)
{
    for (const auto& [source, message] : std::vector<std::pair<std::string, std::string>>{
             {"", "Syntax error: expected an operation or a fragment, found the end"},
             {"type A { b: C }", "Syntax error: expected an operation or a fragment, found \"type\""},
             {"{", "Syntax error: expected a name, found the end"},
             {"{}", "Syntax error: expected a name, found \"}\""},
             {"{ a(", "Syntax error: expected a name, found the end"},
             {"{ a() }", "Syntax error: expected a name, found \")\""},
             {"{ a(b 1) }", "Syntax error: expected \":\", found \"1\""},
             {"{ a(b: ) }", "Syntax error: expected a value, found \")\""},
             {"{ a: }", "Syntax error: expected a name, found \"}\""},
             {"query ($a: ID = $b) { c }", "Syntax error: a variable where only a constant may be"},
             {"query ($a) { c }", "Syntax error: expected \":\", found \")\""},
             {"fragment on on A { b }", "Syntax error: expected a fragment's name, found \"on\""},
             {"fragment A { b }", "Syntax error: expected \"on\", found \"{\""},
             {"{ a \"b\" }", "Syntax error: expected a name, found a string"},
             {"{ ...on }", "Syntax error: expected a name, found \"}\""},
             {"{ a } }", "Syntax error: expected an operation or a fragment, found \"}\""},
         })
        EXPECT_EQ(refused(source).message, message) << source;
    EXPECT_EQ(refused("{\n  a(").locations, std::vector{(location{2, 5})});
}

TEST(GraphqlParser, BoundsDepthAndLength)
{
    const auto nested = [](std::size_t depth) {
        std::string source;
        for (std::size_t at = 0; at < depth; ++at)
            source += "{a";
        return source + std::string(depth, '}');
    };
    static_cast<void>(parsed(nested(deepest_nesting)));
    EXPECT_THAT(refused(nested(deepest_nesting + 1)).message, HasSubstr("nested deeper than 16 levels"));
    EXPECT_THAT(refused("{ a(b: " + std::string(10'000, '[')).message, HasSubstr("nested deeper"));
    EXPECT_THAT(refused("query ($a: " + std::string(10'000, '[')).message, HasSubstr("nested deeper"));
    EXPECT_THAT(refused(std::string(10'000, '{')).message, testing::StartsWith("Syntax error: "));
    std::string wide = "{";
    for (std::size_t at = 0; at < most_tokens; ++at)
        wide += " a";
    EXPECT_THAT(refused(wide + "}").message, HasSubstr("more than 4000 tokens"));
}

TEST(GraphqlParser, NothingCutShortIsAccepted)
{
    const std::string whole =
        "query A($x: ID! = \"a\") { a: account(id: $x) @skip(if: false) { ...F ... on B { c } } }";
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(refused(whole.substr(0, length)).locations.empty());
}

} // namespace
} // namespace accounts::graphql
