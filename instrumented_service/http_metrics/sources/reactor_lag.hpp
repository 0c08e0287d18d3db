#pragma once

#include "instrumented_service/http_metrics/metric.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace http_metrics {

/// How late something was that should have happened at regular times. Knows no clock.
class lag_histogram {
public:
    using clock = std::chrono::steady_clock;

    /// What was due at `due` happened at `now`, and so did whatever became due since, every `interval`: a reactor that
    /// was held for a second is late not for one of ten ticks but for all ten, by less and less. Without those, long
    /// holds would hardly show (Gil Tene's "coordinated omission").
    ///
    /// @param interval  more than zero
    /// @return when the next one is due: after `now`
    clock::time_point take(clock::time_point due, clock::time_point now, clock::duration interval);

    [[nodiscard]] histogram_value value() const;

    /// In seconds. The reactor's timer itself comes up to 0.1 ms late on an idle machine.
    static constexpr std::array upper_bounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.};

private:
    void observe(clock::duration lag);

    std::array<std::uint64_t, upper_bounds.size() + 1> counts_{}; ///< the last one is of what is beyond all bounds
    double sum_ = 0;
};

/// `reactor_lag_seconds`: how late the reactor does what is due. The sign of health of a program on one thread:
/// whatever holds the reactor makes everything else wait so long.
class reactor_lag final : public metric_source {
public:
    /// @param interval  between two measurements, which cost some microseconds each
    explicit reactor_lag(std::chrono::steady_clock::duration interval = std::chrono::milliseconds(100))
        : interval_(interval)
    {
    }

    /// Measures until cancelled, and then returns without an exception. This object must outlive it.
    [[nodiscard]] boost::asio::awaitable<void> run();

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override;

private:
    std::chrono::steady_clock::duration interval_;
    lag_histogram seen_;
};

} // namespace http_metrics
