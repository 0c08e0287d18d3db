#include "agent/shell/web.hpp"

#include "agent/shell/explain_page.hpp"
#include "agent/shell/sd_page.hpp"
#include "agent/shell/status/assets.hpp"
#include "agent/shell/status/status_page.hpp"

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using proto_http::reply;
using proto_http::request;

// What Prometheus asks for when it speaks the text format.
constexpr std::string_view exposition_format = "text/plain; version=0.0.4; charset=utf-8";
/// A list of so many targets is written, hashed and packed within a millisecond or so.
constexpr std::size_t targets_at_once = 2'000;
constexpr unsigned bad_request = 400;
constexpr unsigned not_found = 404;
constexpr unsigned service_unavailable = 503;

constexpr std::string_view no_such_role = "no such role; there are: endpoints, tasks, services, nodes, containers";

reply ready_page(const web_sources& from)
{
    if (const auto reason = from.not_ready_because())
        return {.status = service_unavailable, .body = "not ready: " + std::string(*reason) + "\n"};
    return {.body = "ready\n"};
}

/// A handler of a page that is made at once.
template <class Page>
proto_http::handler page(Page make)
{
    // The handler outlives each call, so its captures do, too.
    return [make](request asked) -> asio::awaitable<reply> {
        if constexpr (std::is_invocable_v<const Page&, const request&>)
            co_return make(asked);
        else
            co_return make();
    };
}

asio::awaitable<reply> role_page(std::shared_ptr<const web_sources> from, request asked)
{
    const auto which = core::parse_role(asked.param("role"));
    if (!which)
        co_return reply{.status = not_found, .body = std::string(no_such_role) + "\n"};
    const auto targets = co_await from->targets(*which);
    if (!targets)
        co_return reply{.status = service_unavailable, .body = from->unknown_because(*which) + "\n"};
    auto make = [targets, asked = std::move(asked)] { return sd_page(*targets, asked); };
    if (!from->aside || sd_writer::count_targets(*targets) <= targets_at_once)
        co_return make();
    std::function<reply()> job = std::move(make);
    co_return co_await from->aside(std::move(job));
}

/// What one role came to, or all that have an output.
asio::awaitable<reply> api_targets_page(std::shared_ptr<const web_sources> from, request asked)
{
    const auto most = shown_at_most(asked);
    const auto name = asked.query_value("role");
    if (name.empty()) {
        std::vector<role_report> reports;
        for (const auto which : from->output_roles)
            reports.push_back(from->report(which, most));
        co_return targets_page(reports, most);
    }
    const auto which = core::parse_role(name);
    if (!which)
        co_return api_error(bad_request, "bad_data", no_such_role);
    if (const auto targets = co_await from->targets(*which); !targets)
        co_return api_error(service_unavailable, "unavailable", from->unknown_because(*which));
    co_return targets_page({from->report(*which, most)}, most);
}

asio::awaitable<reply> status_as(std::shared_ptr<const web_sources> from, request asked,
                                 reply (*make)(const status_report&))
{
    std::string search(asked.query_value("service"));
    const auto report = co_await from->status(std::move(search));
    co_return make(report);
}

} // namespace

proto_http::router web_pages(web_sources from)
{
    // Shared by the handlers of all pages, which are copied into the router.
    const auto sources = std::make_shared<const web_sources>(std::move(from));
    return proto_http::router({
        {"status", "GET", "/", [sources](request asked) { return status_as(sources, std::move(asked), status_page); }},
        {"asset", "GET", "/assets/{name}", page(asset_page)},
        {"api_status", "GET", "/api/v1/status",
         [sources](request asked) { return status_as(sources, std::move(asked), status_json); }},
        {"metrics", "GET", "/metrics", page([sources] {
             return reply{.content_type = std::string(exposition_format), .body = sources->metrics_text()};
         })},
        {"healthy", "GET", "/-/healthy", page([] { return reply{.body = "healthy\n"}; })},
        {"ready", "GET", "/-/ready", page([sources] { return ready_page(*sources); })},
        {"targets", "GET", "/api/v1/targets",
         [sources](request asked) { return api_targets_page(sources, std::move(asked)); }},
        {"explain", "GET", "/api/v1/explain", page([sources](const request& asked) {
             return explain_page(sources->explain(asked.query_value("service")));
         })},
        {"events", "GET", "/api/v1/events", page([sources](const request& asked) { return sources->events(asked); })},
        {"sd", "GET", "/sd/{role}", [sources](request asked) { return role_page(sources, std::move(asked)); }},
    });
}

} // namespace agent::shell
