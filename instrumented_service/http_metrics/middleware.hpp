#pragma once

#include "instrumented_service/http_metrics/metric.hpp"
#include "instrumented_service/http_metrics/recording/recorder.hpp"
#include "instrumented_service/http_metrics/recording/tick_clock.hpp"
#include "proto_http/router.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace http_metrics {

/// Whose names the series have. Several may be wanted at once: what is recorded is the same.
enum class naming : std::uint8_t {
    /// `<service>_<Route>{service="duration"|"size"}`: a summary for each route, as the Go original has it.
    original,
    /// `http_requests_total{method,handler,code}`, `http_request_duration_seconds{method,handler}`, …: what
    /// client_golang's
    /// promhttp is commonly set up with.
    promhttp,
    /// OpenTelemetry's semantic conventions of HTTP metrics: `http_server_request_duration_seconds{http_route,…}`.
    /// Keeps
    /// distributions for each status code.
    otel,
};

enum class code_labels : std::uint8_t { exact, grouped }; ///< `404`, or `4xx`

/// The lists that client libraries have (client_golang's DefBuckets), and OpenTelemetry's.
[[nodiscard]] std::vector<double> usual_duration_buckets();
[[nodiscard]] std::vector<double> otel_duration_buckets();
[[nodiscard]] std::vector<double> usual_size_buckets();

struct middleware_options {
    std::string service = "http"; ///< first part of the original's names
    std::vector<naming> names{naming::original, naming::promhttp};
    label_list constant_labels{}; ///< on every series
    code_labels codes = code_labels::exact;

    std::vector<double> duration_buckets = usual_duration_buckets();        ///< seconds
    std::map<std::string, std::vector<double>> duration_buckets_of_route{}; ///< by route name, instead of those
    std::vector<double> size_buckets = usual_size_buckets();                ///< bytes

    std::vector<double> quantiles{0.5, 0.9, 0.99}; ///< of the original's summaries
    std::chrono::seconds window{60};               ///< that they look back
    std::size_t window_slices = 5;                 ///< the window moves on by one of them at a time

    /// Combinations of handler, method and code; what comes beyond counts as `other` and in
    /// `http_metrics_dropped_series_total`.
    std::size_t most_series = 10'000;

    /// Between two exemplars of one route; zero: none.
    std::chrono::milliseconds exemplar_interval{100};

    clock_choice clock = clock_choice::automatic;
};

/// Metrics of HTTP routes: chained around their handlers when a router is built.
///
///     http_metrics::middleware metrics({.service = "accountservice"});
///     proto_http::server server(metrics.chain({{"GetAccount", "GET", "/accounts/{id}", get_account}, …}));
///     // … and `metrics` is one source of the page that Prometheus scrapes.
///
/// A duration is that of the handler: from the whole request's arrival until its answer is ready to be sent. Sizes are
/// those of bodies. A request whose handler threw counts as the 500 that its client got; one that was cancelled counts
/// as aborted only; one whose answer could not be sent counts as both.
///
/// Build routers and serve on one thread. Any thread may read the metrics.
class middleware : public metric_source {
public:
    /// @throws std::invalid_argument  a name, label, bucket, quantile or window that cannot be, and which
    /// @throws std::runtime_error     the clock that is wanted is not there
    explicit middleware(middleware_options options = {});
    ~middleware() override;

    /// The route with its recorder; a route that is not to be monitored as it is.
    ///
    /// @throws std::invalid_argument  the original's names are wanted and the route's name cannot be part of one, or
    ///                                another route has it
    [[nodiscard]] proto_http::route chain(proto_http::route plain);

    /// A router of such routes. Requests that fit none have the handler `unmatched`.
    [[nodiscard]] proto_http::router chain(std::vector<proto_http::route> plain);

    /// For servers of other kinds.
    ///
    /// @param self  its `handler` is a template, never a path that a client made up
    [[nodiscard]] std::shared_ptr<recorder> record(recorder::identity self);

    [[nodiscard]] const tick_clock& clock() const noexcept;

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace http_metrics
