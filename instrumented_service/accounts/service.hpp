#pragma once

#include "proto_http/router.hpp"

#include <memory>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace accounts {

/// A small service worth discovering: `GET /health` and `GET /metrics`.
class service {
public:
    service();

    /// The routes; this object must outlive them.
    [[nodiscard]] proto_http::router routes();

private:
    prometheus::Registry registry_;
    prometheus::Family<prometheus::Counter>& requests_;
};

} // namespace accounts
