#pragma once

#include "runtime/command_description.hpp"

#include <string>

/// What the shells read to complete a program's command line.
namespace packaging {

[[nodiscard]] std::string bash_completion(const runtime::described_program& program);
[[nodiscard]] std::string zsh_completion(const runtime::described_program& program);
[[nodiscard]] std::string fish_completion(const runtime::described_program& program);

} // namespace packaging
