#pragma once

#include "agent/core/explanation.hpp"
#include "proto_http/router.hpp"

namespace agent::shell {

/// An explanation in JSON: 200, or 404 with the names that are nearest to what was asked for.
///
/// `{"service":…,"service_id":…,"nearest":[…],"tasks":[{"task_id":…,"node_id":…,"rules":[{"rule":…,"saw":…,"rejects":…}],`
/// `"targets":[…]}]}`
[[nodiscard]] proto_http::reply explain_page(const core::explanation& value);

} // namespace agent::shell
