#pragma once

#include "proto_http/router.hpp"

#include <string>
#include <string_view>

namespace accounts {

/// An answer whose body is JSON.
[[nodiscard]] proto_http::reply json_reply(unsigned status, std::string body);

/// `{"error":{"code":"not_found","message":"…"}}`
[[nodiscard]] proto_http::reply error_reply(unsigned status, std::string_view code, std::string_view message);

/// What the server itself answers, in the same form.
[[nodiscard]] proto_http::reply server_error(unsigned status);

/// Whether a body is said to be JSON: `application/json`, whatever its parameters.
[[nodiscard]] bool is_json(std::string_view content_type);

} // namespace accounts
