#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace proto_http {

/// What fits into a socket address: `sun_path` less its terminator, unix(7).
inline constexpr std::size_t longest_socket_path = 107;

/// A Unix stream socket in the file system.
struct unix_address {
    std::string path;
    friend bool operator==(const unix_address&, const unix_address&) = default;
};

/// A host (name, IPv4 or IPv6 address without brackets) and port. Names are resolved at every connect, since
/// they move while we run.
struct tcp_address {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const tcp_address&, const tcp_address&) = default;
};

/// Where a server is.
using address = std::variant<unix_address, tcp_address>;

/// For logs: `unix:///run/docker.sock`, `tcp://host:2375`.
[[nodiscard]] std::string to_string(const address& where);

/// Value of the Host header. Over a Unix socket there is no host; `localhost` is what servers expect then.
[[nodiscard]] std::string host_header(const address& where);

} // namespace proto_http
