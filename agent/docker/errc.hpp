#pragma once

#include "proto_http/result.hpp"

namespace agent::docker {

/// What can go wrong with an engine that answers.
enum class errc {
    /// An answer that is no JSON, or not of the documented form: `null` for a list, an object without its ID.
    broken_answer = 1,
    /// 503 of a node that is no manager, or not any more. It may become one.
    not_a_manager,
    /// 503 of a node that is in no swarm.
    not_in_a_swarm,
    /// 503 of a manager that needs the unlock key.
    swarm_locked,
    /// 503 while the node is joining its swarm, or being started.
    swarm_not_ready,
    /// 503 of a node whose part in the swarm failed: often its certificates have expired.
    swarm_failed,
    /// 401 or 403: a socket proxy, or a TLS front, refuses the call.
    forbidden,
    /// 404 where it does not mean that an object is gone.
    not_found,
    /// Another 4xx.
    rejected,
    /// A 5xx: often a swarm without a leader.
    engine_error,
    /// A redirect. They are never followed: they could lead anywhere.
    redirected,
    /// The engine's newest API version is older than what this program can use.
    api_too_old,
    /// A control socket of another swarm than the engine's.
    other_swarm,
};

[[nodiscard]] const boost::system::error_category& error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(errc code) noexcept;

} // namespace agent::docker

template <>
struct boost::system::is_error_code_enum<agent::docker::errc> : std::true_type {
};
