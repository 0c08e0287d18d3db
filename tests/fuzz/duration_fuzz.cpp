#include "agent/core/duration.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <limits>
#include <regex>
#include <string>

namespace {

using namespace std::chrono_literals;

struct unit {
    const char* name;
    std::chrono::milliseconds length;
};

constexpr std::array<unit, 7> units{
    {{"y", 24h * 365}, {"w", 24h * 7}, {"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

/// As Prometheus writes it.
std::string written(std::chrono::milliseconds rest)
{
    std::string text;
    for (const auto& [name, length] : units) {
        if (rest >= length)
            text += std::to_string(rest / length) + name;
        rest %= length;
    }
    return text.empty() ? "0" : text;
}

/// Milliseconds by the expression and the arithmetic of prometheus/common; nothing for what it refuses.
std::optional<long double> expected(const std::string& text)
{
    static const std::regex form("(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?"
                                 "(?:([0-9]+)ms)?");
    if (text == "0")
        return 0;
    std::smatch parts;
    if (text.empty() || !std::regex_match(text, parts, form))
        return std::nullopt;
    long double sum = 0;
    for (std::size_t at = 0; at < units.size(); ++at)
        if (parts[at + 1].matched)
            sum += std::stold(parts[at + 1]) * static_cast<long double>(units.at(at).length.count());
    constexpr auto most = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    return sum <= static_cast<long double>(most) ? std::optional(sum) : std::nullopt;
}

} // namespace

/// A duration in a label or a flag.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t most_bytes = 64; // std::regex recurses
    const fuzz::input input(data, std::min(size, most_bytes));
    const std::string text(input.rest());
    const auto duration = agent::core::parse_duration(text);
    const auto wanted = expected(text);
    fuzz::require(duration.has_value() == wanted.has_value(), "a duration is one where Prometheus says so");
    if (!duration)
        return 0;
    fuzz::require(static_cast<long double>(duration->count()) == *wanted, "it is as long as Prometheus says");
    fuzz::require(agent::core::parse_duration(written(*duration)) == duration, "and the same when written again");
    return 0;
}
