#pragma once

#include "proto_http/result.hpp"

#include <string>

namespace agent::docker {

/// What to do about a Unix socket that cannot be connected to, in brackets for behind the error; empty where its file
/// tells nothing.
///
/// A socket that only its own group may use needs the agent in that group. One whose file was removed while it was
/// mounted is that of an engine that is gone: the next one made a new file, which only the directory shows.
[[nodiscard]] std::string advice_for_socket(const std::string& path, const proto_http::error_code& why);

} // namespace agent::docker
