#include "instrumented_service/http_metrics/sources/server_metrics.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"

#include <utility>
#include <vector>

namespace http_metrics {

std::unique_ptr<metric_reading> server_metrics::read() const
{
    std::vector<ready_family> families;
    if (server_ == nullptr)
        return std::make_unique<ready_reading>(std::move(families));
    const auto counts = server_->counts();
    const auto counter = [&families](std::string name, std::string help, auto value) {
        families.push_back(lone_counter(std::move(name), std::move(help), static_cast<double>(value)));
    };
    const auto gauge = [&families](std::string name, std::string help, auto value) {
        families.push_back(lone_gauge(std::move(name), std::move(help), static_cast<double>(value)));
    };
    gauge("http_connections", "Open connections, each with a coroutine of its own.", server_->connections());
    gauge("http_connections_max", "How many connections may be open.", server_->limits().connections);
    counter("http_connections_accepted_total", "Connections that were accepted and served.", counts.accepted);
    counter("http_connections_refused_total", "Connections that were closed at once because too many were open.",
            counts.refused);
    counter("http_connections_displaced_total", "Idle connections that were closed to make room for new ones.",
            counts.displaced);
    counter("http_accept_failures_total", "Failed attempts to accept a connection, mostly for want of descriptors.",
            counts.accept_failures);
    if (const auto queue = server_->accept_queue()) {
        gauge("http_accept_queue_length", "Connections that the kernel has set up and the server has not accepted yet.",
              queue->length);
        gauge("http_accept_queue_max", "How many connections may wait there; more are dropped.", queue->limit);
    }
    return std::make_unique<ready_reading>(std::move(families));
}

} // namespace http_metrics
