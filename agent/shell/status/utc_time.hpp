#pragma once

#include <chrono>
#include <string>

namespace agent::shell {

/// `2006-01-02T15:04:05.123Z` (RFC 3339 §5.6).
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point when);

} // namespace agent::shell
