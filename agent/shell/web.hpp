#pragma once

#include "agent/core/explanation.hpp"
#include "agent/core/role.hpp"
#include "agent/shell/status/report.hpp"
#include "agent/shell/targets_page.hpp"
#include "proto_http/router.hpp"
#include "sd_writer/target_group.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {

/// What the agent's pages show, asked for at each request.
struct web_sources {
    std::function<std::string()> metrics_text;
    std::function<std::optional<std::string_view>()> not_ready_because; ///< nothing while ready
    /// Nothing while they are not known.
    std::function<boost::asio::awaitable<sd_writer::target_list>(core::role)> targets;
    std::function<std::string(core::role)> unknown_because; ///< why they are not known, for people
    /// Makes a page where it holds nobody up; nothing: here.
    std::function<boost::asio::awaitable<proto_http::reply>(std::function<proto_http::reply()>)> aside{};
    std::vector<core::role> output_roles;
    /// All that is known of a role whose targets were asked for, with so many skipped tasks at most.
    std::function<role_report(core::role, std::size_t most)> report;
    std::function<core::explanation(std::string_view service)> explain;
    std::function<proto_http::reply(const proto_http::request&)> events; ///< see `events_page`
    std::function<boost::asio::awaitable<status_report>(std::string search)> status;
};

/// The agent's own pages: `/` and `/api/v1/status` (see `make_report`), `/assets/NAME`, `/metrics`, `/-/healthy`,
/// `/-/ready`, `/sd/ROLE` for each role (see `sd_page`),
/// `/api/v1/targets?role=ROLE` (see `targets_page`; all roles with an output unless one is named), and
/// `/api/v1/explain?service=NAME` (see `explain_page`), and `/api/v1/events` (see `events_page`).
[[nodiscard]] proto_http::router web_pages(web_sources from);

} // namespace agent::shell
