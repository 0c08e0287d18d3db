#pragma once

#include "proto_http/address.hpp"
#include "tests/support/certificates.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace support {

/// A server that takes the TLS off and hands the bytes on to another server's Unix socket: a scripted server or engine
/// behind it speaks TLS. On a port of the loopback address, inside the test's io_context.
class tls_front {
public:
    /// How a connection ends when the server behind it has ended its own.
    enum class ending {
        announced, ///< `close_notify`
        cut,       ///< the TCP connection closes, and nothing else
    };

    struct settings {
        certificate own{};
        std::string client_root{}; ///< whose clients are let in; empty: anybody
        ending end = ending::announced;
        int newest_version = 0; ///< `TLS1_2_VERSION` and so on; 0: any
        std::string protocol{}; ///< chosen of those offered by ALPN; empty: none
    };

    tls_front(boost::asio::io_context& io, const proto_http::address& behind, const settings& how);
    tls_front(const tls_front&) = delete;
    tls_front& operator=(const tls_front&) = delete;
    ~tls_front();

    /// @param host  as the certificate may have it; must mean the loopback address
    [[nodiscard]] proto_http::address address(const std::string& host = "127.0.0.1") const;

    /// Shows another certificate from the next handshake on.
    void show(const certificate& own);

    /// Handshakes begun, and those that succeeded.
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t handshakes() const;
    /// Connections of which we have closed our side, or sent the end of it.
    [[nodiscard]] std::size_t ended() const;
    /// The name that the last client asked for (SNI).
    [[nodiscard]] std::string asked_name() const;

private:
    struct state;
    std::shared_ptr<state> state_; ///< shared with the coroutines, which end some time after the server
};

} // namespace support
