#include "agent/core/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace agent::core {
namespace {

struct unit {
    std::string_view name;
    std::int64_t milliseconds;
};

constexpr std::array<unit, 7> units{{{"y", 365LL * 24 * 3600 * 1000},
                                     {"w", 7LL * 24 * 3600 * 1000},
                                     {"d", 24LL * 3600 * 1000},
                                     {"h", 3600LL * 1000},
                                     {"m", 60LL * 1000},
                                     {"s", 1000},
                                     {"ms", 1}}};

constexpr std::int64_t most_milliseconds = std::numeric_limits<std::int64_t>::max() / 1'000'000;

/// The letters at the front of `text`.
std::string_view leading_letters(std::string_view text)
{
    std::size_t length = 0;
    while (length < text.size() && text[length] >= 'a' && text[length] <= 'z')
        ++length;
    return text.substr(0, length);
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    if (text == "0")
        return std::chrono::milliseconds{0};
    if (text.empty())
        return std::nullopt;

    std::int64_t total = 0;
    auto next_unit = units.begin();
    while (!text.empty()) {
        std::int64_t count = 0;
        if (text.front() < '0' || text.front() > '9')
            return std::nullopt;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc{})
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));

        const auto name = leading_letters(text);
        while (next_unit != units.end() && next_unit->name != name)
            ++next_unit;
        if (next_unit == units.end() || count > (most_milliseconds - total) / next_unit->milliseconds)
            return std::nullopt;
        total += count * next_unit->milliseconds;
        ++next_unit;
        text.remove_prefix(name.size());
    }
    return std::chrono::milliseconds{total};
}

} // namespace agent::core
