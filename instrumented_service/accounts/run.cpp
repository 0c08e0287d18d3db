#include "instrumented_service/accounts/run.hpp"

#include "instrumented_service/accounts/limits.hpp"
#include "instrumented_service/accounts/replies.hpp"
#include "instrumented_service/accounts/service.hpp"
#include "instrumented_service/accounts/service_metrics.hpp"
#include "instrumented_service/accounts/store.hpp"
#include "proto_http/server.hpp"
#include "proto_http/timeout.hpp"
#include "runtime/first_of.hpp"
#include "runtime/health.hpp"
#include "runtime/held_signals.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/version.hpp"
#include "runtime/web_access.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/resource.h>

namespace accounts {
namespace {

namespace asio = boost::asio;

constexpr int exit_fine = 0;
constexpr int exit_failure = 1;

struct process {
    runtime::held_signals signals{SIGINT, SIGTERM};
    runtime::service_manager manager{runtime::variable};
};

/// Each connection takes a descriptor, and the usual soft limit of 1024 is below `most_connections`.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit)); // otherwise accepting pauses earlier
}

proto_http::listener bind_address(const asio::any_io_executor& executor, const std::string& where)
{
    auto bound = proto_http::listener::bind(executor, where);
    if (!bound)
        throw std::runtime_error("--web.listen-address: " + where + ": " + bound.error().message());
    return *std::move(bound);
}

proto_http::server_limits limits()
{
    proto_http::server_limits bounds;
    bounds.connections = most_connections;
    bounds.body_bytes = most_body_bytes;
    return bounds;
}

asio::awaitable<void> until_signal(const runtime::logger& log, const process& self)
{
    const auto number = co_await self.signals.next();
    if (number == 0)
        co_return;
    log.info("stopping", {{"signal", std::string_view(number == SIGINT ? "SIGINT" : "SIGTERM")}});
    static_cast<void>(self.manager.tell("STOPPING=1")); // it has sent the signal, and knows
}

asio::awaitable<void> serve(proto_http::server& pages, proto_http::listener on, const runtime::logger& log,
                            const process& self)
{
    co_await runtime::first_of(pages.serve(std::move(on)), until_signal(log, self));
}

/// The store goes on until the last request has been answered.
asio::awaitable<void> serve_with(store& accounts, service_metrics& metrics, proto_http::server& pages,
                                 proto_http::listener on, runtime::web_access* access, const runtime::logger& log,
                                 const process& self)
{
    auto status = [] { return std::string("serving"); };
    auto others = runtime::first_of(accounts.run(), metrics.run(), self.manager.keep_told(std::move(status)));
    auto served = serve(pages, std::move(on), log, self);
    if (access != nullptr)
        co_await runtime::first_of(std::move(served), std::move(others), access->run());
    else
        co_await runtime::first_of(std::move(served), std::move(others));
}

/// @throws std::exception  if it cannot start
void serve_until_stopped(const options& settings, const runtime::logger& log, const process& self)
{
    asio::io_context io{1};
    auto on = bind_address(io.get_executor(), settings.listen_address);
    store accounts(io.get_executor(), settings.database);
    service answers(accounts, log);
    service_metrics metrics(settings, answers.counters(), log);
    const auto access = runtime::open_web_access(io.get_executor(), settings.web_config, log);
    proto_http::server pages(
        metrics.router_of(answers.routes()), limits(),
        [&log](std::string_view route, std::string_view what) {
            log.error("request_failed", {{"route", route}, {"error", what}});
        },
        server_error, access ? access->front() : proto_http::server_front{});
    metrics.watch(pages);
    if (accounts.is_new())
        log.info("database_created", {{"path", settings.database.native()}});
    log.info("listening", {{"version", runtime::version()},
                           {"address", settings.listen_address},
                           {"port", on.port()},
                           {"database", settings.database.native()}});
    if (const auto error = self.manager.tell("READY=1"))
        log.warn("service_manager_not_told", {{"error", error.message()}});
    std::exception_ptr failure;
    asio::co_spawn(io, serve_with(accounts, metrics, pages, std::move(on), access.get(), log, self),
                   [&failure](std::exception_ptr error) { failure = error; });
    io.run();
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace

int run(const options& settings)
{
    std::signal(SIGPIPE, SIG_IGN); // a peer that went away is an error of its own write
    std::signal(SIGXFSZ, SIG_IGN); // and so is a file that may not grow any more
    raise_descriptor_limit();
    const process self;
    try {
        const runtime::logger log(settings.level, settings.format);
        serve_until_stopped(settings, log, self);
        log.info("stopped"); // the database is closed
        return exit_fine;
    } catch (const std::exception& error) {
        std::cerr << "accountservice: " << error.what() << '\n';
        return exit_failure;
    }
}

int ask_health(const options& settings)
{
    const auto trouble = runtime::ask_health(settings.listen_address, "/health", settings.web_config);
    if (trouble.empty())
        return exit_fine;
    std::cerr << "accountservice: " << settings.listen_address << ": " << trouble << '\n';
    return exit_failure;
}

} // namespace accounts
