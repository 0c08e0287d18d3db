#pragma once

#include <chrono>

namespace agent::core {

/// A stream that lasted so long was a good one: its end says nothing about the next.
inline constexpr std::chrono::seconds healthy_stream{30};

} // namespace agent::core
