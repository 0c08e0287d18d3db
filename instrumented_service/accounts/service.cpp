#include "instrumented_service/accounts/service.hpp"

#include <prometheus/text_serializer.h>

namespace accounts {
namespace {

namespace asio = boost::asio;
using proto_http::reply;
using proto_http::request;

} // namespace

service::service()
    : requests_(prometheus::BuildCounter()
                    .Name("http_requests_total")
                    .Help("Requests answered, by route.")
                    .Register(registry_))
{
}

proto_http::router service::routes()
{
    auto& health_requests = requests_.Add({{"handler", "/health"}, {"method", "get"}});
    auto& metrics_requests = requests_.Add({{"handler", "/metrics"}, {"method", "get"}});
    const auto health = [&health_requests](request) -> asio::awaitable<reply> {
        health_requests.Increment();
        co_return reply{.body = "OK\n"};
    };
    const auto metrics = [this, &metrics_requests](request) -> asio::awaitable<reply> {
        metrics_requests.Increment();
        co_return reply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = prometheus::TextSerializer().Serialize(registry_.Collect())};
    };
    return proto_http::router({
        {"Health", "GET", "/health", health},
        {"Metrics", "GET", "/metrics", metrics},
    });
}

} // namespace accounts
