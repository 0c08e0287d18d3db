#pragma once

#include "proto_http/address.hpp"
#include "proto_http/tls.hpp"

#include <optional>
#include <string>
#include <utility>

namespace proto_http {

/// A server: where it is, and whom to trust there if it speaks TLS.
struct origin {
    // An address alone is a server that speaks plain HTTP.
    origin(unix_address file) : where(std::move(file)) {} // NOLINT(google-explicit-constructor)
    origin(tcp_address host) : where(std::move(host)) {}  // NOLINT(google-explicit-constructor)
    origin(address plain) : where(std::move(plain)) {}    // NOLINT(google-explicit-constructor)
    origin(address secured, tls_context trust) : where(std::move(secured)), tls(std::move(trust)) {}

    address where;
    std::optional<tls_context> tls; ///< none: plain

    friend bool operator==(const origin&, const origin&) = default;
};

/// For logs: as the address, but `https://host:2376` where TLS is spoken over TCP.
[[nodiscard]] std::string to_string(const origin& server);

} // namespace proto_http
