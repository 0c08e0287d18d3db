#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

/// What may be asked for. In the schema language:
///
///     type Query { account(id: ID!): Account  Account(id: ID!): Account }
///     type Account { id: ID!  name: String! }
namespace accounts::graphql {

enum class object_type { query, account };

struct field_type {
    std::string_view name;
    bool is_account = false; ///< of type Account, by the argument `id`; others are scalars without arguments
};

// Account is what the field was called in the service this one follows.
inline constexpr std::array<field_type, 3> query_fields{{{"account", true}, {"Account", true}, {"__typename"}}};
inline constexpr std::array<field_type, 3> account_fields{{{"id"}, {"name"}, {"__typename"}}};

[[nodiscard]] constexpr std::string_view name_of(object_type type)
{
    return type == object_type::query ? "Query" : "Account";
}

[[nodiscard]] constexpr std::optional<object_type> find_type(std::string_view name)
{
    for (const auto type : {object_type::query, object_type::account})
        if (name_of(type) == name)
            return type;
    return std::nullopt;
}

/// Nothing where the type has no such field.
[[nodiscard]] constexpr const field_type* find_field(object_type type, std::string_view name)
{
    for (const auto& field : type == object_type::query ? query_fields : account_fields)
        if (field.name == name)
            return &field;
    return nullptr;
}

} // namespace accounts::graphql
