#pragma once

#include "proto_http/tls.hpp"

#include <chrono>
#include <optional>

namespace proto_http {

/// Until when the certificate is valid that a client shows; nothing where it shows none.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> own_expires_at(const tls_context& settings);

} // namespace proto_http
