// A service that shows its requests, its connections, its reactor's lag and its process at /metrics.
#include "instrumented_service/http_metrics/exposition/scrape.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"
#include "instrumented_service/http_metrics/sources/process_metrics.hpp"
#include "instrumented_service/http_metrics/sources/reactor_lag.hpp"
#include "instrumented_service/http_metrics/sources/server_metrics.hpp"
#include "proto_http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
using proto_http::reply;
using proto_http::request;

namespace {

asio::awaitable<reply> say_hello(request asked)
{
    co_return reply{.body = "hello " + std::string(asked.param("name")) + "\n"};
}

void rethrow(const std::exception_ptr& problem)
{
    if (problem)
        std::rethrow_exception(problem);
}

} // namespace

int main()
{
    http_metrics::middleware requests({.service = "example"});
    const http_metrics::process_metrics process;
    http_metrics::reactor_lag lag;
    http_metrics::server_metrics connections;
    const http_metrics::scrape_page page({
        {http_metrics::unowned(requests)},
        {http_metrics::unowned(connections)},
        {http_metrics::unowned(lag)},
        {http_metrics::unowned(process)},
    });
    proto_http::server serving(requests.chain({
        {"Hello", "GET", "/hello/{name}", say_hello},
        {"Metrics", "GET", "/metrics", page.handler(), false},
    }));
    connections.watch(serving);

    asio::io_context io{1};
    auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    std::cout << on.port() << std::endl;
    asio::co_spawn(io, serving.serve(std::move(on)), rethrow);
    asio::co_spawn(io, lag.run(), rethrow);
    io.run();
}
