#pragma once

#include "proto_http/address.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace agent::docker {

/// Whether an engine is spoken with over TLS.
enum class security { plain, tls };

/// Where an engine is.
struct docker_host {
    proto_http::address where;
    security how = security::plain;

    friend bool operator==(const docker_host&, const docker_host&) = default;
};

/// Reads the address of an engine as `DOCKER_HOST` writes it: `unix:///var/run/docker.sock`, `tcp://host:2375`,
/// `http://host`, `https://host`. Where none is given the port is 2375, with TLS 2376.
///
/// @param of_tcp  what `tcp://` means: the docker command line says it by `DOCKER_TLS_VERIFY`. Plain `http://` is
///                refused then, rather than to drop what was asked for
/// @return the address, or a sentence for the user that says what is wrong with the text
[[nodiscard]] std::variant<docker_host, std::string> parse_docker_host(std::string_view text, security of_tcp);

} // namespace agent::docker
