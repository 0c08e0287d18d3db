#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace proto_http {

/// One choice of an Accept or Accept-Encoding header field (RFC 9110 §12.5). Its text is the header's.
struct preference {
    std::string_view what; ///< media range or coding, as sent
    /// Those before and behind the weight, without it; quotes are taken off, escapes in them are left as they are.
    std::vector<std::pair<std::string_view, std::string_view>> parameters;
    double weight = 1; ///< 0: not acceptable; at most 1

    /// Value of the first parameter of that name (any case); empty where there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
};

/// The choices of a header field, best first, equal ones in the client's order. Empty ones are left out, and a weight
/// that cannot be read counts as 1: both as client_golang's reader has it.
[[nodiscard]] std::vector<preference> preferences(std::string_view header);

} // namespace proto_http
