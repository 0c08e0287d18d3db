#pragma once

#include "proto_http/router.hpp"
#include "sd_writer/target_group.hpp"

#include <vector>

namespace agent::shell {

/// A role's targets for `http_sd_configs`: always the complete list.
///
/// `?job=`, `?service=` and `?network=` keep the groups whose label `job`, whose service name (label `task` or
/// `__meta_dockerswarm_service_name`), or whose label `__meta_…_network_name` has that value; given several times, any
/// of them. An ETag is always sent, and 304 only to who asks with If-None-Match, which today's Prometheus does not;
/// gzip to who accepts it.
///
/// @param targets  canonical
/// Source: documentation of http_sd, Prometheus 2.42; RFC 9110 §13.1.2.
[[nodiscard]] proto_http::reply sd_page(const std::vector<sd_writer::target_group>& targets,
                                        const proto_http::request& asked);

} // namespace agent::shell
