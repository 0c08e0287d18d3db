#pragma once

#include <string_view>

namespace proto_http {

/// `Forbidden` for 403; empty for a status that has no phrase of its own (RFC 9110 §15).
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

} // namespace proto_http
