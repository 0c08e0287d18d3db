#pragma once

#include "proto_http/router.hpp"
#include "sd_writer/target_group.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agent::shell {

/// What the agent's pages show, asked for at each request.
struct web_sources {
    std::function<std::string()> metrics_text;
    std::function<std::optional<std::string_view>()> not_ready_because; ///< nothing while ready
    std::function<sd_writer::target_list()> targets;                    ///< nothing before the first complete list
};

/// The agent's own pages: `/`, `/metrics`, `/-/healthy`, `/-/ready` and `/sd/endpoints`.
///
/// `/sd/endpoints` is for `http_sd_configs`: always the complete list with 200, and 503 before there is one, at which
/// Prometheus keeps what it has.
[[nodiscard]] proto_http::router web_pages(web_sources from);

} // namespace agent::shell
