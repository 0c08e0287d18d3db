#include "instrumented_service/accounts/graphql_check.hpp"

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

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> faults(std::string_view source)
{
    const auto read = parse(source);
    if (const auto* wrong = std::get_if<error>(&read)) {
        ADD_FAILURE() << source << ": " << wrong->message;
        return {};
    }
    std::vector<std::string> messages;
    for (const auto& each : check(std::get<document>(read)))
        messages.push_back(each.message);
    return messages;
}

TEST(GraphqlCheck, AcceptsWhatThereIs)
{
    for (const auto* source : {
             "{ account(id: \"1\") { id name __typename } __typename }",
             "{ Account(id: 1) { id } }",
             "query a($x: ID!) { account(id: $x) { id } }",
             "query a($x: String!) { Account(id: $x) { id } }",
             "query a($x: ID = \"1\") { account(id: $x) { id } }",
             "query a($x: Boolean!) { account(id: \"1\") { id @skip(if: $x) name @include(if: true) } }",
             "query a { ...F } fragment F on Query { account(id: 1) { ...G } } fragment G on Account { id }",
             "{ ... { ... on Query { account(id: 1) { ... on Account { id } } } } }",
             "query a { __typename } query b { __typename }",
             "{ account(id: 1) { id } account(id: 1) { name } }",
             "{ a: account(id: 1) { id } b: account(id: 2) { id } }",
         })
        EXPECT_THAT(faults(source), IsEmpty()) << source;
}

TEST(GraphqlCheck, SaysWhatIsWrong)
{
    for (const auto& [source, message] : std::vector<std::pair<std::string, std::string>>{
             {"{ nothing }", "Type \"Query\" has no field \"nothing\"."},
             {"{ account(id: 1) { mane } }", "Type \"Account\" has no field \"mane\"."},
             {"{ __schema { types { name } } }", "This service tells nothing of its schema but __typename."},
             {"{ account(id: 1) }",
              "Field \"account\" of type \"Account\" needs a selection of its fields: { id name }."},
             {"{ account(id: 1) { id { x } } }", "Field \"id\" is a scalar: it has no fields to select."},
             {"{ account { id } }", "Argument \"id\" of field \"account\" is missing."},
             {"{ account(id: 1, id: 2) { id } }", "Argument \"id\" of field \"account\" is there twice."},
             {"{ account(id: 1, name: \"x\") { id } }", "There is no argument \"name\" of field \"account\"."},
             {"{ account(id: 1) { id(x: 1) } }", "There is no argument \"x\" of field \"id\"."},
             {"{ account(id: null) { id } }", "Argument \"id\" of field \"account\" must be of type \"ID!\"."},
             {"{ account(id: 1.5) { id } }", "Argument \"id\" of field \"account\" must be of type \"ID!\"."},
             {"{ account(id: [1]) { id } }", "Argument \"id\" of field \"account\" must be of type \"ID!\"."},
             {"{ account(id: E) { id } }", "Argument \"id\" of field \"account\" must be of type \"ID!\"."},
             {"mutation { x }", "There are no mutations here: POST and PUT /accounts change accounts."},
             {"subscription { x }", "There are no subscriptions here."},
             {"{ __typename } query a { __typename }", "An operation without a name must be the only one."},
             {"query a { __typename } query a { __typename }", "There are two operations named \"a\"."},
             {"{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
              "There are two fragments named \"F\"."},
             {"{ ...F }", "There is no fragment \"F\"."},
             {"{ __typename } fragment F on Query { __typename }", "Fragment \"F\" is never used."},
             {"{ ...F } fragment F on Nothing { x }", "There is no type \"Nothing\"."},
             {"{ ... on Nothing { x } }", "There is no type \"Nothing\"."},
             {"{ ...F } fragment F on Account { id }", "A fragment on \"Account\" can never be part of \"Query\"."},
             {"{ ...F } fragment F on Query { ...F }", "Fragment \"F\" is part of itself."},
             {"{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
              "Fragment \"F\" is part of itself."},
             {"{ account(id: $x) { id } }", "Variable \"$x\" is not defined."},
             {"query ($x: ID!) { __typename }", "Variable \"$x\" is never used."},
             {"query ($x: ID!, $x: ID!) { account(id: $x) { id } }", "Variable \"$x\" is there twice."},
             {"query ($x: ID) { account(id: $x) { id } }",
              "Variable \"$x\" of type \"ID\" is used where one of type \"ID!\" is wanted."},
             {"query ($x: Int!) { account(id: $x) { id } }",
              "Variable \"$x\" of type \"Int!\" is used where one of type \"ID!\" is wanted."},
             {"query ($x: [ID!]) { account(id: $x) { id } }",
              "Variable \"$x\" cannot be of type \"[ID!]\": nothing here takes one."},
             {"query ($x: ID! = null) { account(id: $x) { id } }",
              "The default of variable \"$x\" is not of its type."},
             {"query ($x: ID = true) { account(id: $x) { id } }", "The default of variable \"$x\" is not of its type."},
             {"{ ...F } fragment F on Query { account(id: $x) { id } }", "Variable \"$x\" is not defined."},
             {"{ __typename @nothing }", "There is no directive \"@nothing\"."},
             {"query @skip(if: true) { __typename }", "Directive \"@skip\" may not be on an operation."},
             {"{ __typename @skip(if: true) @skip(if: true) }", "Directive \"@skip\" is there twice."},
             {"{ __typename @skip }", "Argument \"if\" of directive \"@skip\" is missing."},
             {"{ __typename @skip(if: \"no\") }",
              "Argument \"if\" of directive \"@skip\" must be of type \"Boolean!\"."},
             {"{ account(id: 1) { id } account(id: 2) { id } }",
              "Two different fields would both be \"account\" in the answer: use an alias."},
             {"{ account(id: 1) { id id: name } }",
              "Two different fields would both be \"id\" in the answer: use an alias."},
             {"{ a: account(id: 1) { x: id } a: account(id: 1) { x: name } }",
              "Two different fields would both be \"x\" in the answer: use an alias."},
             {"{ a: account(id: 1) { ...F } a: account(id: 1) { x: name } } fragment F on Account { x: id }",
              "Two different fields would both be \"x\" in the answer: use an alias."},
         })
        EXPECT_THAT(faults(source), ElementsAre(message)) << source;
}

TEST(GraphqlCheck, NamesAtMostSoManyFaults)
{
    std::string source = "{";
    for (int at = 0; at < 100; ++at)
        source += " nothing";
    EXPECT_THAT(faults(source + " }"), SizeIs(most_errors));
}

/// Each fragment uses the next one twice: written out, that would be 2^60 fields.
TEST(GraphqlCheck, IsNotHeldUpByFragmentsThatMultiply)
{
    std::string source = "{ account(id: 1) { ...F0 } }";
    for (int at = 0; at < 60; ++at) {
        const auto next = "...F" + std::to_string(at + 1);
        source += " fragment F" + std::to_string(at) + " on Account { " + next + " ... on Account { " + next + " } }";
    }
    EXPECT_THAT(faults(source + " fragment F60 on Account { id }"), IsEmpty());
}

TEST(GraphqlCheck, TakesAsManyFieldsAndFragmentsAsADocumentHolds)
{
    std::string source = "{";
    for (int at = 0; at < 200; ++at)
        source += " a" + std::to_string(at) + ": account(id: 1) { ...F0 }";
    source += " }";
    for (int at = 0; at < 150; ++at)
        source += " fragment F" + std::to_string(at) + " on Account { id ...F" + std::to_string(at + 1) + " }";
    EXPECT_THAT(faults(source + " fragment F150 on Account { id }"), IsEmpty());
}

} // namespace
} // namespace accounts::graphql
