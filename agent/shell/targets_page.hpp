#pragma once

#include "agent/core/role.hpp"
#include "agent/core/skip_counts.hpp"
#include "agent/core/skipped_tasks.hpp"
#include "proto_http/router.hpp"
#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {

/// What is known of one role.
struct role_report {
    core::role which = core::role::endpoints;
    sd_writer::target_list targets; ///< nothing while they are not known
    std::string unknown_because;    ///< why not, for people
    core::skip_counts counts;
    core::skipped_tasks skipped; ///< role `endpoints` only
};

/// How many targets, and how many skipped tasks, a page shows of each role: `?limit=`, 1000 unless given, at most
/// 10000.
[[nodiscard]] std::size_t shown_at_most(const proto_http::request& asked);

/// Targets and skipped tasks of roles in JSON, in the envelope of Prometheus' own HTTP API:
///
/// `{"status":"success","data":{"roles":{ROLE:{"target_count":…,"targets":[{"target":…,"labels":{…}}],`
/// `"skipped_count":{REASON:…},"skipped":[{"service":…,"service_id":…,"task_id":…,"node_id":…,"rule":…,"saw":…}],`
/// `"truncated":…}}}}`
///
/// A role of which nothing is known has `{"error":…}` instead.
[[nodiscard]] proto_http::reply targets_page(const std::vector<role_report>& roles, std::size_t most);

/// `{"status":"error","errorType":…,"error":…}`
[[nodiscard]] proto_http::reply api_error(unsigned status, std::string_view type, std::string_view text);

} // namespace agent::shell
