#pragma once

#include <string>
#include <string_view>

namespace runtime {

/// `0.1.0`
[[nodiscard]] std::string_view version();

/// What built this: `g++ 12.2.0`
[[nodiscard]] std::string_view compiler();

/// `swarm-sd, version 0.1.0 (built with g++ 12.2.0)`
[[nodiscard]] std::string version_line(std::string_view program);

} // namespace runtime
