#include "agent/shell/config_file.hpp"

#include "agent/core/role.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace agent::shell;

namespace {

std::optional<std::vector<config_setting>> parse(const std::string& text)
{
    try {
        return parse_config(text);
    } catch (const config_error& error) {
        const std::string why = error.what();
        fuzz::require(why.starts_with("line ") && why.find('\n') == std::string::npos, "an error names the line");
        return std::nullopt;
    }
}

/// A text that YAML takes for nothing but that text.
std::string in_quotes(std::string_view text)
{
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("''") : std::string(1, c);
    return quoted + "'";
}

/// Whether it is the same in quotes: line ends and blanks around them are folded there, YAML knows but some
/// characters, and a key has an end.
bool can_be_quoted(std::string_view text)
{
    constexpr std::size_t longest_key = 1000;
    return text.size() < longest_key &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// One setting a line, as the flags' names are.
std::string as_lines(const std::vector<config_setting>& settings)
{
    std::string text;
    for (const auto& one : settings) {
        const auto equals = one.value.find('=');
        const bool is_of_role = one.flag == "output" && agent::core::parse_role(one.value.substr(0, equals));
        if (is_of_role && equals != std::string::npos)
            text += in_quotes("output." + one.value.substr(0, equals)) + ": " + in_quotes(one.value.substr(equals + 1));
        else
            text += in_quotes(one.flag) + ": " + in_quotes(one.value);
        text += "\n";
    }
    return text;
}

} // namespace

/// A configuration file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const std::string text(input.rest());
    const auto lines = static_cast<int>(fuzz::split(text, '\n').size());
    const auto settings = parse(text);
    if (!settings)
        return 0;
    bool quotable = true;
    for (const auto& one : *settings) {
        fuzz::require(one.line >= 1 && (one.line <= lines || text.find('\r') != std::string::npos),
                      "a setting is in a line of the file");
        quotable = quotable && can_be_quoted(one.flag) && can_be_quoted(one.value);
    }
    if (!quotable)
        return 0;
    auto again = parse(as_lines(*settings));
    fuzz::require(again && again->size() == settings->size(), "settings can be written one a line");
    for (std::size_t at = 0; at < again->size(); ++at)
        fuzz::require((*again)[at].flag == (*settings)[at].flag && (*again)[at].value == (*settings)[at].value,
                      "and are the same");
    return 0;
}
