// A simulated Docker Engine on a Unix socket: a swarm of made-up services whose tasks come and go, for trying the agent
// where no engine can run.
#include "proto_http/timeout.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/fake_engine.hpp"

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
    unsigned services = 2;
    unsigned replicas = 3;
    unsigned seconds_per_change = 3;
};

support::made_up_service service_of(unsigned number, unsigned replicas)
{
    return {"service" + std::to_string(number), "demo" + std::to_string(number), replicas, 8080};
}

support::made_up_task task_of(unsigned service, unsigned slot)
{
    return {.id = "task" + std::to_string(service) + "x" + std::to_string(slot),
            .service_id = "service" + std::to_string(service),
            .address = "10.0." + std::to_string(service % 250) + "." + std::to_string(slot % 250 + 2)};
}

void put(support::fake_engine& engine, unsigned service, unsigned replicas)
{
    const auto value = service_of(service, replicas);
    engine.state.services[value.id] = to_json(value);
    for (unsigned slot = 0; slot < replicas; ++slot)
        engine.state.tasks[task_of(service, slot).id] = to_json(task_of(service, slot));
}

/// Scales the first service up by one, and down again, for ever.
asio::awaitable<void> change(support::fake_engine& engine, settings with)
{
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (bool up = true;; up = !up) {
        pause.expires_after(std::chrono::seconds(with.seconds_per_change));
        co_await pause.async_wait(asio::use_awaitable);
        put(engine, 0, up ? with.replicas + 1 : with.replicas);
        if (!up)
            engine.state.tasks.erase(task_of(0, with.replicas).id);
        engine.emit(support::object_event("service", "update", service_of(0, 0).id));
    }
}

asio::awaitable<void> run(support::fake_engine& engine, settings with)
{
    using namespace asio::experimental::awaitable_operators;
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    co_await (engine.run() || change(engine, with) || signals.async_wait(proto_http::use_result));
    engine.drop_connections();
}

} // namespace

int main(int argc, char** argv)
{
    settings with;
    CLI::App app{"Simulates a Docker Engine in swarm mode.", "swarm_sim"};
    app.add_option("--socket", with.socket, "Unix socket to listen on; replaced if it is there")->capture_default_str();
    app.add_option("--services", with.services, "Number of services")->capture_default_str();
    app.add_option("--replicas", with.replicas, "Tasks of each")->capture_default_str();
    app.add_option("--seconds-per-change", with.seconds_per_change, "Pause between changes")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        std::filesystem::remove(with.socket);
        asio::io_context io{1};
        support::fake_engine engine(io.get_executor(), std::filesystem::path(with.socket));
        engine.state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
        for (unsigned service = 0; service < with.services; ++service)
            put(engine, service, with.replicas);
        asio::co_spawn(io, run(engine, with), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
        io.run();
    } catch (const std::exception& error) {
        std::cerr << "swarm_sim: " << error.what() << '\n';
        return 1;
    }
    std::filesystem::remove(with.socket);
    return 0;
}
