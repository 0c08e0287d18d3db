#pragma once

#include <string>
#include <string_view>

namespace runtime {

/// Whether it is a bcrypt hash of the kinds 2a, 2b, 2x or 2y, with a cost that exists (crypt(5)).
[[nodiscard]] bool is_bcrypt(std::string_view text);

/// Whether the password has that bcrypt hash. Takes long, that being the point: 50 ms at a cost of 10, twice as long for
/// each one more. May be called from any thread.
[[nodiscard]] bool has_bcrypt(const std::string& password, const std::string& hash);

} // namespace runtime
