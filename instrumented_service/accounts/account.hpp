#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace accounts {

struct account {
    std::string id;
    std::string name;

    friend bool operator==(const account&, const account&) = default;
};

constexpr std::size_t longest_id = 64;    ///< bytes
constexpr std::size_t longest_name = 200; ///< characters

/// What an ID must be, for people.
inline constexpr std::string_view id_form = "must be 1 to 64 of the letters A-Z a-z 0-9 _ -";

/// Whether an account may have that ID: 1 to `longest_id` of `A-Z a-z 0-9 _ -`, so that it needs no encoding in a path.
[[nodiscard]] bool is_valid_id(std::string_view text) noexcept;

/// Why no account may have that name; nothing if one may: 1 to `longest_name` characters, none of them a control
/// character, and not blanks alone.
///
/// @param text  UTF-8
[[nodiscard]] std::optional<std::string> name_fault(std::string_view text);

} // namespace accounts
