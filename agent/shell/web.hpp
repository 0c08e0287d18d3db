#pragma once

#include "agent/core/explanation.hpp"
#include "agent/core/role.hpp"
#include "proto_http/router.hpp"
#include "sd_writer/target_group.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agent::shell {

/// What the agent's pages show, asked for at each request.
struct web_sources {
    std::function<std::string()> metrics_text;
    std::function<std::optional<std::string_view>()> not_ready_because; ///< nothing while ready
    /// Nothing while they are not known.
    std::function<boost::asio::awaitable<sd_writer::target_list>(core::role)> targets;
    std::function<std::string(core::role)> unknown_because; ///< why they are not known, for people
    std::function<core::explanation(std::string_view service)> explain;
};

/// The agent's own pages: `/`, `/metrics`, `/-/healthy`, `/-/ready`, `/sd/ROLE` for each role (see `sd_page`),
/// and `/api/v1/explain?service=NAME` (see `explain_page`).
[[nodiscard]] proto_http::router web_pages(web_sources from);

} // namespace agent::shell
