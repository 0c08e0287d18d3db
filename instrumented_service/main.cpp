#include "instrumented_service/accounts/service.hpp"
#include "proto_http/server.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

namespace {

namespace asio = boost::asio;

asio::awaitable<void> until_signal()
{
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    co_await signals.async_wait(proto_http::use_result);
}

asio::awaitable<void> serve(proto_http::server& pages, proto_http::listener on)
{
    using namespace asio::experimental::awaitable_operators;
    co_await (pages.serve(std::move(on)) || until_signal());
}

int run(const std::string& where)
{
    std::signal(SIGPIPE, SIG_IGN);
    accounts::service accountservice;
    proto_http::server pages(accountservice.routes());
    asio::io_context io{1};
    auto bound = proto_http::listener::bind(io.get_executor(), where);
    if (!bound) {
        std::cerr << "accountservice: --web.listen-address: " << where << ": " << bound.error().message() << '\n';
        return 1;
    }
    std::exception_ptr failure;
    asio::co_spawn(io, serve(pages, *std::move(bound)), [&failure](std::exception_ptr error) { failure = error; });
    io.run();
    return failure ? 1 : 0;
}

} // namespace

int main(int argc, char** argv)
{
    std::string where = ":6767";
    CLI::App app{"A small instrumented HTTP service.", "accountservice"};
    app.add_option("--web.listen-address", where, "Address to listen on")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return run(where);
}
