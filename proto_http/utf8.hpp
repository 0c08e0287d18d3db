#pragma once

#include <cstddef>
#include <string_view>

namespace proto_http {

inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD"; ///< U+FFFD

/// Length of the valid UTF-8 character at the front of `text`, which is not empty (RFC 3629 §4); 0 when there is none.
[[nodiscard]] std::size_t utf8_character_length(std::string_view text) noexcept;

} // namespace proto_http
