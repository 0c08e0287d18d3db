#include "sd_writer/json.hpp"

#include "sd_writer/check.hpp"

#include <gtest/gtest.h>

namespace sd_writer {
namespace {

std::string json_string(std::string_view text)
{
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonString, QuotesPlainText)
{
    EXPECT_EQ(json_string(""), R"("")");
    EXPECT_EQ(json_string("10.0.0.1:80 <a&b>/'~"), R"("10.0.0.1:80 <a&b>/'~")");
}

TEST(JsonString, AppendsToWhatIsThere)
{
    std::string out = "x=";
    append_json_string(out, "y");
    EXPECT_EQ(out, "x=\"y\"");
}

TEST(JsonString, EscapesWhatJsonDoesNotAllow)
{
    EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_string("\b\f\n\r\t"), R"("\b\f\n\r\t")");
    EXPECT_EQ(json_string(std::string_view("\0\x01\x1F", 3)), R"("\u0000\u0001\u001f")");
}

TEST(JsonString, EscapesWhatYamlDoesNotAllow)
{
    EXPECT_EQ(json_string("\x7F"), R"("\u007f")");
    EXPECT_EQ(json_string("\u0080\u0085\u009F"), R"("\u0080\u0085\u009f")");
    EXPECT_EQ(json_string("\uFEFF\uFFFE\uFFFF"), R"("\ufeff\ufffe\uffff")");
}

TEST(JsonString, EscapesTheLineEndsOfJavaScript)
{
    EXPECT_EQ(json_string("\u2028\u2029"), R"("\u2028\u2029")");
    EXPECT_EQ(json_string("\u2027\u202A"), "\"\u2027\u202A\"");
}

TEST(JsonString, LeavesUtf8AsItIs)
{
    for (const std::string_view text : {"\u00A0", "\u00e9", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFD",
                                        "\U00010000", "\U0001F433 whale", "\U0010FFFF"})
        EXPECT_EQ(json_string(text), '"' + std::string(text) + '"');
}

// One replacement for each byte, as Go's decoder has it.
TEST(JsonString, ReplacesBytesThatAreNotUtf8)
{
    const std::string one = "\uFFFD";
    EXPECT_EQ(json_string("a\xFFz"), "\"a" + one + "z\"");
    EXPECT_EQ(json_string("\x80"), '"' + one + '"') << "a continuation without a start";
    EXPECT_EQ(json_string("\xC3"), '"' + one + '"') << "a start without its continuation";
    EXPECT_EQ(json_string("\xC3z"), '"' + one + "z\"");
    EXPECT_EQ(json_string("\xE2\x80z"), '"' + one + one + "z\"");
    EXPECT_EQ(json_string("\xC0\xAF"), '"' + one + one + '"') << "too long an encoding";
    EXPECT_EQ(json_string("\xE0\x80\xAF"), '"' + one + one + one + '"') << "too long an encoding";
    EXPECT_EQ(json_string("\xED\xA0\x80"), '"' + one + one + one + '"') << "a surrogate";
    EXPECT_EQ(json_string("\xF4\x90\x80\x80"), '"' + one + one + one + one + '"') << "beyond Unicode";
    EXPECT_EQ(json_string("\xF5\x80\x80\x80"), '"' + one + one + one + one + '"') << "beyond Unicode";
}

TEST(JsonString, IsValidForEveryPairOfBytes)
{
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const char text[] = {static_cast<char>(first), static_cast<char>(second)};
            std::string group;
            append_json(group, {{"a:1"}, {{"n", {text, sizeof text}}}});
            ASSERT_FALSE(check_group(group).error) << group;
        }
    }
}

TEST(JsonGroup, IsTheFormatOfTheOriginalPoller)
{
    std::string out;
    append_json(out, {{"10.0.0.2:6767", "10.0.0.3:6767"}, {{"task", "accountservice"}}});
    EXPECT_EQ(out, R"({"targets":["10.0.0.2:6767","10.0.0.3:6767"],"labels":{"task":"accountservice"}})");
}

TEST(JsonGroup, MayBeEmpty)
{
    std::string out;
    append_json(out, {});
    EXPECT_EQ(out, R"({"targets":[],"labels":{}})");
}

TEST(JsonDocument, HasOneGroupPerLine)
{
    EXPECT_EQ(to_json({}), "[]\n");
    EXPECT_EQ(to_json({{{"a:1"}, {}}}), "[\n{\"targets\":[\"a:1\"],\"labels\":{}}\n]\n");
    EXPECT_EQ(to_json({{{"a:1"}, {}}, {{"b:1"}, {{"m", "\n"}, {"n", "2"}}}}),
              "[\n{\"targets\":[\"a:1\"],\"labels\":{}},\n{\"targets\":[\"b:1\"],\"labels\":{\"m\":\"\\n\",\"n\":\"2\"}"
              "}\n]\n");
}

std::vector<target_group> groups_of_many_sizes(std::size_t count)
{
    std::vector<target_group> groups;
    for (std::size_t i = 0; i < count; ++i)
        groups.push_back({{std::to_string(i) + ":80"}, {{"n", std::string(i * 7 % 50, 'x')}}});
    return groups;
}

TEST(JsonPieces, GiveTheWholeDocumentWhateverTheirSize)
{
    for (const std::size_t count : {0U, 1U, 2U, 20U}) {
        const auto groups = groups_of_many_sizes(count);
        const auto whole = to_json(groups);
        for (std::size_t bytes = 0; bytes < whole.size() + 2; ++bytes) {
            const ordered_groups ordered(groups);
            json_pieces pieces(ordered, bytes);
            std::string joined;
            for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
                ASSERT_TRUE(piece.ends_with('\n')) << bytes;
                joined += piece;
            }
            ASSERT_EQ(joined, whole) << bytes;
            ASSERT_TRUE(pieces.next().empty()) << "after the end";
        }
    }
}

TEST(JsonPieces, AreAboutAsLargeAsWanted)
{
    const auto groups = groups_of_many_sizes(20'000);
    const ordered_groups ordered(groups);
    json_pieces pieces(ordered);
    std::size_t count = 0;
    std::string joined;
    for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next(), ++count) {
        EXPECT_LT(piece.size(), json_pieces::piece_bytes + 200);
        joined += piece;
    }
    EXPECT_EQ(count, joined.size() / json_pieces::piece_bytes + 1);
    EXPECT_EQ(check(joined).groups, groups.size());
}

} // namespace
} // namespace sd_writer
