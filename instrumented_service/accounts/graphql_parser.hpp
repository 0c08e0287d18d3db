#pragma once

#include "instrumented_service/accounts/graphql_syntax.hpp"

#include <cstddef>
#include <string_view>
#include <variant>

namespace accounts::graphql {

constexpr std::size_t most_tokens = 4000;
constexpr unsigned deepest_nesting = 16; ///< of selection sets, lists and objects

/// Reads a document of operations and fragments (§2.2). What it may ask for is `check`'s business.
[[nodiscard]] std::variant<document, error> parse(std::string_view source);

} // namespace accounts::graphql
