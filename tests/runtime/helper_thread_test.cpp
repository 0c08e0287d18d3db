#include "runtime/helper_thread.hpp"

#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>

#include <thread>

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;

asio::awaitable<void> count_on(runtime::helper_thread& helper, int& done)
{
    auto job = [&done] { return ++done; };
    (void)co_await helper.run(std::move(job));
}

asio::awaitable<void> compare_threads(runtime::helper_thread& helper, std::thread::id& of_job)
{
    auto job = [] { return std::this_thread::get_id(); };
    of_job = co_await helper.run(std::move(job));
}

TEST(HelperThread, RunsAJobBesideTheReactor)
{
    asio::io_context io{1};
    runtime::helper_thread helper;
    std::thread::id of_job;
    support::run(io, compare_threads(helper, of_job));
    EXPECT_NE(of_job, std::this_thread::get_id());
    EXPECT_NE(of_job, std::thread::id());
}

/// A thread that is busy, or a machine that is: the job was handed over, and stopped before it began.
TEST(HelperThread, DoesAJobThatWasCancelledBeforeItBegan)
{
    asio::io_context io{1};
    asio::io_context disk{1};
    runtime::helper_thread helper(disk.get_executor());
    int done = 0;
    support::running<void> waiting(io, count_on(helper, done));
    io.poll();
    waiting.cancel();
    io.restart();
    io.poll();
    EXPECT_FALSE(waiting.is_done());
    disk.run();
    io.restart();
    io.poll();
    EXPECT_TRUE(waiting.is_done());
    EXPECT_EQ(done, 1);
}

} // namespace
