#pragma once

#include "instrumented_service/accounts/store.hpp"
#include "proto_http/router.hpp"
#include "runtime/failure_log.hpp"
#include "runtime/logging.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace accounts {

/// What the service answers. docs/accountservice.md says it to its users.
class service {
public:
    /// @param accounts  must outlive this object, as must the log
    service(store& accounts, const runtime::logger& log);

    /// The routes, each with its name; those that say so may be monitored. This object must outlive them.
    [[nodiscard]] std::vector<proto_http::route> routes();

    /// Counters of what was done to accounts.
    [[nodiscard]] const prometheus::Registry& counters() const noexcept { return registry_; }

private:
    using answer = boost::asio::awaitable<proto_http::reply>;

    answer get_account(proto_http::request asked);
    answer store_account(proto_http::request asked);
    answer update_account(proto_http::request asked);
    answer query(proto_http::request asked);

    proto_http::reply unavailable(std::string_view event, const store_failure& failure);

    store& accounts_;
    runtime::failure_log failures_;
    prometheus::Registry registry_;
    prometheus::Counter& created_;
    prometheus::Counter& updated_;
};

} // namespace accounts
