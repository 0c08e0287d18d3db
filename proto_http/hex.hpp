#pragma once

namespace proto_http {

/// Value of a hexadecimal digit of either case; -1 for what is none.
[[nodiscard]] constexpr int hex_value(char digit) noexcept
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

} // namespace proto_http
