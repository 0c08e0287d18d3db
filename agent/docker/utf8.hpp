#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace agent::docker {

inline constexpr std::string_view replacement = "\xEF\xBF\xBD"; ///< U+FFFD

/// Length of the valid UTF-8 character at the front of `text`, which is not empty (RFC 3629 §4); 0 when there is none.
[[nodiscard]] std::size_t character_length(std::string_view text);

/// `text` as Go's JSON writer puts it: each byte that belongs to no UTF-8 character becomes U+FFFD.
[[nodiscard]] std::string with_valid_utf8(std::string_view text);

} // namespace agent::docker
