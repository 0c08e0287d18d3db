#pragma once

#include "instrumented_service/accounts/graphql_syntax.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace accounts::graphql {

constexpr std::size_t most_errors = 20; ///< that one answer names

/// Whether a document asks only for what there is, in a way that has one meaning (§5). What it finds is in the order of
/// the document, `most_errors` at most. The work grows at worst with the square of the document's size.
[[nodiscard]] std::vector<error> check(const document& whole);

/// The scalars that variables may have.
[[nodiscard]] bool is_scalar(std::string_view type);

/// Whether a constant is one of a type's values, null aside (§3.5).
[[nodiscard]] bool is_of_type(const value& constant, std::string_view type);

} // namespace accounts::graphql
