// What the client of the control socket says when there is none. What it does with one: tests/integration.
#include "agent/docker/task_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <gtest/gtest.h>

#include <string>

namespace asio = boost::asio;

namespace agent::docker {
namespace {

asio::awaitable<std::string> why_not(std::string path)
{
    const auto watch = co_await task_watch::connect(co_await asio::this_coro::executor, path);
    co_return watch ? "" : watch.error().detail;
}

TEST(TaskWatch, SaysWhichSocketIsNotThere)
{
    // Of every length that strings are kept in differently.
    for (const std::string path : {"/gone", "/gone/for/good/and/nowhere/to/be/found/control.sock"}) {
        asio::io_context io{1};
        auto outcome = asio::co_spawn(io, why_not(path), asio::use_future);
        io.run();
        EXPECT_EQ(outcome.get(), path + ": No such file or directory");
    }
}

} // namespace
} // namespace agent::docker
