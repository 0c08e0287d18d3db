// A service that shows its requests, its connections, its reactor's lag and its process at /metrics.
#include "instrumented_service/http_metrics/process_metrics.hpp"
#include "instrumented_service/http_metrics/reactor_lag.hpp"
#include "instrumented_service/http_metrics/ready_families.hpp"
#include "instrumented_service/http_metrics/server_metrics.hpp"
#include "proto_http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

namespace asio = boost::asio;
using proto_http::reply;
using proto_http::request;

namespace {

/// Told of the requests of a route by the server.
class request_count final : public proto_http::request_monitor, public http_metrics::metric_source {
public:
    proto_http::request_start started(const request&) noexcept override { return {}; }
    void answered(const proto_http::request_start&, unsigned, std::size_t) noexcept override { ++answered_; }
    void abandoned(const proto_http::request_start&) noexcept override {}
    void unsent(const proto_http::request_start&) noexcept override {}

    std::unique_ptr<http_metrics::metric_reading> read() const override
    {
        return std::make_unique<http_metrics::ready_reading>(
            std::vector{http_metrics::lone_counter("hello_requests_total", "Requests answered.", answered_)});
    }

private:
    double answered_ = 0;
};

asio::awaitable<reply> say_hello(request asked)
{
    co_return reply{.body = "hello " + std::string(asked.param("name")) + "\n"};
}

std::string text(const std::vector<const http_metrics::metric_source*>& sources)
{
    std::string all;
    for (const auto* source : sources)
    return all;
}

void rethrow(const std::exception_ptr& problem)
{
    if (problem)
        std::rethrow_exception(problem);
}

} // namespace

int main()
{
    const auto requests = std::make_shared<request_count>();
    const http_metrics::process_metrics process;
    http_metrics::reactor_lag lag;
    std::vector<const http_metrics::metric_source*> sources{requests.get(), &lag, &process};
    const auto metrics = [&sources](request) -> asio::awaitable<reply> { co_return reply{.body = text(sources)}; };

    proto_http::server serving(proto_http::router({
        {"hello", "GET", "/hello/{name}", say_hello, true, requests},
        {"metrics", "GET", "/metrics", metrics, false},
    }));
    const http_metrics::server_metrics connections(serving);
    sources.push_back(&connections);

    asio::io_context io{1};
    auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    std::cout << on.port() << std::endl;
    asio::co_spawn(io, serving.serve(std::move(on)), rethrow);
    asio::co_spawn(io, lag.run(), rethrow);
    io.run();
}
