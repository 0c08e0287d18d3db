#pragma once

#include <string_view>

namespace proto_http {

/// Whether methods and names of fields may have it (RFC 9110 §5.6.2, tchar).
constexpr bool is_token(char letter) noexcept
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           marks.find(letter) != std::string_view::npos;
}

} // namespace proto_http
