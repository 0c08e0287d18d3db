#pragma once

#include "instrumented_service/http_metrics/exposition/format.hpp"
#include "instrumented_service/http_metrics/metric.hpp"
#include "proto_http/router.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

/// The page that Prometheus scrapes.
namespace http_metrics {

/// Where a source's `read()` is called. What it returns is always gone through on the reactor.
enum class read_on : std::uint8_t {
    reactor,
    helper, ///< `scrape_options::helper`: for sources that take long, and may be read beside the reactor
};

struct scrape_source {
    // Two owners: the page, and who counts with the source.
    std::shared_ptr<const metric_source> source;
    read_on where = read_on::reactor;
};

/// A source that outlives the page's handlers anyway.
[[nodiscard]] inline std::shared_ptr<const metric_source> unowned(const metric_source& source)
{
    return {std::shared_ptr<void>(), &source};
}

struct scrape_options {
    offered_formats formats{};
    bool gzip = true;              ///< whether it is offered
    std::size_t max_requests = 40; ///< in flight; more are answered with 503

    /// How long rendering may hold the reactor before others have their turn. Short slices make a few requests a little
    /// late, and very short ones make many late: in between each, everybody waits once more.
    std::chrono::microseconds slice{700};

    /// How long a request may wait, if the scraper does not say how long it does.
    std::chrono::milliseconds timeout{10'000};
    /// What answering may take of the time that the scraper allows; never more than half of it.
    std::chrono::milliseconds timeout_slack{500};

    /// Runs what is to be read beside the reactor, a thread pool's executor, say. Nobody: that is read on the reactor,
    /// too. Its threads must have ended before the reactor's io_context goes: declare the pool after it.
    boost::asio::any_io_executor helper{};

    /// Tells of sources that throw, for the log.
    std::function<void(std::string_view what)> on_error{};

    /// By which slices are measured.
    std::function<std::chrono::steady_clock::time_point()> clock = std::chrono::steady_clock::now;
};

struct scrape_state;

/// Answers scrapes with all families of its sources, and with its own (`scrape_counts`): in the format
/// and coding that the scraper likes best, see `negotiate`.
///
/// Rendering is cut into slices, so that thousands of series do not hold up other requests. It has no snapshot: each
/// series is of the moment at which it is written. For each format and coding there is at most one rendering at a time.
/// Requests that come while it runs wait for the next one and share it, since what they are told must not be older than
/// their question; so a crowd of scrapers costs no more than one that asks without pause.
///
/// 503 for too many requests, and when the time is over that the scraper allows (X-Prometheus-Scrape-Timeout-Seconds);
/// 500 when a source throws. Of two families with the same name the first one is shown and an error counted.
class scrape_page {
public:
    explicit scrape_page(std::vector<scrape_source> sources, scrape_options options = {});

    /// For `GET /metrics`; may be called any number of times, on one reactor. It does not need this object any more.
    [[nodiscard]] proto_http::handler handler() const;

private:
    // Shared with the handlers and the rendering at work.
    std::shared_ptr<scrape_state> state_;
};

} // namespace http_metrics
