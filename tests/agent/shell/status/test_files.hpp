#pragma once

#include "agent/shell/status/assets.hpp"

#include <span>

namespace agent::shell {

/// `every_byte.bin` and `empty.bin`.
[[nodiscard]] std::span<const embedded_file> test_files();

} // namespace agent::shell
