#include "agent/core/owner_labels.hpp"

#include <algorithm>
#include <array>

namespace agent::core {
namespace {

// In order of rank on one level.
constexpr std::array<std::string_view, 2> spellings{"prometheus.", "prometheus.io/"};

bool equal_in_any_case(std::string_view text, std::string_view lower)
{
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

} // namespace

owner_labels::owner_labels(const label_map& service, const label_map& container)
{
    take(service);
    take(container);
}

std::optional<std::string_view> owner_labels::find(std::string_view key) const
{
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<owner_labels::entry> owner_labels::starting_with(std::string_view prefix) const
{
    std::vector<entry> entries;
    for (auto at = values_.lower_bound(prefix); at != values_.end() && at->first.starts_with(prefix); ++at)
        entries.push_back({at->first.substr(prefix.size()), at->second});
    return entries;
}

void owner_labels::take(const label_map& level)
{
    // emplace leaves what is there already, so whatever ranks higher goes first.
    for (const auto spelling : spellings)
        for (const auto& [name, value] : level)
            if (name.starts_with(spelling))
                values_.emplace(std::string_view(name).substr(spelling.size()), value);

    for (const auto spelling : spellings)
        for (const auto& [name, value] : level)
            if (name.starts_with(spelling) && std::string_view(name).substr(spelling.size()) == "enable")
                values_.emplace("scrape", value);
}

std::optional<bool> parse_boolean(std::string_view text)
{
    const auto is = [text](std::string_view word) { return equal_in_any_case(text, word); };
    if (is("true") || is("1") || is("yes") || is("on"))
        return true;
    if (is("false") || is("0") || is("no") || is("off"))
        return false;
    return std::nullopt;
}

} // namespace agent::core
