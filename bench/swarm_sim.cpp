// A simulated Docker Engine on a Unix socket: a swarm of made-up services of any size whose tasks come and go, for
// measuring, and for trying the agent where no engine can run.
#include "bench/simulated_engine.hpp"
#include "bench/simulated_swarm.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

namespace {

namespace asio = boost::asio;

struct settings {
    std::string socket = "engine.sock";
    simulated_swarm::shape size;
    unsigned seconds_per_change = 3;
};

/// Scales the first service up by one, and down again, for ever.
asio::awaitable<void> change(simulated_engine& engine, settings with)
{
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (bool up = true;; up = !up) {
        if (with.seconds_per_change == 0)
            pause.expires_at(asio::steady_timer::time_point::max());
        else
            pause.expires_after(std::chrono::seconds(with.seconds_per_change));
        co_await pause.async_wait(asio::use_awaitable);
        engine.scale_first(with.size.replicas + (up ? 1 : 0));
    }
}

asio::awaitable<void> run(simulated_engine& engine, settings with)
{
    using namespace asio::experimental::awaitable_operators;
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    co_await (engine.run() || change(engine, with) || signals.async_wait(proto_http::use_result));
}

} // namespace

int main(int argc, char** argv)
{
    settings with;
    CLI::App app{"Simulates a Docker Engine in swarm mode.", "swarm_sim"};
    app.add_option("--socket", with.socket, "Unix socket to listen on; replaced if it is there")->capture_default_str();
    app.add_option("--services", with.size.services, "Number of services")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--replicas", with.size.replicas, "Tasks of each")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--nodes", with.size.nodes, "Number of nodes; the first one is the engine's own")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--seconds-per-change", with.seconds_per_change,
                   "Pause between changes of the first service's size; 0: it stays as it is")
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        std::filesystem::remove(with.socket);
        asio::io_context io{1};
        simulated_engine engine(io.get_executor(), with.socket, simulated_swarm(with.size));
        asio::co_spawn(io, run(engine, with), [&io](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
            io.stop(); // connections that are open do not count
        });
        io.run();
    } catch (const std::exception& error) {
        std::cerr << "swarm_sim: " << error.what() << '\n';
        return 1;
    }
    std::filesystem::remove(with.socket);
    return 0;
}
