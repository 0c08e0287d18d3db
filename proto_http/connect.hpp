#pragma once

#include "proto_http/address.hpp"
#include "proto_http/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

namespace proto_http {

/// A Unix or a TCP socket.
using stream_socket = boost::asio::generic::stream_protocol::socket;

/// Connects `socket`, which must outlive the wait. Tries the addresses of a host name one after the other.
///
/// @return `errc::bad_address` for a path that does not fit into a socket address (107 bytes, unix(7)),
///         `errc::host_not_found`, or why the last address was not reachable
[[nodiscard]] boost::asio::awaitable<result<void>> connect(stream_socket& socket, address where);

/// For TCP: small messages leave at once, and a peer that vanished is noticed within about two minutes even where
/// nothing is sent.
void tune(stream_socket& socket);

} // namespace proto_http
