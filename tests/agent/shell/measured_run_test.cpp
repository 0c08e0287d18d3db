#include "agent/shell/measured_run.hpp"

#include "agent/docker/thread_cpu.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <chrono>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(MeasuredRun, ObservesEachTurn)
{
    asio::io_context io{1};
    for (int turn = 0; turn < 3; ++turn)
        asio::post(io, [] {});
    asio::post(io, [end = docker::thread_cpu() + 20ms] {
        while (docker::thread_cpu() < end) {
        }
    });
    prometheus::Histogram holds(prometheus::Histogram::BucketBoundaries{0.01, 10});
    run_measured(io, holds);
    const auto found = holds.Collect().histogram;
    EXPECT_EQ(found.sample_count, 4U);
    EXPECT_EQ(found.bucket.at(0).cumulative_count, 3U);
    EXPECT_GE(found.sample_sum, 0.019);
}

TEST(MeasuredRun, TakesNoWaitForAHold)
{
    asio::io_context io{1};
    asio::steady_timer timer(io, 30ms);
    timer.async_wait([](boost::system::error_code) {});
    prometheus::Histogram holds(prometheus::Histogram::BucketBoundaries{0.02});
    run_measured(io, holds);
    EXPECT_EQ(holds.Collect().histogram.bucket.at(0).cumulative_count, 1U);
}

} // namespace
} // namespace agent::shell
