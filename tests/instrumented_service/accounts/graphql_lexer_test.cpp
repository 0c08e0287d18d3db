#include "instrumented_service/accounts/graphql_lexer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts::graphql {
namespace {

using testing::ElementsAre;

std::vector<token> tokens(std::string_view source)
{
    lexer from(source);
    std::vector<token> all;
    do
        all.push_back(from.next());
    while (all.back().what != token::kind::end);
    all.pop_back();
    return all;
}

std::vector<std::string> texts(std::string_view source)
{
    std::vector<std::string> all;
    for (const auto& each : tokens(source))
        all.push_back(each.text);
    return all;
}

/// The one token that a source is.
token only(std::string_view source)
{
    const auto all = tokens(source);
    EXPECT_EQ(all.size(), 1U) << source;
    return all.empty() ? token{} : all.front();
}

location refused_at(std::string_view source)
{
    try {
        static_cast<void>(tokens(source));
    } catch (const syntax_error& wrong) {
        return wrong.where;
    }
    ADD_FAILURE() << source << " was accepted";
    return {};
}

TEST(GraphqlLexer, CutsADocument)
{
    EXPECT_THAT(texts("query A($b: ID! = \"c\") { ...D @e(f: [1, -2.5e+3]) | & }"),
                ElementsAre("query", "A", "(", "$", "b", ":", "ID", "!", "=", "c", ")", "{", "...", "D", "@", "e", "(",
                            "f", ":", "[", "1", "-2.5e+3", "]", ")", "|", "&", "}"));
}

TEST(GraphqlLexer, PassesOverWhatMeansNothing)
{
    EXPECT_THAT(texts("\xEF\xBB\xBF a,,b\t# comment \" { \n c#"), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(texts("").empty());
}

TEST(GraphqlLexer, CountsLinesAndCharacters)
{
    const auto all = tokens("a\n  b\r\nc\rd \"å😀\" e");
    std::vector<location> places;
    for (const auto& each : all)
        places.push_back(each.where);
    EXPECT_THAT(places, ElementsAre(location{1, 1}, location{2, 3}, location{3, 1}, location{4, 1}, location{4, 3},
                                    location{4, 8}));
}

TEST(GraphqlLexer, TellsNumbersApart)
{
    for (const auto* text : {"0", "-0", "7", "-123"})
        EXPECT_EQ(only(text).what, token::kind::integer) << text;
    for (const auto* text : {"0.0", "1e5", "-1.25E-3"})
        EXPECT_EQ(only(text).what, token::kind::real) << text;
    for (const auto* text : {"01", "-", "1.", "1.e3", "1e", "1a", "1.2.3", "0x10", "-a", ".5"})
        static_cast<void>(refused_at(text));
}

TEST(GraphqlLexer, ReadsEscapes)
{
    EXPECT_EQ(only(R"("a\"\\\/\b\f\n\r\té")").text, "a\"\\/\b\f\n\r\té");
    EXPECT_EQ(only(R"("\u00E9 \ud83d\ude00 \u{1F600} \u{41}")").text, "é 😀 😀 A");
    for (const auto* text :
         {R"("\x")", R"("\u12")", R"("\ud800")", R"("\ud800x")", R"("\udc00")", R"("\ud800\u0041")", R"("\u{110000}")",
          R"("\u{FFFFFFFFFFFF}")", R"("\u{}")", R"("\u{12")", R"("\)", "\"a", "\"a\nb\"", "\"a\x01\""})
        static_cast<void>(refused_at(text));
}

TEST(GraphqlLexer, ReadsBlockStrings)
{
    EXPECT_EQ(only(R"("""a "b" \n \""" c""")").text, R"(a "b" \n """ c)");
    EXPECT_EQ(only("\"\"\"\n    a\n      b\r\n\n    c\n  \"\"\"").text, "a\n  b\n\nc");
    EXPECT_EQ(only("\"\"\"\"\"\"").text, "");
    static_cast<void>(refused_at("\"\"\"a\"\""));
}

TEST(GraphqlLexer, BlockTextLosesCommonIndentationAndBlankEnds)
{
    EXPECT_EQ(block_text("  a"), "  a");
    EXPECT_EQ(block_text("\n\n  a\n b\n\n"), " a\nb");
    EXPECT_EQ(block_text("a\n    b\n  c"), "a\n  b\nc");
    EXPECT_EQ(block_text(" \n\t\n"), "");
}

TEST(GraphqlLexer, SaysWhereItFails)
{
    EXPECT_EQ(refused_at("{ a ? }"), (location{1, 5}));
    EXPECT_EQ(refused_at("{\n  \x01"), (location{2, 3}));
    EXPECT_EQ(refused_at("# a\x02"), (location{1, 4}));
    EXPECT_EQ(refused_at(".."), (location{1, 1}));
    EXPECT_EQ(refused_at("é"), (location{1, 1}));
}

} // namespace
} // namespace accounts::graphql
