#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <tuple>
#include <utility>

namespace proto_http {

/// Completion token: the outcome is a tuple of the error code and the rest; nothing is thrown.
constexpr auto use_result = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Runs `op`, giving up after `limit`, which then reads as `boost::asio::error::timed_out`.
///
/// `op` must report failure in its value: a throwing operand of `||` would be waited out and then reported as a
/// timeout. A read that timed out leaves its connection unusable: close it.
template <class T>
boost::asio::awaitable<result<T>> with_timeout(boost::asio::awaitable<result<T>> op,
                                               std::chrono::steady_clock::duration limit)
{
    using namespace boost::asio::experimental::awaitable_operators;

    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, limit);
    auto first = co_await (std::move(op) || timer.async_wait(use_result));
    if (first.index() == 0)
        co_return std::get<0>(std::move(first));

    // The timer also ends first when the whole wait is cancelled from outside.
    const auto [stopped] = std::get<1>(first);
    co_return stopped ? error_code(stopped) : error_code(boost::asio::error::timed_out);
}

/// A moment that may be moved while something runs against it: one timer for a whole conversation, instead of one
/// race for each of its reads.
class deadline {
public:
    using clock = std::chrono::steady_clock;

    explicit deadline(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    void expires_at(clock::time_point when)
    {
        when_ = when;
        // A later moment is noticed when the timer fires; only an earlier one has to wake it.
        if (when < timer_.expiry())
            timer_.expires_at(when);
    }
    void expires_after(clock::duration span) { expires_at(clock::now() + span); }
    void never_expires() { when_ = clock::time_point::max(); }

    /// Ends when the moment has passed, or when cancelled. Must not outlive the deadline.
    [[nodiscard]] boost::asio::awaitable<void> passed()
    {
        while (when_ > clock::now()) {
            timer_.expires_at(when_);
            co_await timer_.async_wait(use_result);
            const auto state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none)
                co_return;
        }
    }

private:
    clock::time_point when_ = clock::time_point::max();
    boost::asio::steady_timer timer_;
};

/// Runs `op` against a deadline that it may move; otherwise as `with_timeout`.
template <class T>
boost::asio::awaitable<result<T>> with_deadline(boost::asio::awaitable<result<T>> op, deadline& limit)
{
    using namespace boost::asio::experimental::awaitable_operators;

    auto first = co_await (std::move(op) || limit.passed());
    if (first.index() == 0)
        co_return std::get<0>(std::move(first));

    const auto state = co_await boost::asio::this_coro::cancellation_state;
    const bool stopped = state.cancelled() != boost::asio::cancellation_type::none;
    co_return error_code(stopped ? boost::asio::error::operation_aborted : boost::asio::error::timed_out);
}

} // namespace proto_http
