#pragma once

#include "proto_http/result.hpp"

#include <array>
#include <string_view>

namespace agent::shell {

/// Why the engine gave no information, as labels say it.
inline constexpr std::array<std::string_view, 14> failure_reasons{
    "refused",        ///< nobody listens: no socket, or one without an engine
    "forbidden",      ///< the socket's mode, a socket proxy, or an authorization plugin
    "timeout",        ///< connected, but not answered in time
    "closed",         ///< the connection broke off
    "tls",            ///< either side does not trust the other
    "not_a_manager",  ///< a worker: demoted, or never promoted
    "not_in_a_swarm", ///< left, or never joined
    "swarm_locked",   ///< the unlock key is needed
    "swarm_starting", ///< joining, or being started
    "swarm_failed",   ///< often expired certificates of the node
    "engine_error",   ///< 5xx: often a swarm without a leader
    "rejected",       ///< another status that is no answer: 3xx, 4xx
    "broken",         ///< cut short, too large, or not of the documented form
    "other",
};

/// Why there is no connection: one of the first three or `tls`; empty when it is about something else.
[[nodiscard]] std::string_view connection_trouble(const proto_http::error_code& code);

/// One of `failure_reasons`.
[[nodiscard]] std::string_view reason_of(const proto_http::error_code& code);

} // namespace agent::shell
