#pragma once

#include "agent/shell/status/report.hpp"
#include "proto_http/router.hpp"

#include <string>

namespace agent::shell {

/// The report as a page for people. It works without JavaScript; with it, what happens is shown as it happens.
///
/// Nothing that comes from outside can be more than text in it, and a policy (Content-Security-Policy) keeps browsers
/// from running or loading anything but our own files.
[[nodiscard]] proto_http::reply status_page(const status_report& report);

/// The same for programs, in the envelope of Prometheus' own HTTP API; docs/pages.md has its form.
[[nodiscard]] proto_http::reply status_json(const status_report& report);

} // namespace agent::shell
