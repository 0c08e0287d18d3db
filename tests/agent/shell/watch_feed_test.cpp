#include "agent/shell/watch_feed.hpp"

#include "agent/shell/metrics.hpp"
#include "tests/support/fake_manager.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <variant>

#include <gtest/gtest.h>

namespace {

using namespace agent;

/// A feed that nobody but the test drives.
class WatchFeed : public testing::Test {
protected:
    ~WatchFeed() override
    {
        stop(running);
        stop(serving);
        manager.server.drop_connections();
        EXPECT_TRUE(support::run_until(io, [this] { return manager.server.connections() == 0; }));
    }

    void stop(support::running<void>& work)
    {
        work.cancel();
        EXPECT_TRUE(support::run_until(io, [&work] { return work.is_done(); }));
    }

    [[nodiscard]] bool until_armed(int times)
    {
        return support::run_until(io, [this, times] { return armed == times; });
    }

    boost::asio::io_context io{1};
    support::temporary_directory directory;
    support::fake_manager manager{io.get_executor(), directory / "control.sock"};
    support::running<void> serving{io, manager.run()};
    runtime::logger log{runtime::log_level::error, runtime::log_format::logfmt};
    shell::metrics counts{{}};
    int armed = 0;
    int lost = 0;
    shell::watch_feed feed{
        io.get_executor(), directory / "control.sock", std::nullopt, log, counts, [this](const core::event& what) {
            armed += std::holds_alternative<core::watch_armed>(what) ? 1 : 0;
            lost += std::holds_alternative<core::watch_lost>(what) ? 1 : 0;
        }};
    support::running<void> running{io, feed.run()};
};

TEST_F(WatchFeed, OpensWhenItIsToldToAndSaysWhenItIsLost)
{
    support::run_handlers(io, 20, [] { return false; });
    EXPECT_TRUE(manager.asked.empty());
    feed.carry_out(core::open_watch{});
    ASSERT_TRUE(until_armed(1));
    manager.server.drop_connections();
    EXPECT_TRUE(support::run_until(io, [this] { return lost == 1; }));
}

/// Whoever closed it knows; told that it was lost, it would take that for the one that it had opened since.
TEST_F(WatchFeed, IsNotLostWhenItWasClosedWhateverElseHappensAtThatMoment)
{
    bool came_first = false;
    for (int handlers = 0; !came_first && handlers < 50; ++handlers) {
        feed.carry_out(core::open_watch{});
        armed = 0;
        ASSERT_TRUE(until_armed(1));
        manager.server.drop_connections();
        support::run_handlers(io, handlers, [this] { return lost > 0; });
        came_first = lost > 0;
        if (came_first)
            break;
        feed.carry_out(core::close_watch{});
        feed.carry_out(core::open_watch{});
        ASSERT_TRUE(until_armed(2)) << handlers;
        EXPECT_EQ(lost, 0) << handlers;
        feed.carry_out(core::close_watch{});
        ASSERT_TRUE(support::run_until(io, [this] { return manager.server.connections() == 0; }));
    }
    EXPECT_TRUE(came_first) << "every moment was tried";
}

} // namespace
