#include "proto_http/fields.hpp"

#include <algorithm>

namespace proto_http {
namespace {

/// Unlike std::tolower this does not depend on the locale.
constexpr char lower(char letter) noexcept
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

} // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept
{
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view find_field(const field_list& fields, std::string_view name) noexcept
{
    for (const auto& [key, value] : fields)
        if (equal_ignoring_case(key, name))
            return value;
    return {};
}

} // namespace proto_http
