#include "instrumented_service/http_metrics/exposition/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace http_metrics {
namespace {

// Room for any double without exponent: 309 digits before the point, or 324 zeros and 17 digits behind it.
constexpr std::size_t longest = 400;

/// Up to here each whole number is a double, and its digits say no more than is known.
constexpr double most_digits = 1e15;

template <class... How>
void append_chars(std::string& to, How... how)
{
    std::array<char, longest> text; // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
    const auto written = std::to_chars(text.data(), text.data() + text.size(), how...);
    to.append(text.data(), written.ptr);
}

/// NaN and the infinities, if it is one of them.
bool append_special(std::string& to, double value)
{
    if (std::isfinite(value))
        return false;
    if (std::isnan(value))
        to += "NaN";
    else
        to += value > 0 ? "+Inf" : "-Inf";
    return true;
}

/// Go's choice between `%e` and `%f` (strconv/ftoa.go): with an exponent below -4, or of as much as a million.
bool has_exponent_in_go(double value)
{
    const auto size = std::abs(value);
    return size != 0 && (size < 1e-4 || size >= 1e6);
}

} // namespace

void append_count(std::string& to, std::uint64_t count)
{
    append_chars(to, count);
}

void append_value(std::string& to, double value)
{
    if (append_special(to, value))
        return;
    if (std::abs(value) < most_digits && value == std::trunc(value))
        append_chars(to, static_cast<std::int64_t>(value));
    else
        append_chars(to, value);
}

void append_bound(std::string& to, double value)
{
    if (append_special(to, value))
        return;
    append_chars(to, value, has_exponent_in_go(value) ? std::chars_format::scientific : std::chars_format::fixed);
}

void append_canonical_bound(std::string& to, double value)
{
    const auto start = to.size();
    append_bound(to, value);
    if (std::isfinite(value) && std::string_view(to).substr(start).find_first_of(".e") == std::string_view::npos)
        to += ".0";
}

void append_time(std::string& to, double unix_seconds)
{
    append_chars(to, unix_seconds, std::chars_format::fixed);
}

} // namespace http_metrics
