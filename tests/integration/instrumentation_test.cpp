// What accountservice says of the requests that it was really sent, to itself and to a real Prometheus. Needs no
// engine.
#include "proto_http/address.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/local_prometheus.hpp"
#include "tests/integration/process.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::MatchesRegex;

constexpr auto account = R"({"id":"10000","name":"Ada Berg"})";
const auto account_bytes = static_cast<double>(std::string(account).size());

struct Instrumentation : testing::Test {
    support::temporary_directory directory;
    std::uint16_t port = free_port();
    child_process service{{ACCOUNTSERVICE_BINARY, "--web.listen-address=127.0.0.1:" + std::to_string(port),
                           "--db.file=" + (directory / "accounts.db").string(),
                           "--metrics.names=original,promhttp,otel"},
                          directory / "log"};
    asio::io_context io{1};

    void SetUp() override
    {
        ASSERT_TRUE(eventually([this] { return http_get(port, "/health") == "OK\n"; }));
    }

    [[nodiscard]] std::string metrics() const { return http_get(port, "/metrics").value_or(""); }
    [[nodiscard]] double value(const std::string& series) const { return sample(metrics(), series).value_or(-1); }

    /// So many requests on one connection, one after the other.
    asio::awaitable<void> send(int count, std::string target, std::string more = "")
    {
        support::raw_client peer(io);
        const proto_http::tcp_address where{"127.0.0.1", port};
        co_await peer.connect(where);
        for (int sent = 0; sent < count; ++sent) {
            auto bytes = "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + more + "\r\n";
            co_await peer.send(std::move(bytes));
            (void)co_await peer.receive_until("}");
        }
    }
};

TEST_F(Instrumentation, CountsEveryRequestOnce)
{
    constexpr int connections = 20;
    constexpr int each = 500;
    std::vector<std::unique_ptr<support::running<void>>> clients;
    for (int client = 0; client < connections; ++client)
        clients.push_back(std::make_unique<support::running<void>>(io, send(each, "/accounts/10000")));
    for (auto& client : clients)
        client->get(60s);
    constexpr double all = connections * each;

    const auto text = metrics();
    const std::string route = R"({method="get",handler="/accounts/{accountId}")";
    EXPECT_EQ(sample(text, "http_requests_total" + route + R"(,code="200"})"), all);
    EXPECT_EQ(sample(text, "http_request_duration_seconds_count" + route + "}"), all);
    EXPECT_EQ(sample(text, "http_request_duration_seconds_bucket" + route + R"(,le="+Inf"})"), all);
    EXPECT_EQ(sample(text, "http_response_size_bytes_sum" + route + "}"), all * account_bytes);
    EXPECT_EQ(sample(text, "http_requests_in_flight" + route + "}"), 0);
    EXPECT_EQ(sample(text, R"(accountservice_GetAccount_count{service="duration"})"), all);
    EXPECT_EQ(sample(text, R"(accountservice_GetAccount_sum{service="size"})"), all * account_bytes);
    for (const auto* quantile : {"0.5", "0.9", "0.99"})
        EXPECT_NEAR(
            sample(text, R"(accountservice_GetAccount{service="size",quantile=")" + std::string(quantile) + "\"}")
                .value_or(-1),
            account_bytes, 0.01 * account_bytes);
    EXPECT_EQ(sample(text, R"(http_server_request_duration_seconds_count{http_request_method="GET",)"
                           R"(http_response_status_code="200",http_route="/accounts/{accountId}",url_scheme="http"})"),
              all);
}

TEST_F(Instrumentation, AgreesWithWrk)
{
    constexpr int connections = 16;
    const auto output = output_of({"wrk", "-t1", "-c" + std::to_string(connections), "-d2s",
                                   "http://127.0.0.1:" + std::to_string(port) + "/accounts/10000"});
    std::smatch found;
    ASSERT_TRUE(std::regex_search(output, found, std::regex("([0-9]+) requests in"))) << output;
    const double answered = std::stod(found[1]);
    EXPECT_GT(answered, 1'000);
    const auto counted = [this] {
        return value(R"(http_requests_total{method="get",handler="/accounts/{accountId}",code="200"})") +
               value(R"(http_requests_aborted_total{method="get",handler="/accounts/{accountId}"})");
    };
    // wrk hangs up in the middle of what it asked last.
    EXPECT_GE(counted(), answered);
    EXPECT_LE(counted(), answered + 2 * connections);
}

TEST_F(Instrumentation, PassesPromtoolButForTheNamesOfTheOriginal)
{
    support::run(io, send(3, "/accounts/10000"));
    const auto result = run({"promtool", "check", "metrics"}, 20s, metrics());
    std::istringstream lines(result.out + result.err);
    int seen = 0;
    for (std::string line; std::getline(lines, line); ++seen)
        EXPECT_THAT(
            line,
            MatchesRegex("accountservice_[A-Za-z]+ metric names should be written in 'snake_case' not 'camelCase'"));
    EXPECT_EQ(seen, 4); // its four routes
}

/// What the original's dashboard asks, and what one of today asks.
void expect_answers(const local_prometheus& prometheus, const std::string& job)
{
    const auto selector = "{job=\"" + job + "\",service=\"duration\"}";
    const auto number = [&](const std::string& query) { return std::strtod(prometheus.value(query).c_str(), nullptr); };
    EXPECT_EQ(number("accountservice_GetAccount_count" + selector), 30);
    const auto mean =
        number("accountservice_GetAccount_sum" + selector + " / accountservice_GetAccount_count" + selector);
    EXPECT_GT(mean, 0);
    EXPECT_LT(mean, 10);
    EXPECT_GT(number("accountservice_GetAccount{job=\"" + job + "\",service=\"duration\",quantile=\"0.99\"}"), 0);
    EXPECT_EQ(number("accountservice_GetAccount{job=\"" + job + "\",service=\"size\",quantile=\"0.5\"}"),
              account_bytes);
    EXPECT_EQ(number("sum(http_requests_total{job=\"" + job + "\",code=\"200\"})"), 30);
    EXPECT_GT(number("process_heap_in_use_bytes{job=\"" + job + "\"}"), 0);
    EXPECT_GT(number("process_resident_memory_bytes{job=\"" + job + "\"}"), 1e6);
    EXPECT_EQ(number("up{job=\"" + job + "\"}"), 1);
}

constexpr auto traced = "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

TEST_F(Instrumentation, AnswersPrometheusInOpenMetrics)
{
    support::run(io, send(30, "/accounts/10000", traced));
    const local_prometheus prometheus({{"accounts", port}});
    ASSERT_TRUE(prometheus.has_scraped()) << prometheus.log();
    expect_answers(prometheus, "accounts");
    EXPECT_THAT(prometheus.value(R"(histogram_quantile(0.9, sum by (le) (http_request_duration_seconds_bucket)))"),
                MatchesRegex("0\\.[0-9]+"));
    EXPECT_THAT(prometheus.exemplars("http_request_duration_seconds_bucket"),
                testing::StartsWith("4bf92f3577b34da6a3ce929d0e0e4736 "));
}

TEST_F(Instrumentation, AnswersPrometheusWithNativeHistograms)
{
    support::run(io, send(30, "/accounts/10000"));
    const local_prometheus prometheus({{"accounts", port}}, "native-histograms");
    ASSERT_TRUE(prometheus.has_scraped()) << prometheus.log();
    expect_answers(prometheus, "accounts");
    const std::string route = R"(http_request_duration_seconds{handler="/accounts/{accountId}",method="get"})";
    EXPECT_EQ(prometheus.value("histogram_count(" + route + ")"), "30");
    EXPECT_THAT(prometheus.value("histogram_quantile(0.99, " + route + ")"), MatchesRegex("[0-9.]+(e-0[0-9])?"));
}

} // namespace
} // namespace integration
