#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace runtime {

/// Asks the program that listens on `listen_address` of this machine for a page, for HEALTHCHECK. Runs a reactor of its
/// own until the answer is there.
///
/// @param listen_address  as the program was given it: all addresses include the loopback one
/// @param web_config      the program's `--web.config.file`; empty: none. A program that asks for a password or a
///                        certificate lives; whoever it is that answers here is not examined
/// @return why it is not healthy; empty when it answered 200
[[nodiscard]] std::string ask_health(std::string_view listen_address, const std::string& page,
                                     const std::filesystem::path& web_config = {});

} // namespace runtime
