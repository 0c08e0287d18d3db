#pragma once

#include "proto_http/result.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace proto_http {

/// What stands before each message on the wire.
inline constexpr std::size_t grpc_prefix_bytes = 5;

/// A message as gRPC puts it on the wire: one byte that says "not compressed", its length in four, its bytes.
///
/// Source: gRPC over HTTP/2, "Length-Prefixed-Message".
[[nodiscard]] std::string grpc_frame(std::string_view message);

/// Takes the next message of a gRPC answer's body out of the front of `arrived`; nothing, and `arrived` as it was,
/// while that message is not complete.
///
/// @param most_bytes  of one message
/// @return `errc::bad_message` for a compressed one, which nobody offered to read; `errc::body_too_large`. Nothing
///         after an error can be read.
[[nodiscard]] result<std::optional<std::string_view>> take_grpc_message(std::string_view& arrived,
                                                                        std::size_t most_bytes);

/// How long the message at the front of `arrived` is with its prefix; 0 while that is not known.
[[nodiscard]] std::size_t grpc_frame_bytes(std::string_view arrived);

/// Undoes the percent-encoding of `grpc-message`. What is no encoding stays.
[[nodiscard]] std::string decode_grpc_message(std::string_view text);

/// A span as the header `grpc-timeout` wants it, at most 8 digits: `3000m`.
///
/// @param span  at least 1 ms
[[nodiscard]] std::string grpc_timeout(std::chrono::milliseconds span);

} // namespace proto_http
