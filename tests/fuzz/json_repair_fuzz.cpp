#include "agent/docker/json_repair.hpp"

#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <simdjson.h>

namespace {

using agent::docker::with_repaired_strings;

/// As a JSON string that has what JSON demands escaped, and nothing else.
std::string in_quotes(std::string_view text)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string json = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20)
            json += {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};
        else if (c == '"' || c == '\\')
            json += {'\\', c};
        else
            json += c;
    }
    return json + '"';
}

std::string parsed_string(const std::string& json)
{
    simdjson::dom::parser parser;
    std::string_view text;
    fuzz::require(parser.parse(json).get(text) == simdjson::SUCCESS, "a repaired string can be read");
    return std::string(text);
}

} // namespace

/// A text that a parser refused, or any text to be put into a string.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const std::string text(input.rest());

    const auto repaired = with_repaired_strings(text);
    fuzz::require(fuzz::is_utf8(repaired), "what is repaired is UTF-8");
    fuzz::require(with_repaired_strings(repaired) == repaired, "and needs no repair any more");
    fuzz::require(repaired == text || !fuzz::is_utf8(text) || text.find("\\u") != std::string::npos,
                  "what needs none stays as it is");

    const auto string = with_repaired_strings(in_quotes(text));
    fuzz::require(string == in_quotes(fuzz::as_utf8(text)), "each bad byte becomes U+FFFD");
    fuzz::require(parsed_string(string) == fuzz::as_utf8(text), "and nothing else is different");

    const auto bounded = agent::docker::with_bounded_numbers(text);
    fuzz::require(agent::docker::with_bounded_numbers(bounded) == bounded, "numbers need no repair any more");
    simdjson::dom::parser numbers;
    if (numbers.parse(text).error() == simdjson::SUCCESS)
        fuzz::require(bounded == text, "numbers that can be read stay as they are");
    else if (numbers.parse(bounded).error() == simdjson::SUCCESS)
        fuzz::require(bounded != text, "and only a repair makes a text readable");

    // The repair leaves no half of a surrogate pair, whatever the text does with backslashes.
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    const auto error = parser.parse(repaired).get(root);
    fuzz::require(error != simdjson::UTF8_ERROR, "no parser finds fault with its encoding");
    std::string_view found;
    if (error == simdjson::SUCCESS && root.get(found) == simdjson::SUCCESS)
        fuzz::require(fuzz::is_utf8(found), "nor does it make anything else of an escape");
    return 0;
}
