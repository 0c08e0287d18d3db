#pragma once

#include "proto_http/doorbell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <memory>
#include <utility>

namespace agent::shell {

/// Wakes every coroutine that waits at that moment.
class gong {
public:
    explicit gong(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    void strike()
    {
        for (auto& bell : *waiting_)
            bell.ring();
    }

    /// Returns at the next strike, or at that time. Cancellation ends it by an exception, as any `co_await`.
    [[nodiscard]] boost::asio::awaitable<void> wait_until(boost::asio::steady_timer::time_point latest)
    {
        const auto waiting = waiting_;
        const auto own = waiting->emplace(waiting->end(), executor_);
        const auto leave = [&waiting](const std::list<proto_http::doorbell>::iterator* at) { waiting->erase(*at); };
        const std::unique_ptr<const std::list<proto_http::doorbell>::iterator, decltype(leave)> registered(&own, leave);
        co_await own->wait_until(latest);
    }

private:
    boost::asio::any_io_executor executor_;
    /// Shared with who waits: when an io_context is destroyed, their coroutines may go after us.
    std::shared_ptr<std::list<proto_http::doorbell>> waiting_ = std::make_shared<std::list<proto_http::doorbell>>();
};

} // namespace agent::shell
