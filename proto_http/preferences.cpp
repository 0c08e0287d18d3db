#include "proto_http/preferences.hpp"

#include "proto_http/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <system_error>

namespace proto_http {
namespace {

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes what is before the first separator outside quotes, and the separator, off a text.
std::string_view take_until(char separator, std::string_view& text)
{
    bool is_quoted = false;
    std::size_t end = 0;
    for (; end < text.size() && (is_quoted || text[end] != separator); ++end) {
        if (text[end] == '"')
            is_quoted = !is_quoted;
        else if (is_quoted && text[end] == '\\')
            ++end;
    }
    end = std::min(end, text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(taken);
}

std::string_view unquoted(std::string_view text)
{
    const bool is_quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
    return is_quoted ? text.substr(1, text.size() - 2) : text;
}

double read_weight(std::string_view text)
{
    double weight = 1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !(weight >= 0 && weight <= 1))
        return 1;
    return weight;
}

preference read_preference(std::string_view text)
{
    preference found;
    found.what = take_until(';', text);
    while (!text.empty()) {
        auto value = take_until(';', text);
        const auto name = take_until('=', value);
        if (equal_ignoring_case(name, "q"))
            found.weight = read_weight(trimmed(value));
        else
            found.parameters.emplace_back(name, unquoted(trimmed(value)));
    }
    return found;
}

} // namespace

std::string_view preference::parameter(std::string_view name) const noexcept
{
    for (const auto& [known, value] : parameters)
        if (equal_ignoring_case(known, name))
            return value;
    return {};
}

std::vector<preference> preferences(std::string_view header)
{
    std::vector<preference> found;
    while (!header.empty())
        if (auto next = read_preference(take_until(',', header)); !next.what.empty())
            found.push_back(std::move(next));
    std::ranges::stable_sort(found, std::greater<>{}, &preference::weight);
    return found;
}

} // namespace proto_http
