#pragma once

#include "instrumented_service/http_metrics/metric.hpp"
#include "proto_http/server.hpp"

#include <memory>

namespace http_metrics {

/// What a server knows of its connections: how many there are and may be, how many came and how many were turned away,
/// and the kernel's queue of those that it has not accepted yet. Requests are the middleware's business.
///
/// One coroutine serves each connection, so their number is also that of the server's coroutines.
class server_metrics final : public metric_source {
public:
    /// Of no server yet, and without metrics: the page that shows them is among the routes that a server is made with.
    server_metrics() = default;
    explicit server_metrics(const proto_http::server& of) { watch(of); }

    /// @param of  must outlive the readings of this object
    void watch(const proto_http::server& of) { server_ = &of; }

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    const proto_http::server* server_ = nullptr;
};

} // namespace http_metrics
