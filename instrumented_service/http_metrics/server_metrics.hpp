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
    /// @param of  must outlive this object
    explicit server_metrics(const proto_http::server& of) : server_(&of) {}

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    const proto_http::server* server_;
};

} // namespace http_metrics
