#include "agent/shell/commands.hpp"
#include "agent/shell/daemon.hpp"
#include "agent/shell/first_of.hpp"
#include "agent/shell/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace agent::shell {
namespace {

namespace asio = boost::asio;

/// @param stopped  set when it was a signal that ended everything
asio::awaitable<void> until_signal(const logger& log, bool& stopped)
{
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    const auto [error, number] = co_await signals.async_wait(proto_http::use_result);
    if (error)
        co_return;
    log.info("stopping", {{"signal", std::string_view(number == SIGINT ? "SIGINT" : "SIGTERM")}});
    stopped = true;
}

asio::awaitable<void> until_end(daemon& agent, const logger& log, bool& stopped)
{
    co_await first_of(agent.run(), until_signal(log, stopped));
}

} // namespace

int run(const options& settings)
{
    // A peer that went away is an error of its own write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    const logger log(settings.level, settings.format);
    bool stopped = false;
    try {
        asio::io_context io{1};
        daemon agent(io.get_executor(), settings, log);
        log.info("started", {{"version", version()},
                             {"engine", to_string(settings.engine)},
                             {"output", settings.output.native()},
                             {"port", agent.port()}});
        std::exception_ptr failure;
        asio::co_spawn(io, until_end(agent, log, stopped), [&failure, &io](std::exception_ptr error) {
            failure = error;
            io.stop(); // a name lookup may still be under way, and cannot be interrupted
        });
        io.run();
        if (failure)
            std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_failure;
    }
    return stopped ? exit_fine : exit_failure;
}

} // namespace agent::shell
