#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto_http {

/// Names and values in the order in which they came: header fields, query values, path parameters.
using field_list = std::vector<std::pair<std::string, std::string>>;

/// Whether two field names, hosts or schemes are the same but for the case of ASCII letters (RFC 9110 §5.1).
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// Value of the first header field of that name (any case); empty where there is none.
[[nodiscard]] std::string_view find_field(const field_list& fields, std::string_view name) noexcept;

} // namespace proto_http
