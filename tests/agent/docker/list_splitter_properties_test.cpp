// Both ways of scanning agree with the obvious one on any text, wherever it is cut.
#include "tests/support/naive_list_splitter.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace agent::docker {
namespace {

/// Mostly a list of objects, so that what is wrong with it stands anywhere.
rc::Gen<std::string> hostile_list()
{
    const auto token = rc::gen::weightedElement<std::string>({{12, "{"},
                                                              {12, "}"},
                                                              {2, "["},
                                                              {2, "]"},
                                                              {8, "\""},
                                                              {6, "\\"},
                                                              {3, "\\\""},
                                                              {2, "\\\\"},
                                                              {4, "},{"},
                                                              {3, "\"ID\":\"a\""},
                                                              {2, ","},
                                                              {2, " "},
                                                              {1, std::string(64, ' ')},
                                                              {1, std::string(63, 'x')},
                                                              {1, std::string(63, '\\')},
                                                              {1, "\xC3\xA9"},
                                                              {1, std::string(1, '\0')}});
    return rc::gen::apply(
        [](const std::vector<std::string>& tokens, bool is_closed) {
            std::string text = "[{";
            for (const auto& each : tokens)
                text += each;
            return text + (is_closed ? "}]" : "");
        },
        rc::gen::container<std::vector<std::string>>(token), rc::gen::arbitrary<bool>());
}

void agrees_at_every_cut(std::string_view text, std::size_t most)
{
    const auto naive = support::split_naively(text, most);
    for (const auto how : support::json_scans()) {
        RC_ASSERT(support::split_in_pieces(std::array{text}, most, how) == naive);
        std::vector<std::string_view> bytes;
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            bytes.push_back(text.substr(cut, 1));
            RC_ASSERT(support::split_in_pieces(std::array{text.substr(0, cut), text.substr(cut)}, most, how) == naive);
        }
        RC_ASSERT(support::split_in_pieces(bytes, most, how) == naive);
    }
}

RC_GTEST_PROP(ListSplitterProperties, AgreesWithTheObviousWayOnHostileText, ())
{
    agrees_at_every_cut(*hostile_list(), *rc::gen::inRange<std::size_t>(0, 400));
}

/// Element by element a valid list, long enough for many blocks.
RC_GTEST_PROP(ListSplitterProperties, FindsEveryElementOfAList, ())
{
    const auto name = rc::gen::container<std::string>(rc::gen::elementOf(std::string(R"(ab{}[]\",: )")));
    const auto names = *rc::gen::container<std::vector<std::string>>(name);
    std::vector<std::string> elements;
    std::string text = "[";
    for (const auto& each : names) {
        std::string quoted;
        for (const char letter : each)
            quoted += (letter == '"' || letter == '\\' ? "\\" : "") + std::string(1, letter);
        elements.push_back(R"({"ID":")" + quoted + R"(","a":[{"b":[]},"]"]})");
        text += (elements.size() > 1 ? "," : "") + elements.back();
    }
    text += "]";
    for (const auto how : support::json_scans()) {
        const auto found = support::split_in_pieces(std::array{std::string_view(text)}, text.size(), how);
        RC_ASSERT(found.elements == elements);
        RC_ASSERT(found.is_complete);
    }
    const auto cut = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    agrees_at_every_cut(std::string_view(text).substr(0, std::min<std::size_t>(cut, 200)), text.size());
}

RC_GTEST_PROP(JsonMasks, AreTheSameByEachWay, ())
{
    auto text = *hostile_list();
    text.resize((text.size() / json_block_bytes + 1) * json_block_bytes, '"');
    const json_string_state before{*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
    std::vector<json_masks> expected(text.size() / json_block_bytes);
    auto state = before;
    scan_json_blocks(json_scan::portable, text.data(), expected, state);
    for (const auto how : support::json_scans()) {
        auto masks = std::vector<json_masks>(expected.size());
        auto after = before;
        scan_json_blocks(how, text.data(), masks, after);
        RC_ASSERT(masks == expected);
        RC_ASSERT(after == state);
    }
}

} // namespace
} // namespace agent::docker
