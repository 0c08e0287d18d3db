#pragma once

#include "runtime/command_description.hpp"

#include <string>
#include <string_view>

namespace packaging {

/// A page of man(7).
///
/// @param text      the page, where the lines `@NAME@`, `@COMMANDS@` and `@FLAGS@` stand for what the command line has,
///                  and `@VERSION@` anywhere for `version`
/// @param variable  prefix of the variables that set flags: `SWARM_SD_`
[[nodiscard]] std::string manual_page(std::string_view text, const runtime::described_program& program,
                                      std::string_view version, std::string_view variable);

} // namespace packaging
