#pragma once

#include "agent/docker/docker_host.hpp"
#include "agent/shell/options.hpp"
#include "proto_http/tls.hpp"

namespace agent::shell {

/// What `tcp://` means: TLS where `DOCKER_TLS_VERIFY` or `DOCKER_TLS` is not empty.
[[nodiscard]] docker::security security_of_tcp(const environment& variables);

/// Whom to trust as an engine that is spoken with over TLS, and what to show it, as the docker command line has it
/// (docker/cli, cli/flags/options.go):
///
/// - `DOCKER_CERT_PATH` is the directory of the files; else, if either of the variables above is set, `DOCKER_CONFIG`
/// or
///   `~/.docker`.
/// - `DOCKER_TLS_VERIFY`: the server must be one that `ca.pem` vouches for. `DOCKER_TLS` alone: anybody may answer.
/// - `cert.pem` and `key.pem` are shown where both are there.
///
/// The command line knows no `https://`, and its library would verify nothing there unless told to. Here it means what
/// it means elsewhere: without any of the variables the server must be one that the system's roots vouch for, or
/// `ca.pem` if there is one in `DOCKER_CERT_PATH`.
///
/// @throws proto_http::tls_error for a file that is needed and cannot be read
[[nodiscard]] proto_http::tls_settings engine_tls(const environment& variables, const file_reader& read_file);

} // namespace agent::shell
