#pragma once

#include <cstddef>

namespace agent::shell {

/// How many connections the agent's own pages may have open at a time, out of all the descriptors that this process may
/// have: what the engine, the task watch and the files need is set aside. At least one.
///
/// Whatever clients do, the agent then never runs out of descriptors: what it is for goes on.
[[nodiscard]] std::size_t page_connections(std::size_t descriptors, std::size_t outputs) noexcept;

} // namespace agent::shell
