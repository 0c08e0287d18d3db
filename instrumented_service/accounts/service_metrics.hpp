#pragma once

#include "instrumented_service/accounts/options.hpp"
#include "instrumented_service/http_metrics/exposition/collected.hpp"
#include "instrumented_service/http_metrics/exposition/scrape.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"
#include "instrumented_service/http_metrics/sources/build_info.hpp"
#include "instrumented_service/http_metrics/sources/process_metrics.hpp"
#include "instrumented_service/http_metrics/sources/reactor_lag.hpp"
#include "instrumented_service/http_metrics/sources/server_metrics.hpp"
#include "proto_http/router.hpp"
#include "proto_http/server.hpp"
#include "runtime/logging.hpp"

#include <boost/asio/awaitable.hpp>

#include <vector>

#include <prometheus/registry.h>

namespace accounts {

/// Everything that `GET /metrics` shows, and the middleware around the routes that are monitored.
class service_metrics {
public:
    /// @param counters  the service's own; must outlive this object, as must the log
    /// @throws std::runtime_error  the clock that is wanted is not there
    service_metrics(const options& settings, const prometheus::Registry& counters, const runtime::logger& log);

    /// A router of these routes and of `GET /metrics`. This object must outlive its handlers.
    [[nodiscard]] proto_http::router router_of(std::vector<proto_http::route> routes);

    /// @param server  the one that has that router; must outlive the scrapes
    void watch(const proto_http::server& server) { connections_.watch(server); }

    /// Measures the reactor's lag until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run() { return lag_.run(); }

private:
    bool is_monitored_;
    http_metrics::middleware requests_;
    http_metrics::collected counters_;
    http_metrics::server_metrics connections_;
    http_metrics::reactor_lag lag_;
    http_metrics::process_metrics process_;
    http_metrics::build_info build_;
    http_metrics::scrape_page page_;
};

} // namespace accounts
