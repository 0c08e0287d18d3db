#include "instrumented_service/http_metrics/sources/reactor_lag.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace http_metrics {

lag_histogram::clock::time_point lag_histogram::take(clock::time_point due, clock::time_point now,
                                                     clock::duration interval)
{
    do {
        observe(std::max(now - due, clock::duration::zero()));
        due += interval;
    } while (due <= now);
    return due;
}

void lag_histogram::observe(clock::duration lag)
{
    const auto seconds = std::chrono::duration<double>(lag).count();
    const auto bucket = std::ranges::lower_bound(upper_bounds, seconds) - upper_bounds.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += seconds;
}

histogram_value lag_histogram::value() const
{
    histogram_value all;
    all.sum = sum_;
    for (std::size_t at = 0; at < counts_.size(); ++at) {
        const bool is_last = at == upper_bounds.size();
        all.count += counts_[at];
        all.buckets.push_back({is_last ? std::numeric_limits<double>::infinity() : upper_bounds[at], all.count});
    }
    return all;
}

asio::awaitable<void> reactor_lag::run()
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    auto due = lag_histogram::clock::now() + interval_;
    while (true) {
        timer.expires_at(due);
        const auto [stopped] = co_await timer.async_wait(proto_http::use_result);
        // The timer may have fired just before the cancellation came; the next wait would throw then.
        const auto state = co_await asio::this_coro::cancellation_state;
        if (stopped || state.cancelled() != asio::cancellation_type::none)
            co_return;
        due = seen_.take(due, lag_histogram::clock::now(), interval_);
    }
}

std::unique_ptr<metric_reading> reactor_lag::read() const
{
    family head{"reactor_lag_seconds", "How late the reactor did what was due, looked at in regular intervals.",
                metric_type::histogram, "seconds"};
    std::vector<ready_family> families;
    families.push_back({std::move(head), {{{}, seen_.value()}}});
    return std::make_unique<ready_reading>(std::move(families));
}

} // namespace http_metrics
