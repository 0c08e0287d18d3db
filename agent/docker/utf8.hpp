#pragma once

#include <string>
#include <string_view>

namespace agent::docker {

/// `text` as Go's JSON writer puts it: each byte that belongs to no UTF-8 character becomes U+FFFD.
[[nodiscard]] std::string with_valid_utf8(std::string_view text);

} // namespace agent::docker
