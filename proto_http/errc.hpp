#pragma once

#include "proto_http/result.hpp"

namespace proto_http {

/// What can go wrong in an exchange beyond a failing system call.
/// A wait that was too long is `boost::asio::error::timed_out`, a stop is `boost::asio::error::operation_aborted`.
enum class errc {
    /// The peer closed in the middle of a message.
    closed_early = 1,
    /// The message is not HTTP/1.1 as RFC 9112 has it.
    bad_message,
    /// Start line and headers together exceed their limit.
    head_too_large,
    /// The body exceeds its limit.
    body_too_large,
    /// A host name that resolves to nothing.
    host_not_found,
    /// An address or a listen address that cannot be read.
    bad_address,
    /// The peer speaks no HTTP/2, or breaks its rules.
    bad_http2,
    /// The server gave up on one request of an HTTP/2 connection.
    stream_reset,
    /// The answer to a TLS handshake is no TLS.
    not_tls,
    /// The answer to plain HTTP is TLS.
    unexpected_tls,
    /// A client speaks plain HTTP where TLS is spoken.
    plain_http,
    /// The peer closed before the TLS handshake was complete.
    handshake_cut,
};

[[nodiscard]] const boost::system::error_category& error_category() noexcept;
[[nodiscard]] error_code make_error_code(errc code) noexcept;

} // namespace proto_http

template <>
struct boost::system::is_error_code_enum<proto_http::errc> : std::true_type {
};
