#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace proto_http {

/// Accepts Unix or TCP connections.
using stream_acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

/// Connections that the kernel has set up and nobody has accepted yet.
struct accept_queue {
    std::size_t length = 0;
    std::size_t limit = 0; ///< what comes when so many wait is dropped
};

/// Nothing for a Unix socket, whose queue the kernel does not tell.
[[nodiscard]] std::optional<accept_queue> queue_of(stream_acceptor& acceptor);

/// A bound, listening socket.
class listener {
public:
    /// Waits for the resolver where the host is a name: for the start of a program.
    ///
    /// @param where  `host:port`, `[v6]:port` or `:port` (all addresses, IPv6 and IPv4), where port 0 lets the kernel
    ///               choose; or `unix:///path` of a socket that does not exist yet (and is not removed at the end)
    /// @return `errc::bad_address`, `errc::host_not_found` or what the system says
    [[nodiscard]] static result<listener> bind(const boost::asio::any_io_executor& executor, std::string_view where);

    /// 0 for a Unix socket.
    [[nodiscard]] std::uint16_t port() const;

private:
    friend class server;
    explicit listener(stream_acceptor acceptor);
    stream_acceptor acceptor_;
};

} // namespace proto_http
