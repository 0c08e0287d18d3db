#pragma once

#include "proto_http/fields.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace proto_http {

/// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3, so that the result can stand in a
/// path segment or a query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Undoes percent-encoding; nothing when an escape is cut short or not hexadecimal. `+` stays `+`.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// A request target in origin form, taken apart.
struct split_target {
    std::string path; ///< decoded
    field_list query; ///< decoded, in order; `+` means a blank here
};

/// Nothing when the target does not start with `/`, has a bad escape or a fragment.
[[nodiscard]] std::optional<split_target> split(std::string_view target);

} // namespace proto_http
