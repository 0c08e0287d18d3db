// What a real Prometheus, and the strict parser of OpenMetrics, make of the scrape page. Needs no engine.
#include "instrumented_service/http_metrics/exposition/scrape.hpp"
#include "proto_http/server.hpp"
#include "tests/instrumented_service/http_metrics/exposition/example_families.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/local_prometheus.hpp"
#include "tests/integration/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace integration {
namespace {

using namespace std::chrono_literals;

const std::string strict_parser = R"(
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(sum(len(family.samples) for family in text_string_to_metric_families(sys.stdin.read())))
)";

proto_http::handler page_with(const http_metrics::metric_source& source, http_metrics::offered_formats formats)
{
    http_metrics::scrape_options options;
    options.formats = formats;
    return http_metrics::scrape_page({{http_metrics::unowned(source)}}, std::move(options)).handler();
}

/// The example in all formats (`/metrics`), or in text only (`/text`).
class example_server {
public:
    example_server()
    {
        http_metrics::offered_formats only_text;
        only_text.openmetrics = false;
        only_text.protobuf = false;
        auto server = std::make_shared<proto_http::server>(proto_http::router({
            {"metrics", "GET", "/metrics", page_with(source_, {})},
            {"text", "GET", "/text", page_with(source_, only_text)},
        }));
        auto on = proto_http::listener::bind(io_.get_executor(), "127.0.0.1:0").value();
        port_ = on.port();
        auto serving = server->serve(std::move(on));
        boost::asio::co_spawn(io_, std::move(serving), [server](const std::exception_ptr&) {});
        thread_ = std::thread([this] { io_.run(); });
    }
    example_server(const example_server&) = delete;
    example_server& operator=(const example_server&) = delete;
    ~example_server()
    {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] std::string page(const std::string& accept) const
    {
        // It takes the line feeds off the end.
        return output_of({"curl", "--silent", "--fail", "--noproxy", "*", "--compressed", "--header",
                          "Accept: " + accept, "http://127.0.0.1:" + std::to_string(port_) + "/metrics"}) +
               "\n";
    }

private:
    http_metrics::example_source source_;
    boost::asio::io_context io_{1};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// A Prometheus that scrapes both pages of the example.
class example_prometheus : public local_prometheus {
public:
    example_prometheus(const example_server& of, const std::string& features)
        : local_prometheus({{"best", of.port(), "/metrics"}, {"text", of.port(), "/text"}}, features)
    {
    }
};

/// What holds of simple series, whatever the format.
void expect_simple_series(const local_prometheus& prometheus, const std::string& job)
{
    const auto value = [&](const std::string& name, const std::string& label) {
        return prometheus.value(name + "{job=\"" + job + "\"," + label + "}");
    };
    EXPECT_EQ(value("example_requests_total", R"(path="C:\\DIR\n\"x\"")"), "1027");
    EXPECT_EQ(value("example_requests_total", "method=\"p\xC3\xB6st\""), "0.1");
    EXPECT_EQ(value("example_temperature_celsius", "place=\"in\""), "-12.5");
    EXPECT_EQ(value("example_temperature_celsius", "place=\"out\""), "+Inf");
    EXPECT_EQ(value("example_temperature_celsius", "place=\"space\""), "-Inf");
    EXPECT_EQ(value("example_temperature_celsius", "place=\"nowhere\""), "NaN");
    EXPECT_EQ(value("example_anything", ""), "1e+300");
    EXPECT_EQ(value("example_rpc_seconds_sum", "service=\"a\""), "10.5");
    EXPECT_EQ(value("example_rpc_seconds_count", "service=\"b\""), "0");
    EXPECT_EQ(value("example_rpc_seconds", "quantile=\"0.5\""), "2");
    EXPECT_EQ(value("example_rpc_seconds", job == "text" ? "quantile=\"1\"" : "quantile=\"1.0\""), "7.25");
}

void expect_classic_histogram(const local_prometheus& prometheus, const std::string& job)
{
    const auto buckets = "example_latency_seconds_bucket{job=\"" + job + "\",path=\"/\"}";
    EXPECT_EQ(prometheus.value("count(" + buckets + ")"), "5");
    // The rank 4.5 is 1.5 of 2 into (0.05, 1].
    EXPECT_EQ(prometheus.value("round(histogram_quantile(0.5, " + buckets + "), 0.0001)"), "0.7625");
    EXPECT_EQ(prometheus.value("example_latency_seconds_count{job=\"" + job + "\",path=\"/\"}"), "9");
}

TEST(Exposition, IsReadAsOpenMetricsAndAsText)
{
    const example_server server;
    const example_prometheus prometheus(server, "exemplar-storage");
    ASSERT_TRUE(prometheus.has_scraped()) << prometheus.log();
    for (const auto* job : {"best", "text"}) {
        expect_simple_series(prometheus, job);
        expect_classic_histogram(prometheus, job);
    }
    EXPECT_EQ(prometheus.value("example_latency_seconds_created{job=\"best\"}"), "1700000000.125") << "OpenMetrics";
    EXPECT_EQ(prometheus.exemplars("example_latency_seconds_bucket{job=\"best\"}"),
              "4bf92f3577b34da6a3ce929d0e0e4736 0.043 1700000000.25");
    EXPECT_EQ(prometheus.log().find("level=warn"), std::string::npos) << prometheus.log();
}

TEST(Exposition, IsReadAsProtobufWithNativeHistograms)
{
    const example_server server;
    const example_prometheus prometheus(server, "exemplar-storage,native-histograms");
    ASSERT_TRUE(prometheus.has_scraped()) << prometheus.log();
    for (const auto* job : {"best", "text"})
        expect_simple_series(prometheus, job);
    expect_classic_histogram(prometheus, "text");

    const std::string native = "example_latency_seconds{job=\"best\",path=\"/\"}";
    EXPECT_EQ(prometheus.value("histogram_count(" + native + ")"), "9");
    EXPECT_EQ(prometheus.value("histogram_sum(" + native + ")"), "20.25");
    // The rank 4.5 is 0.5 of 3 into (0.5, 1].
    EXPECT_EQ(prometheus.value("round(histogram_quantile(0.5, " + native + "), 0.0001)"), "0.5833");
    EXPECT_EQ(prometheus.value("histogram_fraction(0, 0.5, " + native + ") * 9"), "4") << "with the zero bucket";
    EXPECT_EQ(prometheus.value("histogram_count(example_latency_seconds{job=\"best\",path=\"/none\"})"), "0")
        << "native even without observations";
    EXPECT_EQ(prometheus.value("example_latency_seconds_bucket{job=\"best\"}"), "[]") << "2.42 takes either";
    EXPECT_EQ(prometheus.exemplars("example_latency_seconds{job=\"best\"}"),
              "4bf92f3577b34da6a3ce929d0e0e4736 0.043 1700000000.25");
    EXPECT_EQ(prometheus.log().find("level=warn"), std::string::npos) << prometheus.log();
}

TEST(Exposition, PassesPromtool)
{
    const example_server server;
    const auto result = run({"promtool", "check", "metrics"}, 20s, server.page("text/plain"));
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_EQ(result.out + result.err, "");
}

TEST(Exposition, IsReadByAStrictParser)
{
    const example_server server;
    const auto page = server.page("application/openmetrics-text; version=1.0.0");
    // Debian's package is for Debian's Python.
    const auto result = run({"/usr/bin/python3", "-c", strict_parser}, 20s, page);
    EXPECT_EQ(result.exit_code, 0) << result.err << page;
    EXPECT_GT(std::stoi("0" + result.out), 40);
}

} // namespace
} // namespace integration
