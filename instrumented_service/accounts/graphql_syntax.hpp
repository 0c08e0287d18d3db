#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a GraphQL document is made of (GraphQL specification, October 2021, §2). Every part owns its text.
namespace accounts::graphql {

/// Counted from 1, in characters.
struct location {
    unsigned line = 1;
    unsigned column = 1;

    friend bool operator==(const location&, const location&) = default;
};

/// Why a request is refused, or one field has no value: as the specification's §7.1.2 has it.
struct error {
    std::string message;
    std::vector<location> locations{};
    std::vector<std::string> path{}; ///< of the field in the answer; none: the whole request
    std::string code{};              ///< for programs, in `extensions`; may be none

    friend bool operator==(const error&, const error&) = default;
};

struct value {
    enum class kind { variable, integer, real, text, boolean, null, enumeration, list, object };

    kind what = kind::null;
    std::string text{};         ///< a variable's or enumerator's name, the digits, the text, `true` or `false`
    std::string key{};          ///< where it is a field of an object
    std::vector<value> items{}; ///< of a list or an object
    location where{};
};

struct argument {
    std::string name;
    graphql::value value;
    location where;
};

struct directive {
    std::string name;
    std::vector<argument> arguments;
    location where;
};

/// A field, a fragment's name, or a fragment written where it is used.
struct selection {
    enum class kind { field, spread, inline_fragment };

    kind what = kind::field;
    std::string alias{};               ///< of a field; may be none
    std::string name{};                ///< of the field or the fragment
    std::string condition{};           ///< of an inline fragment: the type it is for; may be none
    std::vector<argument> arguments{}; ///< of a field
    std::vector<directive> directives{};
    std::vector<selection> selections{}; ///< of a field or an inline fragment
    bool has_selections = false;
    location where{};

    /// What a field is called in the answer.
    [[nodiscard]] const std::string& key() const { return alias.empty() ? name : alias; }
};

struct variable_definition {
    std::string name;
    std::string type; ///< without `!`; in brackets where it is a list
    bool non_null = false;
    std::optional<value> otherwise{}; ///< its default
    location where{};
};

struct operation {
    std::string kind; ///< query, mutation or subscription
    std::string name; ///< may be none
    std::vector<variable_definition> variables;
    std::vector<directive> directives;
    std::vector<selection> selections;
    location where;
};

struct fragment {
    std::string name;
    std::string condition;
    std::vector<directive> directives;
    std::vector<selection> selections;
    location where;
};

struct document {
    std::vector<operation> operations;
    std::vector<fragment> fragments;
};

} // namespace accounts::graphql
