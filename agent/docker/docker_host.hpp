#pragma once

#include "proto_http/address.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace agent::docker {

/// Reads the address of an engine as `DOCKER_HOST` writes it: `unix:///var/run/docker.sock`, `tcp://host:2375`,
/// `http://host`. Port 2375 where none is given.
///
/// @return the address, or a sentence for the user that says what is wrong with the text
[[nodiscard]] std::variant<proto_http::address, std::string> parse_docker_host(std::string_view text);

} // namespace agent::docker
