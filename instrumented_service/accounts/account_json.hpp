#pragma once

#include "instrumented_service/accounts/account.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace accounts {

/// What a client wants an account to be.
struct wanted_account {
    std::optional<std::string> id; ///< none: the store picks one
    std::string name;

    friend bool operator==(const wanted_account&, const wanted_account&) = default;
};

enum class id_rule { optional, required };

/// Why a body is refused, for people and for programs.
struct body_fault {
    std::string code; ///< `invalid_json` or `invalid_account`
    std::string message;

    friend bool operator==(const body_fault&, const body_fault&) = default;
};

/// Reads `{"id":"10000","name":"…"}`. Each value is checked, and a key that means nothing is a fault: it may be one
/// that the client misspelt.
[[nodiscard]] std::variant<wanted_account, body_fault> read_account(std::string_view body, id_rule rule);

/// `{"id":"10000","name":"…"}`
[[nodiscard]] std::string to_json(const account& one);

} // namespace accounts
