#include "instrumented_service/http_metrics/sources/server_metrics.hpp"

#include "tests/instrumented_service/http_metrics/handed_over.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace asio = boost::asio;

namespace http_metrics {
namespace {

TEST(ServerMetrics, CountConnections)
{
    asio::io_context io{1};
    proto_http::server_limits limits;
    limits.connections = 2;
    proto_http::server serving(proto_http::router(), limits);
    server_metrics source;
    EXPECT_TRUE(handed_over(source).families.empty());
    source.watch(serving);
    EXPECT_EQ(handed_over(source).find("http_accept_queue_length"), nullptr) << "it does not listen yet";

    auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    const auto where = proto_http::tcp_address{"127.0.0.1", on.port()};
    support::running service(io, serving.serve(std::move(on)));
    support::raw_client first(io);
    support::raw_client second(io);
    support::raw_client third(io);
    for (auto* each : {&first, &second, &third})
        support::run(io, each->connect(where));
    EXPECT_EQ(support::run(io, first.receive_all()), "") << "it makes room for the third one";

    const handed_over seen(source);
    EXPECT_EQ(seen.value("http_connections"), 2);
    EXPECT_EQ(seen.value("http_connections_max"), 2);
    EXPECT_EQ(seen.value("http_connections_accepted_total"), 3);
    EXPECT_EQ(seen.value("http_connections_displaced_total"), 1);
    EXPECT_EQ(seen.value("http_connections_refused_total"), 0);
    EXPECT_EQ(seen.value("http_accept_failures_total"), 0);
    EXPECT_EQ(seen.value("http_accept_queue_length"), 0);
    EXPECT_GT(seen.value("http_accept_queue_max").value_or(-1), 0);

    service.cancel();
    service.get();
    EXPECT_EQ(handed_over(source).value("http_connections"), 0);
    EXPECT_EQ(handed_over(source).value("http_connections_accepted_total"), 3);
    EXPECT_EQ(handed_over(source).find("http_accept_queue_length"), nullptr);
}

} // namespace
} // namespace http_metrics
