#pragma once

#include <cstddef>

namespace accounts {

/// Of a request. An account is a few hundred bytes, a GraphQL document some thousand.
constexpr std::size_t most_body_bytes = std::size_t{64} * 1024;

constexpr std::size_t most_connections = 4096;

} // namespace accounts
