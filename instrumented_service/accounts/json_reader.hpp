#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace accounts {

/// Arrays and objects in each other; nothing that clients send here needs more.
constexpr std::size_t deepest_json = 16;

/// Why a text is not JSON that can be used, for people: `line 1, column 9: key "name" is there twice`.
struct json_fault {
    std::string message;
};

/// Reads one JSON document (RFC 8259), UTF-8. Stricter than the RFC demands: an object that has a key twice is refused,
/// since two readers may take it for different things.
[[nodiscard]] std::variant<boost::json::value, json_fault> read_json(std::string_view text);

} // namespace accounts
