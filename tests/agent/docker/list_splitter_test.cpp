#include "agent/docker/list_splitter.hpp"

#include "tests/support/naive_list_splitter.hpp"
#include "tests/support/testdata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace agent::docker {
namespace {

using support::split_in_pieces;
using support::split_list;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t plenty = 1024 * 1024;

/// By each way of scanning.
struct ListSplitter : ::testing::TestWithParam<json_scan> {
    static split_list split(std::string_view text, std::size_t most = plenty)
    {
        return split_in_pieces(std::array{text}, most, GetParam());
    }
};

INSTANTIATE_TEST_SUITE_P(Scan, ListSplitter, ::testing::ValuesIn(support::json_scans()),
                         [](const auto& of) { return std::string(of.param == json_scan::simd ? "Simd" : "Portable"); });

TEST_P(ListSplitter, FindsElements)
{
    EXPECT_THAT(split(R"([{"ID":"a"},{"ID":"b"}])").elements, ElementsAre(R"({"ID":"a"})", R"({"ID":"b"})"));
    EXPECT_THAT(split(" [ {} ,\r\n\t{ } ] \n").elements, ElementsAre("{}", "{ }"));
    EXPECT_TRUE(split(" [ {} ,\r\n\t{ } ] \n").is_complete);
    EXPECT_TRUE(split("[]").is_complete);
    EXPECT_THAT(split("[]").elements, IsEmpty());
}

TEST_P(ListSplitter, PassesOverStringsAndWhatIsNested)
{
    for (const std::string element :
         {R"({"a":"}"})", R"({"a":"\"}"})", R"({"a":"\\"})", R"({"a":"\\\"}]"})", R"({"a":[{"b":[{}]}],"c":{}})",
          R"({"[":"{","\\":"\\\\"})", R"({"a":"\u005d\u007d"})"})
        for (std::size_t blanks = 0; blanks < 2 * json_block_bytes; ++blanks) {
            const auto all = split("[" + std::string(blanks, ' ') + element + "," + element + "]");
            EXPECT_THAT(all.elements, ElementsAre(element, element)) << blanks;
            EXPECT_TRUE(all.is_complete) << element;
        }
}

TEST_P(ListSplitter, SaysWhereAListIsBroken)
{
    using enum list_defect::kind;
    const auto where = [](std::string_view text) { return split(text).defect; };
    EXPECT_EQ(where("null"), (list_defect{malformed, 0}));
    EXPECT_EQ(where("{}"), (list_defect{malformed, 0}));
    EXPECT_EQ(where(" \xEF\xBB\xBF[]"), (list_defect{malformed, 1}));
    EXPECT_EQ(where("[1]"), (list_defect{malformed, 1}));
    EXPECT_EQ(where("[null]"), (list_defect{malformed, 1}));
    EXPECT_EQ(where("[[]]"), (list_defect{malformed, 1}));
    EXPECT_EQ(where("[,{}]"), (list_defect{malformed, 1}));
    EXPECT_EQ(where("[{},]"), (list_defect{malformed, 4}));
    EXPECT_EQ(where("[{}{}]"), (list_defect{malformed, 3}));
    EXPECT_EQ(where("[{}}"), (list_defect{malformed, 3}));
    EXPECT_EQ(where("[{}]]"), (list_defect{malformed, 4}));
    EXPECT_EQ(where("[{}] []"), (list_defect{malformed, 5}));
    EXPECT_EQ(where("[{}]\n0"), (list_defect{malformed, 5}));
    EXPECT_EQ(where(R"([{"a":\"b"}])"), (list_defect{malformed, 6}));
    EXPECT_EQ(where(std::string("[{\0}]\0", 6)), (list_defect{malformed, 5}))
        << "what is in an element, its parser judges";
}

TEST_P(ListSplitter, IsNotCompleteBeforeTheEnd)
{
    const std::string text = R"([{"a":"b\\"}, {} ])";
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        const auto part = split(text.substr(0, cut));
        EXPECT_FALSE(part.is_complete) << cut;
        EXPECT_FALSE(part.defect) << cut;
    }
    EXPECT_TRUE(split(text).is_complete);
}

TEST_P(ListSplitter, LimitsElements)
{
    const std::string fits = R"({"a":"0123"})";
    const std::string larger = R"({"a":"01234"})";
    EXPECT_TRUE(split("[" + fits + "," + fits + "]", fits.size()).is_complete);
    const auto refused = split("[" + fits + "," + larger + "]", fits.size());
    EXPECT_THAT(refused.elements, ElementsAre(fits));
    EXPECT_EQ(refused.defect, (list_defect{list_defect::kind::too_large, fits.size() + 2}));
    EXPECT_EQ(split("[" + larger.substr(0, fits.size() + 1), fits.size()).defect,
              (list_defect{list_defect::kind::too_large, 1}))
        << "it does not wait for an end that may never come";
}

TEST_P(ListSplitter, CutsMakeNoDifferenceToRecordedLists)
{
    for (const auto* name : {"tasks", "nodes", "networks", "containers", "services-status"}) {
        const auto message = support::read_testdata("wire/" + std::string(name) + ".http");
        auto text = message.substr(message.find("\r\n\r\n") + 4);
        text = text.substr(text.find('[')); // without the chunk's header
        text = text.substr(0, text.rfind(']') + 1);
        const auto naive = support::split_naively(text, plenty);
        ASSERT_TRUE(naive.is_complete) << name;
        EXPECT_EQ(split(text), naive) << name;
        const std::string_view view = text;
        for (std::size_t cut = 0; cut <= view.size(); ++cut)
            ASSERT_EQ(split_in_pieces(std::array{view.substr(0, cut), view.substr(cut)}, plenty, GetParam()), naive)
                << name << " cut at " << cut;
    }
}

} // namespace
} // namespace agent::docker
