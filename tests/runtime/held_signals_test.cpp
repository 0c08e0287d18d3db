#include "runtime/held_signals.hpp"

#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>

#include <csignal>

#include <unistd.h>

#include <gtest/gtest.h>

namespace runtime {
namespace {

TEST(HeldSignals, AreThereWhenAskedForThoughTheyCameBefore)
{
    const held_signals signals{SIGTERM, SIGHUP};
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGTERM);
    boost::asio::io_context io{1};
    EXPECT_EQ(support::run(io, signals.next()), SIGHUP);
    boost::asio::io_context another{1};
    EXPECT_EQ(support::run(another, signals.next()), SIGTERM);
}

TEST(HeldSignals, WakeWhoWaitsForThem)
{
    const held_signals signals{SIGTERM};
    boost::asio::io_context io{1};
    support::running<int> waiting(io, signals.next());
    io.poll();
    EXPECT_FALSE(waiting.is_done());
    ::kill(::getpid(), SIGTERM);
    EXPECT_EQ(waiting.get(), SIGTERM);
}

TEST(HeldSignals, CanBeGivenUp)
{
    const held_signals signals{SIGTERM};
    boost::asio::io_context io{1};
    support::running<int> waiting(io, signals.next());
    io.poll();
    waiting.cancel();
    EXPECT_EQ(waiting.get(), 0);
    ::kill(::getpid(), SIGTERM);
    EXPECT_EQ(support::run(io, signals.next()), SIGTERM) << "and be waited for again";
}

} // namespace
} // namespace runtime
