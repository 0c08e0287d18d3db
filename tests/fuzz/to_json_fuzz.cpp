#include "sd_writer/json.hpp"

#include "sd_writer/check.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <map>
#include <string>

#include <simdjson.h>

namespace {

using sd_writer::target_group;

// Control characters that divide the input; all others of their kind can be in a value.
constexpr char between_groups = '\x1d';
constexpr char between_items = '\x1e';
constexpr char before_value = '\x1f';

/// Any bytes as what is allowed there, `_` for what is not.
std::string as_label_name(std::string_view text)
{
    std::string name = "_";
    for (const char c : text)
        name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    return name;
}

std::string as_target(std::string_view text)
{
    std::string target(text.empty() ? "_" : text);
    std::replace(target.begin(), target.end(), '/', '_');
    return target;
}

/// Items without a value are targets, the others labels.
target_group group_of(std::string_view text)
{
    target_group group;
    std::map<std::string, std::string> labels;
    for (const auto item : fuzz::split(text, between_items)) {
        const auto mark = item.find(before_value);
        if (mark == std::string_view::npos)
            group.targets.push_back(as_target(item));
        else
            labels.insert_or_assign(as_label_name(item.substr(0, mark)), std::string(item.substr(mark + 1)));
    }
    group.labels.assign(labels.begin(), labels.end());
    return group;
}

/// What a reader finds in the document.
std::vector<target_group> read(std::string_view document)
{
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(document);
    std::vector<target_group> groups;
    for (const auto group : parser.parse(padded).get_array()) {
        auto& found = groups.emplace_back();
        for (const auto target : group["targets"].get_array())
            found.targets.emplace_back(target.get_string().value());
        for (const auto& [name, value] : group["labels"].get_object())
            found.labels.emplace_back(name, value.get_string().value());
    }
    return groups;
}

std::vector<target_group> as_utf8(std::vector<target_group> groups)
{
    for (auto& group : groups) {
        for (auto& target : group.targets)
            target = fuzz::as_utf8(target);
        for (auto& [name, value] : group.labels)
            value = fuzz::as_utf8(value);
    }
    return groups;
}

/// Raw characters that YAML does not allow.
bool has_forbidden(std::string_view text)
{
    while (!text.empty()) {
        const auto bytes = fuzz::character_bytes(text);
        const auto character = text.substr(0, bytes);
        const auto first = static_cast<unsigned char>(character[0]);
        const bool is_c1 = bytes == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
        if ((first < 0x20 && first != '\n') || first == 0x7f || is_c1 || character == "\xEF\xBB\xBF" ||
            character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF")
            return true;
        text.remove_prefix(bytes);
    }
    return false;
}

std::string in_small_pieces(const std::vector<target_group>& groups)
{
    std::string document;
    const sd_writer::ordered_groups ordered(groups);
    sd_writer::json_pieces pieces(ordered, 1);
    for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
        fuzz::require(piece.ends_with('\n'), "a piece ends at a line's end");
        document += piece;
    }
    return document;
}

} // namespace

/// Groups of targets and labels.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    std::vector<target_group> given;
    for (const auto text : fuzz::split(input.rest(), between_groups))
        given.push_back(group_of(text));
    const auto groups = sd_writer::canonical(given);
    fuzz::require(sd_writer::canonical(groups) == groups, "what is canonical stays so");
    std::reverse(given.begin(), given.end());
    fuzz::require(sd_writer::canonical(given) == groups, "whatever the order was");

    const auto document = sd_writer::to_json(groups);
    fuzz::require(fuzz::is_utf8(document) && !has_forbidden(document), "a document is UTF-8, and YAML as well");
    fuzz::require(read(document) == as_utf8(groups), "a reader finds the same text, with U+FFFD for what is none");
    fuzz::require(in_small_pieces(groups) == document, "the size of the pieces makes no difference");

    const auto checked = sd_writer::check(document);
    fuzz::require(!checked.error, "what is written is accepted");
    fuzz::require(checked.groups == groups.size() && checked.targets == sd_writer::count_targets(groups),
                  "and all of it counts");
    return 0;
}
