#include "instrumented_service/accounts/account_json.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

wanted_account wanted(std::string_view body, id_rule rule = id_rule::optional)
{
    auto read = read_account(body, rule);
    if (const auto* fault = std::get_if<body_fault>(&read)) {
        ADD_FAILURE() << body << ": " << fault->message;
        return {};
    }
    return std::get<wanted_account>(std::move(read));
}

body_fault fault(std::string_view body, id_rule rule = id_rule::optional)
{
    auto read = read_account(body, rule);
    EXPECT_TRUE(std::holds_alternative<body_fault>(read)) << body << " was accepted";
    return std::holds_alternative<body_fault>(read) ? std::get<body_fault>(read) : body_fault{};
}

TEST(AccountJson, ReadsAnAccount)
{
    EXPECT_EQ(wanted(R"({"id":"a-B_9","name":"Ada"})"), (wanted_account{"a-B_9", "Ada"}));
    EXPECT_EQ(wanted(R"( { "name" : "Ada" } )"), (wanted_account{std::nullopt, "Ada"}));
    EXPECT_EQ(wanted(R"({"name":"\u00e5 \ud83d\ude00"})"), (wanted_account{std::nullopt, "å 😀"}));
}

TEST(AccountJson, NeedsAnIdOnlyWhereItIsSaid)
{
    EXPECT_EQ(fault(R"({"name":"Ada"})", id_rule::required), (body_fault{"invalid_account", "\"id\": is missing"}));
}

TEST(AccountJson, RefusesWhatIsNoJsonAndSaysWhere)
{
    for (const auto& [body, place] : std::vector<std::pair<std::string, std::string>>{
             {"", "line 1, column 1"},
             {"{\"name\":\"a\"", "line 1, column 12"},
             {"{\"name\":\n  nonsense}", "line 2, column 3"},
             {"{\"name\":\"å\" x}", "line 1, column 13"},
             {"{\"name\":\"a\"} x", "line 1, column 14"},
             {"{\"name\":\"a\xff\"}", "line 1, column 11"},
             {"{\"name\":\"\\ud800\"}", "line 1, column "},
             {"{\"name\":\"a\nb\"}", "line 1, column 11"},
             {"{'name':'a'}", "line 1, column 2"},
             {"{\"name\":\"a\",}", "line 1, column "},
             {std::string(40, '[') + std::string(40, ']'), "line 1, column 17"},
         }) {
        const auto found = fault(body);
        EXPECT_EQ(found.code, "invalid_json") << body;
        EXPECT_THAT(found.message, StartsWith("not JSON: " + place)) << body;
    }
}

TEST(AccountJson, RefusesAKeyThatIsThereTwice)
{
    EXPECT_THAT(fault(R"({"name":"a","name":"b"})").message, HasSubstr("key \"name\" is there twice"));
    EXPECT_THAT(fault(R"({"name":"a","n\u0061me":"b"})").message, HasSubstr("key \"name\" is there twice"));
}

TEST(AccountJson, NamesTheKeyThatIsWrong)
{
    for (const auto& [body, message] : std::vector<std::pair<std::string, std::string>>{
             {"[]", "expected an object, as in {\"name\":\"Ada\"}"},
             {"null", "expected an object, as in {\"name\":\"Ada\"}"},
             {"{}", "\"name\": is missing"},
             {R"({"name":null})", "\"name\": must be a string"},
             {R"({"name":7})", "\"name\": must be a string"},
             {R"({"id":10000,"name":"a"})", "\"id\": must be a string"},
             {R"({"name":"a","nmae":1})", "\"nmae\": unknown key, expected \"id\" and \"name\""},
             {R"({"name":""})", "\"name\": must not be empty"},
             {R"({"name":"   "})", "\"name\": must not be blank"},
             {R"({"name":"a\u0000b"})", "\"name\": must not have control characters"},
             {R"({"name":"a\u009fb"})", "\"name\": must not have control characters"},
             {R"({"id":"","name":"a"})", "\"id\": must be 1 to 64 of the letters A-Z a-z 0-9 _ -"},
             {R"({"id":"a/b","name":"a"})", "\"id\": must be 1 to 64 of the letters A-Z a-z 0-9 _ -"},
             {R"({"id":")" + std::string(65, 'x') + R"(","name":"a"})",
              "\"id\": must be 1 to 64 of the letters A-Z a-z 0-9 _ -"},
         })
        EXPECT_EQ(fault(body), (body_fault{"invalid_account", message})) << body;
}

TEST(AccountJson, CountsANameInCharacters)
{
    std::string name;
    for (std::size_t at = 0; at < longest_name; ++at)
        name += "å";
    EXPECT_EQ(wanted("{\"name\":\"" + name + "\"}").name, name);
    EXPECT_EQ(fault("{\"name\":\"" + name + "x\"}").message,
              "\"name\": must not have more than 200 characters, and has 201");
}

TEST(AccountJson, NothingCutShortIsAccepted)
{
    const std::string whole = R"({"id":"10000","name":"Ad\u00e5"})";
    for (std::size_t length = 0; length < whole.size(); ++length)
        static_cast<void>(fault(whole.substr(0, length)));
}

TEST(AccountJson, WritesWhatItReads)
{
    const account one{"x-1", "\"å\" \\ /"};
    EXPECT_EQ(to_json(one), R"({"id":"x-1","name":"\"å\" \\ /"})");
    EXPECT_EQ(wanted(to_json(one)), (wanted_account{one.id, one.name}));
}

} // namespace
} // namespace accounts
