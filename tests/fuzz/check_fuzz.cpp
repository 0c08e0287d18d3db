#include "sd_writer/check.hpp"

#include "agent/docker/json_repair.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <optional>
#include <string>

#include <simdjson.h>

namespace {

namespace dom = simdjson::dom;

struct counts {
    std::size_t groups = 0;
    std::size_t targets = 0;
};

/// In lower case, where a long s is an s as well.
std::string folded(std::string_view key)
{
    std::string text;
    for (std::size_t at = 0; at < key.size(); ++at) {
        if (key.substr(at).starts_with("\xC5\xBF")) {
            text += 's';
            ++at;
        } else {
            text += key[at] >= 'A' && key[at] <= 'Z' ? static_cast<char>(key[at] - 'A' + 'a') : key[at];
        }
    }
    return text;
}

bool is_label_name(std::string_view name)
{
    constexpr std::string_view word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return !name.empty() && name.find_first_not_of(word) == std::string_view::npos &&
           !(name.front() >= '0' && name.front() <= '9');
}

std::optional<std::size_t> count_targets(const dom::element& value)
{
    if (value.is_null())
        return 0;
    dom::array targets;
    if (value.get(targets) != simdjson::SUCCESS)
        return std::nullopt;
    std::size_t count = 0;
    for (const dom::element target : targets) {
        std::string_view text;
        if (target.get(text) != simdjson::SUCCESS || text.empty() || text.find('/') != std::string_view::npos)
            return std::nullopt;
        ++count;
    }
    return count;
}

bool are_labels(const dom::element& value)
{
    if (value.is_null())
        return true;
    dom::object labels;
    if (value.get(labels) != simdjson::SUCCESS)
        return false;
    return std::all_of(labels.begin(), labels.end(), [](const auto& label) {
        return is_label_name(label.key) && (label.value.is_null() || label.value.is_string());
    });
}

std::optional<std::size_t> count_in_group(const dom::element& group)
{
    dom::object fields;
    if (group.get(fields) != simdjson::SUCCESS)
        return std::nullopt;
    std::size_t targets = 0;
    for (const auto& [key, value] : fields) {
        const auto count = folded(key) == "targets" ? count_targets(value) : std::optional(targets);
        if (!count || (folded(key) != "targets" && (folded(key) != "labels" || !are_labels(value))))
            return std::nullopt;
        targets = *count;
    }
    return targets;
}

/// The rules once more, for a document that another parser has read.
std::optional<counts> expected(std::string_view document)
{
    dom::parser parser;
    dom::element root;
    const auto repaired = agent::docker::with_repaired_strings(document);
    if (parser.parse(repaired).get(root) != simdjson::SUCCESS)
        return std::nullopt;
    counts sum;
    if (root.is_null())
        return sum;
    dom::array groups;
    if (root.get(groups) != simdjson::SUCCESS)
        return std::nullopt;
    for (const dom::element group : groups) {
        const auto targets = count_in_group(group);
        if (!targets)
            return std::nullopt;
        sum.groups += 1;
        sum.targets += *targets;
    }
    return sum;
}

void require_helpful(const sd_writer::check_error& error, std::string_view document)
{
    const auto lines = fuzz::split(document, '\n');
    fuzz::require(error.line >= 1 && error.line <= lines.size(), "an error is in a line of the document");
    fuzz::require(error.column >= 1 && error.column <= lines[error.line - 1].size() + 1,
                  "and in a column of that line");
    fuzz::require(!error.reason.empty() && std::none_of(error.reason.begin(), error.reason.end(),
                                                        [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
                  "its reason is one line");
}

} // namespace

/// A file_sd document.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto document = input.rest();
    const auto checked = sd_writer::check(document);
    const auto wanted = expected(document);
    fuzz::require(!checked.error == wanted.has_value(), "two readers agree on what is good");
    if (checked.error) {
        fuzz::require(checked.groups == 0 && checked.targets == 0, "what is bad holds nothing");
        require_helpful(*checked.error, document);
        return 0;
    }
    fuzz::require(checked.groups == wanted->groups && checked.targets == wanted->targets, "and on what it holds");

    const auto text = document.substr(0, document.find_last_not_of(" \t\r\n") + 1);
    for (const auto length : {text.size() - 1, text.size() / 2})
        fuzz::require(sd_writer::check(text.substr(0, length)).error.has_value(), "a cut document is refused");
    return 0;
}
