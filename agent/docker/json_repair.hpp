#pragma once

#include <string>
#include <string_view>

namespace agent::docker {

/// Makes JSON text whose strings a strict parser refuses readable, the way Go's reader (and so Prometheus) reads it:
/// bytes that are not UTF-8 and escapes of half a surrogate pair become U+FFFD. Anything else stays as it is.
///
/// Slow path: only for text that a parser has refused.
[[nodiscard]] std::string with_repaired_strings(std::string_view json);

/// Replaces numbers that are JSON but that no 64-bit type has room for by -1, so that one of them does not make the
/// whole list unreadable. It is as unreadable where a port is wanted.
///
/// Slow path, as above.
[[nodiscard]] std::string with_bounded_numbers(std::string_view json);

} // namespace agent::docker
