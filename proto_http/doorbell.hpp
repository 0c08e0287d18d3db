#pragma once

#include "proto_http/timeout.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace proto_http {

/// Wakes one coroutine. A ring that comes while nobody waits is kept; several count as one.
class doorbell {
public:
    explicit doorbell(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void ring()
    {
        rung_ = true;
        timer_.cancel();
    }

    /// Forgets a ring that was kept.
    void reset() { rung_ = false; }

    /// Returns after the next ring, or at once if one is kept. Cancellation ends it by an exception, as any `co_await`.
    [[nodiscard]] boost::asio::awaitable<void> wait()
    {
        return wait_until(boost::asio::steady_timer::time_point::max());
    }

    /// As `wait`, but also returns at that time.
    [[nodiscard]] boost::asio::awaitable<void> wait_until(boost::asio::steady_timer::time_point latest)
    {
        while (!std::exchange(rung_, false)) {
            timer_.expires_at(latest);
            const auto [stopped] = co_await timer_.async_wait(use_result);
            if (!stopped)
                co_return;
            // Cancelled by a ring, or with the whole coroutine.
            if ((co_await boost::asio::this_coro::cancellation_state).cancelled() !=
                boost::asio::cancellation_type::none)
                throw boost::system::system_error(boost::asio::error::operation_aborted);
        }
    }

private:
    boost::asio::steady_timer timer_;
    bool rung_ = false;
};

} // namespace proto_http
