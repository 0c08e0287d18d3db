#pragma once

#include <string>
#include <string_view>

namespace runtime {

/// Asks the program that listens on `listen_address` of this machine for a page, for HEALTHCHECK. Runs a reactor of its
/// own until the answer is there.
///
/// @param listen_address  as the program was given it: all addresses include the loopback one
/// @return why it is not healthy; empty when it answered 200
[[nodiscard]] std::string ask_health(std::string_view listen_address, const std::string& page);

} // namespace runtime
