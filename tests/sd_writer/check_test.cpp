#include "sd_writer/check.hpp"

#include "sd_writer/json.hpp"

#include <ostream>
#include <random>

#include <gmock/gmock.h>

namespace sd_writer {

void PrintTo(const check_error& error, std::ostream* out)
{
    *out << error.line << ':' << error.column << ": " << error.reason;
}

namespace {

using testing::HasSubstr;
using testing::Not;

bool is_accepted(std::string_view document)
{
    return !check(document).error;
}

/// The reason why a document is refused, with its place; empty when it is not.
std::string refusal(std::string_view document)
{
    const auto error = check(document).error;
    if (!error)
        return {};
    return std::to_string(error->line) + ":" + std::to_string(error->column) + " " + error->reason;
}

std::string labelled(std::string_view labels)
{
    return R"([{"targets":["a:1"],"labels":)" + std::string(labels) + "}]";
}

std::string targeted(std::string_view targets)
{
    return R"([{"targets":)" + std::string(targets) + R"(,"labels":{}}])";
}

TEST(Check, CountsGroupsAndTargets)
{
    const auto result = check(R"([{"targets":["a:1","b:2"],"labels":{"n":"1"}},{"targets":["c:3"],"labels":{}}])");
    EXPECT_EQ(result.error, std::nullopt);
    EXPECT_EQ(result.groups, 2u);
    EXPECT_EQ(result.targets, 3u);
}

TEST(Check, TakesAnEmptyListAndNull)
{
    for (const auto* document : {"[]", "[]\n", " [ ] ", "null", "\t\r\n null \n"}) {
        EXPECT_TRUE(is_accepted(document)) << document;
        EXPECT_EQ(check(document).targets, 0u);
    }
}

TEST(Check, TakesBlanksBetweenEverything)
{
    EXPECT_TRUE(is_accepted(
        " [ { \"targets\" : [ \"a:1\" , \"b:1\" ] ,\n\t\"labels\" : { \"n\" : \"1\" , \"m\" : \"2\" } }\r\n,"
        " { } ] "));
    EXPECT_FALSE(is_accepted("[\f]"));
    EXPECT_FALSE(is_accepted("[\u00A0]"));
}

TEST(Check, TakesGroupsWithoutTargetsOrLabels)
{
    EXPECT_TRUE(is_accepted("[{}]"));
    EXPECT_TRUE(is_accepted(R"([{"labels":{"n":"1"}},{"targets":["a:1"]}])"));
    EXPECT_TRUE(is_accepted(R"([{"targets":null,"labels":null}])"));
}

TEST(Check, RefusesOtherThingsThanAListOfGroups)
{
    for (const auto* document : {"", " ", "{}", "1", "\"x\"", "true", "[1]", "[[]]", "[\"a\"]", "[true]", "nul",
                                 "nulll", "NULL", "\xEF\xBB\xBF[]"})
        EXPECT_FALSE(is_accepted(document)) << document;
    EXPECT_EQ(refusal("[{},null]"), "1:5 a group must not be null");
}

TEST(Check, RefusesBrokenGrammar)
{
    for (const auto* document :
         {"[", "]", "[,]", "[{},]", "[{}{}]", "[{}}", "[{]", "[{\"targets\"}]", "[{\"targets\":}]",
          "[{\"targets\":[],}]", "[{,}]", "[{targets:[]}]", "[{'targets':[]}]", "[] // note",
          "[{\"targets\":[\"a:1\",]}]", "[{\"targets\":[\"a:1\" \"b:1\"]}]", "[{\"targets\" []}]"})
        EXPECT_FALSE(is_accepted(document)) << document;
}

TEST(Check, RefusesWhatFollowsTheEnd)
{
    EXPECT_EQ(refusal("[] []"), "1:4 something follows the end of the document");
    EXPECT_EQ(refusal("null,"), "1:5 something follows the end of the document");
    EXPECT_FALSE(is_accepted(std::string_view("[]\0", 3)));
}

TEST(Check, RefusesUnknownKeys)
{
    EXPECT_EQ(refusal(R"([{"targets":[],"job":"x"}])"),
              R"(1:16 unknown key "job": a group has "targets" and "labels")");
    EXPECT_FALSE(is_accepted(R"([{"":[]}])"));
    EXPECT_FALSE(is_accepted(R"([{"target":[]}])"));
    EXPECT_FALSE(is_accepted(R"([{"targetss":[]}])"));
    EXPECT_FALSE(is_accepted(R"([{"source":"x"}])"));
}

// As Go's decoder; each measured with promtool 2.42.
TEST(Check, TakesKeysInAnyCaseAndEscaped)
{
    EXPECT_EQ(check(R"([{"Targets":["a:1"],"LABELS":{}}])").targets, 1u);
    EXPECT_EQ(check(R"([{"\u0074argets":["a:1"],"labe\u006cs":{}}])").targets, 1u);
    EXPECT_EQ(check("[{\"target\u017F\":[\"a:1\"]}]").targets, 1u) << "a long s folds to s";
    EXPECT_EQ(check(R"([{"target\u017f":["a:1"]}])").targets, 1u);
    EXPECT_FALSE(is_accepted("[{\"\u017Fargets\":[]}]"));
}

TEST(Check, LetsTheLastOfTwoEqualKeysCount)
{
    EXPECT_EQ(check(R"([{"targets":["a:1","b:1"],"targets":["c:1"]}])").targets, 1u);
    EXPECT_EQ(check(R"([{"targets":["a:1","b:1"],"targets":null}])").targets, 0u);
    EXPECT_TRUE(is_accepted(labelled(R"({"n":"1","n":"2"})")));
    EXPECT_FALSE(is_accepted(R"([{"labels":{"bad-name":"1"},"labels":{}}])"));
}

TEST(Check, RefusesValuesThatAreNoStrings)
{
    for (const auto* value : {"1", "-1.5e3", "true", "false", "[]", "{}", "[\"x\"]", "nan", ""})
        EXPECT_FALSE(is_accepted(labelled("{\"n\":" + std::string(value) + "}"))) << value;
    for (const auto* value : {"1", "true", "[]", "{}", "null"})
        EXPECT_FALSE(is_accepted(targeted("[" + std::string(value) + "]"))) << value;
    EXPECT_EQ(refusal(labelled(R"({"n":1})")), "1:35 a label value is a string");
    EXPECT_EQ(refusal(targeted(R"(["a:1",80])")), "1:20 a target is a string");
    EXPECT_EQ(refusal(labelled("[]")), "1:30 labels are an object of strings");
    EXPECT_EQ(refusal(targeted("\"a:1\"")), "1:13 targets are a list of strings");
    EXPECT_TRUE(is_accepted(labelled(R"({"n":null})"))) << "an empty label, for Go";
}

TEST(Check, RefusesBadLabelNames)
{
    for (const auto* name : {"", "bad-name", "1a", "a.b", "a b", "a:b", "\u00e9", "a\xFF", R"(a\u002db)", R"(\n)"})
        EXPECT_THAT(refusal(labelled("{\"" + std::string(name) + "\":\"x\"}")), HasSubstr("bad label name")) << name;
    for (const auto* name : {"a", "_", "__address__", "A9_", R"(\u0061)"})
        EXPECT_TRUE(is_accepted(labelled("{\"" + std::string(name) + "\":\"x\"}"))) << name;
    EXPECT_EQ(refusal(labelled("{\"ok\":\"\",\n  \"a-b\":\"\"}")), "2:3 bad label name \"a-b\"");
}

TEST(Check, RefusesTargetsWithAPathOrWithoutAnAddress)
{
    EXPECT_EQ(refusal(targeted(R"(["a:1","b:1/metrics"])")), R"(1:20 target "b:1/metrics" is more than host and port)");
    EXPECT_FALSE(is_accepted(targeted(R"(["http://a:1"])")));
    EXPECT_FALSE(is_accepted(targeted(R"(["a:1\/x"])"))) << "an escaped slash is one";
    EXPECT_FALSE(is_accepted(targeted(R"(["a:1\u002fx"])")));
    EXPECT_EQ(refusal(targeted(R"([""])")), "1:14 a target without an address");
}

// Prometheus' own roles write `:80` (a container without an address) and port 0 (a host-mode port).
TEST(Check, TakesTheTargetsThatPrometheusTakes)
{
    for (const auto* target :
         {"a:1", "10.0.0.1:80", "[fd00::1]:80", "localhost", ":80", "10.0.2.2:0", "b\u00fccher:80", R"(\u0061:1)"})
        EXPECT_TRUE(is_accepted(targeted("[\"" + std::string(target) + "\"]"))) << target;
}

TEST(Check, TakesAllEscapes)
{
    EXPECT_TRUE(is_accepted(labelled(R"({"n":"\"\\\/\b\f\n\r\t\u0000\uABCD\uabcd\ud83d\ude00"})")));
    EXPECT_TRUE(is_accepted(labelled(R"({"n":"\ud800 \udc00 \ud800\ud800 \ud800\n"})"))) << "halves of surrogates";
}

TEST(Check, RefusesBadEscapes)
{
    for (const auto* text : {R"(\x41)", R"(\')", R"(\u12)", R"(\u12g4)", R"(\U0041)", R"(\ )", R"(\u)", R"(\uuuuu)"})
        EXPECT_FALSE(is_accepted(labelled("{\"n\":\"" + std::string(text) + "\"}"))) << text;
}

TEST(Check, RefusesRawControlCharactersInStrings)
{
    for (char c = 0; c < 0x20; ++c)
        EXPECT_FALSE(is_accepted(labelled("{\"n\":\"" + std::string(1, c) + "\"}"))) << int{c};
    EXPECT_TRUE(is_accepted(labelled("{\"n\":\"\x7F\"}")));
    EXPECT_EQ(refusal(labelled("{\"n\":\"a\nb\"}")), "1:37 a control character inside a string must be escaped");
}

TEST(Check, TakesBytesThatAreNotUtf8AsPrometheusDoes)
{
    EXPECT_TRUE(is_accepted(labelled("{\"n\":\"\xFF\xC3\x28\xED\xA0\x80\"}")));
}

TEST(Check, IsNotHurtByDeepNesting)
{
    const std::string deep(10'000'000, '[');
    EXPECT_EQ(refusal(deep), "1:2 a group is an object");
    EXPECT_FALSE(is_accepted(labelled(deep)));
    EXPECT_FALSE(is_accepted(R"([{"x":)" + deep));
}

TEST(Check, SaysWhereTheErrorIs)
{
    EXPECT_EQ(
        refusal("[\n{\"targets\":[\"a:1\"],\"labels\":{}},\n{\"targets\":[\"b:1\"],\"labels\":{\"x-y\":\"\"}}\n]\n"),
        "3:30 bad label name \"x-y\"");
    EXPECT_EQ(refusal("\n\n  {"), "3:3 a document is a list of groups");
    EXPECT_EQ(refusal("[\n"), "2:1 the document ends too early");
}

TEST(Check, KeepsTheReasonOnOneShortLine)
{
    const auto reason = refusal(labelled("{\"" + std::string(5000, 'x') + "\\n\":\"\"}"));
    EXPECT_LT(reason.size(), 150u);
    EXPECT_THAT(refusal(R"([{"a\nb":1}])"), Not(HasSubstr("\n")));
}

TEST(Check, CountsNothingInADocumentWithAnError)
{
    const auto result = check(R"([{"targets":["a:1"],"labels":{}},null])");
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.groups, 0u);
    EXPECT_EQ(result.targets, 0u);
}

const std::string long_document =
    R"([{"targets":["10.0.0.1:80","[fd00::1]:80"],"labels":{"task":"a\u00e9\ud83d\ude00\n","empty":""}},)"
    "\n {\"targets\" : null, \"labels\" : null}, {} ]";

TEST(Check, RefusesADocumentCutAnywhere)
{
    ASSERT_TRUE(is_accepted(long_document));
    for (std::size_t bytes = 0; bytes < long_document.size(); ++bytes) {
        // A copy of its own, so that a sanitizer sees a read past the cut.
        const std::vector<char> cut(long_document.begin(), long_document.begin() + static_cast<std::ptrdiff_t>(bytes));
        const auto error = check({cut.data(), cut.size()}).error;
        ASSERT_TRUE(error) << bytes;
        EXPECT_EQ(error->line, bytes > long_document.find('\n') ? 2u : 1u) << bytes;
    }
}

TEST(Check, SurvivesAnyChangedByte)
{
    for (std::size_t at = 0; at < long_document.size(); ++at) {
        for (unsigned byte = 0; byte < 256; ++byte) {
            auto changed = long_document;
            changed[at] = static_cast<char>(byte);
            const auto result = check(changed);
            ASSERT_TRUE(!result.error || !result.error->reason.empty());
        }
    }
}

TEST(CheckGroup, TakesExactlyOneGroup)
{
    EXPECT_EQ(check_group(R"({"targets":["a:1"],"labels":{}})").targets, 1u);
    EXPECT_EQ(check_group(" {} ").groups, 1u);
    for (const auto* text : {"", "null", "[]", "{},", "{}{}", "[{}]"})
        EXPECT_TRUE(check_group(text).error) << text;
}

} // namespace
} // namespace sd_writer
