#include "instrumented_service/http_metrics/middleware.hpp"

#include "instrumented_service/http_metrics/exposition/collected.hpp"
#include "instrumented_service/http_metrics/exposition/text_writer.hpp"
#include "proto_http/server.hpp"
#include "tests/instrumented_service/http_metrics/handed_over.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace http_metrics {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using proto_http::reply;
using proto_http::request;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::ThrowsMessage;
using ::testing::UnorderedElementsAre;

/// The labels as Prometheus writes them, in the order in which they were handed over.
std::string text_of(const label_list& labels)
{
    std::string text;
    for (const auto& [name, value] : labels)
        text.append(text.empty() ? "" : ",").append(name).append("=").append(value);
    return text;
}

/// The values of a family of counters or gauges, by labels.
std::map<std::string, double> values_of(const metric_source& from, std::string_view name)
{
    std::map<std::string, double> values;
    const handed_over seen(from);
    if (const auto* found = seen.find(name))
        for (const auto& one : found->all) {
            const auto* counter = std::get_if<counter_value>(&one.value);
            values[text_of(one.labels)] = counter ? counter->value : std::get<gauge_value>(one.value).value;
        }
    return values;
}

template <class Value>
std::optional<Value> value_of(const metric_source& from, std::string_view name, std::string_view labels)
{
    const handed_over seen(from);
    if (const auto* found = seen.find(name))
        for (const auto& one : found->all)
            if (text_of(one.labels) == labels)
                return std::get<Value>(one.value);
    return std::nullopt;
}

std::vector<std::string> names_of(const metric_source& from)
{
    std::vector<std::string> names;
    for (const auto& each : handed_over(from).families)
        names.push_back(each.head.name);
    return names;
}

asio::awaitable<reply> answer_with_length(request asked)
{
    reply answer;
    answer.body = std::string(std::stoul(std::string(asked.param("bytes"))), 'x');
    co_return answer;
}

proto_http::route route_of(std::string name, std::string method, std::string pattern, bool monitored = true)
{
    proto_http::route made;
    made.name = std::move(name);
    made.method = std::move(method);
    made.pattern = std::move(pattern);
    made.handler = answer_with_length;
    made.monitored = monitored;
    return made;
}

request asking(std::string method, std::string body = "", std::string traceparent = "")
{
    request asked;
    asked.method = std::move(method);
    asked.body = std::move(body);
    if (!traceparent.empty())
        asked.fields.emplace_back("Traceparent", std::move(traceparent));
    return asked;
}

/// One whole request.
void exchange(proto_http::request_monitor& with, const request& asked, unsigned status = 200, std::size_t bytes = 0)
{
    proto_http::monitored_request watch(&with, asked);
    watch.answered(status, bytes);
    watch.sent();
}

// --- What is chained ---

TEST(Middleware, LeavesARouteThatIsNotMonitoredAsItIs)
{
    middleware metrics;
    EXPECT_EQ(metrics.chain(route_of("Health", "GET", "/health", false)).monitor, nullptr);
    EXPECT_NE(metrics.chain(route_of("GetAccount", "GET", "/accounts/{id}")).monitor, nullptr);
    EXPECT_THAT(names_of(metrics), Not(testing::Contains("http_Health")));
}

TEST(Middleware, HasTheNamesOfTheOriginalAndOfPromhttp)
{
    middleware metrics({.service = "accountservice"});
    (void)metrics.chain(std::vector{route_of("GetAccount", "GET", "/accounts/{id}")});
    EXPECT_THAT(names_of(metrics),
                UnorderedElementsAre(
                    "accountservice_GetAccount", "http_requests_total", "http_request_duration_seconds",
                    "http_request_size_bytes", "http_response_size_bytes", "http_requests_in_flight",
                    "http_requests_aborted_total", "http_metrics_dropped_series_total", "http_metrics_clock_info"));
}

TEST(Middleware, SaysTheMethodAndThePatternInTheOriginalsHelp)
{
    middleware metrics({.service = "accountservice"});
    (void)metrics.chain(route_of("GetAccount", "GET", "/accounts/{accountId}"));
    const handed_over seen(metrics);
    const auto* found = seen.find("accountservice_GetAccount");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->head.help, "GET /accounts/{accountId}");
    EXPECT_EQ(found->head.type, metric_type::summary);
    ASSERT_EQ(found->all.size(), 2U);
    EXPECT_EQ(text_of(found->all[0].labels), "service=duration");
    EXPECT_EQ(text_of(found->all[1].labels), "service=size");
}

TEST(Middleware, RefusesNamesThatNobodyCouldRead)
{
    EXPECT_THAT([] { middleware({.service = "account-service"}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("account-service")));
    EXPECT_THAT(
        [] {
            middleware({.constant_labels = {{"__zone", "b"}}});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("__zone")));
    EXPECT_THAT(
        [] {
            middleware({.constant_labels = {{"handler", "b"}}});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("handler")));
    middleware metrics;
    EXPECT_THAT([&] { (void)metrics.chain(route_of("get account", "GET", "/")); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("get account")));
    (void)metrics.chain(route_of("Twice", "GET", "/a"));
    EXPECT_THAT([&] { (void)metrics.chain(route_of("Twice", "GET", "/b")); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("Twice")));
}

TEST(Middleware, RefusesBucketsQuantilesAndWindowsThatCannotBe)
{
    EXPECT_THROW(middleware({.duration_buckets = {1, 1}}), std::invalid_argument);
    EXPECT_THROW(middleware({.duration_buckets_of_route = {{"GetAccount", {2, 1}}}}), std::invalid_argument);
    EXPECT_THROW(middleware({.size_buckets = {-1}}), std::invalid_argument);
    EXPECT_THROW(middleware({.quantiles = {1.5}}), std::invalid_argument);
    EXPECT_THROW(middleware({.window = 0s}), std::invalid_argument);
    EXPECT_THROW(middleware({.window_slices = 0}), std::invalid_argument);
}

// --- What is recorded ---

struct MiddlewareRecords : testing::Test {
    middleware_options options;
    std::unique_ptr<middleware> metrics;
    std::shared_ptr<proto_http::request_monitor> get;

    void start()
    {
        metrics = std::make_unique<middleware>(options);
        get = metrics->chain(route_of("GetAccount", "GET", "/accounts/{id}")).monitor;
    }
};

TEST_F(MiddlewareRecords, CountsByMethodHandlerAndCode)
{
    start();
    for (int number = 0; number < 3; ++number)
        exchange(*get, asking("GET"));
    exchange(*get, asking("GET"), 404);
    exchange(*get, asking("HEAD"));
    const std::map<std::string, double> expected{{"method=get,handler=/accounts/{id},code=200", 3},
                                                 {"method=get,handler=/accounts/{id},code=404", 1},
                                                 {"method=head,handler=/accounts/{id},code=200", 1}};
    EXPECT_EQ(values_of(*metrics, "http_requests_total"), expected);
}

TEST_F(MiddlewareRecords, SizesOfBodies)
{
    start();
    for (const std::size_t bytes : {50U, 100U, 101U, 5'000U})
        exchange(*get, asking("GET", std::string(7, 'x')), 200, bytes);
    const auto labels = "method=get,handler=/accounts/{id}";
    const auto responses = value_of<histogram_value>(*metrics, "http_response_size_bytes", labels).value();
    EXPECT_EQ(responses.count, 4U);
    EXPECT_EQ(responses.sum, 5'251);
    EXPECT_EQ(responses.buckets[0].upper_bound, 100);
    EXPECT_EQ(responses.buckets[0].cumulative_count, 2U);
    const auto requests = value_of<histogram_value>(*metrics, "http_request_size_bytes", labels).value();
    EXPECT_EQ(requests.sum, 28);
    const auto summary = value_of<summary_value>(*metrics, "http_GetAccount", "service=size").value();
    EXPECT_EQ(summary.count, 4U);
    EXPECT_EQ(summary.sum, 5'251);
    EXPECT_EQ(summary.quantiles[0].value, 100);
    EXPECT_NEAR(summary.quantiles[2].value, 5'000, 50);
}

TEST_F(MiddlewareRecords, DurationsOfTheClockItSays)
{
    start();
    proto_http::monitored_request watch(get.get(), asking("GET"));
    const auto from = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - from < 2ms) {
    }
    watch.answered(200, 0);
    const auto most = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    const auto seen =
        value_of<histogram_value>(*metrics, "http_request_duration_seconds", "method=get,handler=/accounts/{id}")
            .value();
    EXPECT_EQ(seen.count, 1U);
    EXPECT_GE(seen.sum, 0.00199);
    EXPECT_LE(seen.sum, most + 0.001);
    const auto clock = values_of(*metrics, "http_metrics_clock_info");
    EXPECT_EQ(clock.begin()->first, "source=" + std::string(metrics->clock().source()));
}

TEST_F(MiddlewareRecords, RequestsInFlight)
{
    start();
    const auto in_flight = [&] { return values_of(*metrics, "http_requests_in_flight").begin()->second; };
    EXPECT_EQ(in_flight(), 0);
    {
        proto_http::monitored_request first(get.get(), asking("GET"));
        proto_http::monitored_request second(get.get(), asking("GET"));
        EXPECT_EQ(in_flight(), 2);
        first.answered(200, 0);
        EXPECT_EQ(in_flight(), 1);
    }
    EXPECT_EQ(in_flight(), 0);
}

TEST_F(MiddlewareRecords, AbortedRequests)
{
    start();
    {
        proto_http::monitored_request abandoned(get.get(), asking("GET"));
    }
    {
        proto_http::monitored_request unsent(get.get(), asking("GET"));
        unsent.answered(200, 10);
    }
    EXPECT_EQ(values_of(*metrics, "http_requests_aborted_total").begin()->second, 2);
    EXPECT_EQ(values_of(*metrics, "http_requests_total").begin()->second, 1);
}

TEST_F(MiddlewareRecords, CodesInGroupsWhereThatIsWanted)
{
    options.codes = code_labels::grouped;
    start();
    for (const unsigned status : {200U, 201U, 404U})
        exchange(*get, asking("GET"), status);
    const std::map<std::string, double> expected{{"method=get,handler=/accounts/{id},code=2xx", 2},
                                                 {"method=get,handler=/accounts/{id},code=4xx", 1}};
    EXPECT_EQ(values_of(*metrics, "http_requests_total"), expected);
}

TEST_F(MiddlewareRecords, NoMoreSeriesThanAreAllowed)
{
    options.most_series = 3; // the route itself, and two codes
    start();
    for (const unsigned status : {200U, 201U, 202U, 203U, 202U, 999U, 7U})
        exchange(*get, asking("GET"), status);
    const std::map<std::string, double> expected{{"method=get,handler=/accounts/{id},code=200", 1},
                                                 {"method=get,handler=/accounts/{id},code=201", 1},
                                                 {"method=get,handler=/accounts/{id},code=other", 5}};
    EXPECT_EQ(values_of(*metrics, "http_requests_total"), expected);
    EXPECT_EQ(values_of(*metrics, "http_metrics_dropped_series_total").begin()->second, 2); // 202 and 203
    exchange(*get, asking("GET"), 200);
    EXPECT_EQ(values_of(*metrics, "http_requests_total").begin()->second, 2);

    // A further route shares one recorder with all that are too many.
    const auto more = metrics->chain(route_of("More", "GET", "/more"));
    const auto most = metrics->chain(route_of("Most", "GET", "/most"));
    EXPECT_EQ(more.monitor, most.monitor);
    exchange(*more.monitor, asking("GET"));
    EXPECT_EQ(values_of(*metrics, "http_requests_total").at("method=get,handler=other,code=other"), 1);
}

TEST_F(MiddlewareRecords, UnheardOfMethodsAsOne)
{
    start();
    const auto router = metrics->chain(std::vector<proto_http::route>{});
    for (const auto* method : {"PURGE", "X", "BREW"})
        exchange(*router.unmatched(), asking(method), 501);
    exchange(*router.unmatched(), asking("POST"), 404);
    const auto values = values_of(*metrics, "http_requests_total");
    EXPECT_EQ(values.at("method=unknown,handler=unmatched,code=501"), 3);
    EXPECT_EQ(values.at("method=post,handler=unmatched,code=404"), 1);
}

TEST_F(MiddlewareRecords, ConstantLabelsOnEverySeries)
{
    options.constant_labels = {{"zone", "b"}};
    options.names = {naming::original, naming::promhttp, naming::otel};
    start();
    exchange(*get, asking("GET"));
    for (const auto& each : handed_over(*metrics).families)
        for (const auto& one : each.all)
            EXPECT_THAT(text_of(one.labels), HasSubstr("zone=b")) << each.head.name;
}

TEST_F(MiddlewareRecords, ByCodeWithTheNamesOfOpenTelemetry)
{
    options.names = {naming::otel};
    start();
    exchange(*get, asking("GET"));
    exchange(*get, asking("GET"), 500);
    exchange(*metrics->chain(std::vector<proto_http::route>{}).unmatched(), asking("PURGE"), 501);
    std::vector<std::string> labels;
    const handed_over seen(*metrics);
    for (const auto& one : seen.find("http_server_request_duration_seconds")->all)
        labels.push_back(text_of(one.labels));
    EXPECT_THAT(labels,
                UnorderedElementsAre(
                    "http_request_method=GET,http_response_status_code=200,http_route=/accounts/{id},url_scheme=http",
                    "http_request_method=GET,http_response_status_code=500,http_route=/accounts/{id},url_scheme=http",
                    "http_request_method=_OTHER,http_response_status_code=501,url_scheme=http"));
    EXPECT_THAT(names_of(*metrics), IsSupersetOf({"http_server_active_requests", "http_server_request_body_size_bytes",
                                                  "http_server_response_body_size_bytes"}));
}

TEST_F(MiddlewareRecords, BucketsOfARouteOfItsOwn)
{
    options.duration_buckets_of_route = {{"GetAccount", {0.001}}};
    start();
    const auto seen =
        value_of<histogram_value>(*metrics, "http_request_duration_seconds", "method=get,handler=/accounts/{id}")
            .value();
    ASSERT_EQ(seen.buckets.size(), 2U);
    EXPECT_EQ(seen.buckets[0].upper_bound, 0.001);
}

TEST_F(MiddlewareRecords, WhatServersOfOtherKindsSay)
{
    start();
    const auto own = metrics->record({.handler = "/orders", .name = "Order", .method = "POST"});
    own->answered(own->started(own->own_method(), 12, {}), 201, 34);
    own->abandoned(own->started(other_method, 0, {}));
    EXPECT_EQ(values_of(*metrics, "http_requests_total").at("method=post,handler=/orders,code=201"), 1);
    EXPECT_EQ(values_of(*metrics, "http_requests_aborted_total").at("method=unknown,handler=/orders"), 1);
    const auto labels = "method=post,handler=/orders";
    EXPECT_EQ(value_of<histogram_value>(*metrics, "http_request_size_bytes", labels)->sum, 12);
    EXPECT_EQ(value_of<histogram_value>(*metrics, "http_response_size_bytes", labels)->sum, 34);
}

// --- Exemplars ---

constexpr auto sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::vector<exemplar> exemplars_of(const middleware& metrics)
{
    std::vector<exemplar> found;
    const auto seen =
        value_of<histogram_value>(metrics, "http_request_duration_seconds", "method=get,handler=/accounts/{id}")
            .value();
    for (const auto& each : seen.buckets)
        if (each.example)
            found.push_back(*each.example);
    return found;
}

TEST_F(MiddlewareRecords, TheTraceOfARequestAsExemplar)
{
    start();
    exchange(*get, asking("GET", "", sampled));
    const auto found = exemplars_of(*metrics);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(text_of(found[0].labels), "trace_id=4bf92f3577b34da6a3ce929d0e0e4736,span_id=00f067aa0ba902b7");
    EXPECT_LT(found[0].value, 10);
    EXPECT_GT(found[0].unix_seconds, 1.7e9);
}

TEST_F(MiddlewareRecords, NoExemplarOfATraceThatNobodyKeeps)
{
    start();
    exchange(*get, asking("GET", "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
    EXPECT_THAT(exemplars_of(*metrics), IsEmpty());
}

TEST_F(MiddlewareRecords, AtMostOneExemplarInSoLong)
{
    options.exemplar_interval = 1h;
    start();
    exchange(*get, asking("GET", "", sampled));
    exchange(*get, asking("GET", "", "00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-01"));
    const auto found = exemplars_of(*metrics);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(text_of(found[0].labels), HasSubstr("4bf92f3577b34da6a3ce929d0e0e4736"));
}

TEST_F(MiddlewareRecords, NoExemplarsWhereNoneAreWanted)
{
    options.exemplar_interval = 0ms;
    start();
    exchange(*get, asking("GET", "", sampled));
    EXPECT_THAT(exemplars_of(*metrics), IsEmpty());
}

// --- prometheus-cpp ---

TEST(Middleware, LivesInAPrometheusCppExposer)
{
    const auto metrics = std::make_shared<middleware>();
    const auto get = metrics->chain(route_of("GetAccount", "GET", "/accounts/{id}"));
    exchange(*get.monitor, asking("GET"), 200, 42);
    std::map<std::string, prometheus::MetricFamily> families;
    for (auto& each : as_collectable(metrics).Collect())
        families[each.name] = each;
    const auto& summary = families.at("http_GetAccount").metric.at(1).summary;
    EXPECT_EQ(summary.sample_count, 1U);
    EXPECT_EQ(summary.sample_sum, 42);
    EXPECT_EQ(families.at("http_requests_total").metric.at(0).counter.value, 1);
    EXPECT_EQ(families.at("http_request_duration_seconds").metric.at(0).histogram.sample_count, 1U);
}

// --- On a server ---

struct ServedMiddleware : testing::Test {
    asio::io_context io{1};
    middleware metrics;
    bool is_released = false;
    std::optional<proto_http::server> serving;
    std::optional<support::running<void>> service;
    proto_http::address where;

    void start(proto_http::server_limits limits = {})
    {
        limits.body_bytes = 1'000;
        auto slow = route_of("Slow", "GET", "/slow");
        slow.handler = [this](request asked) { return answer_slowly(std::move(asked)); };
        auto failing = route_of("Fail", "GET", "/fail");
        failing.handler = [](request) -> asio::awaitable<reply> {
            throw std::runtime_error("no such luck");
            co_return reply{};
        };
        serving.emplace(
            metrics.chain({route_of("Length", "GET", "/length/{bytes}"), route_of("Store", "POST", "/length/{bytes}"),
                           route_of("Health", "GET", "/health/{bytes}", false), std::move(slow), std::move(failing)}),
            limits);
        auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
        where = proto_http::tcp_address{"127.0.0.1", on.port()};
        service.emplace(io, serving->serve(std::move(on)));
    }

    asio::awaitable<reply> answer_slowly(request)
    {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        while (!is_released) {
            timer.expires_after(1ms);
            co_await timer.async_wait(proto_http::use_result);
        }
        co_return reply{};
    }

    void exchange(std::string head, std::string body = "")
    {
        support::raw_client peer(io);
        auto bytes = std::move(head) +
                     " HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body;
        (void)support::run(io, peer.exchange(where, std::move(bytes)));
    }

    double requests(const std::string& labels) { return values_of(metrics, "http_requests_total")[labels]; }
    double aborted(const std::string& handler)
    {
        return values_of(metrics, "http_requests_aborted_total")["method=get,handler=" + handler];
    }
};

TEST_F(ServedMiddleware, CountsWhatTheServerAnswers)
{
    start();
    exchange("GET /length/50");
    exchange("HEAD /length/50");
    exchange("POST /length/3", "body");
    exchange("GET /health/2");
    exchange("GET /fail");
    exchange("GET /nowhere");
    exchange("PUT /length/3");
    exchange("BREW /length/3");
    exchange("GET /bad path");
    const std::map<std::string, double> expected{
        {"method=get,handler=/length/{bytes},code=200", 1},  {"method=head,handler=/length/{bytes},code=200", 1},
        {"method=post,handler=/length/{bytes},code=200", 1}, {"method=get,handler=/fail,code=500", 1},
        {"method=get,handler=unmatched,code=404", 1},        {"method=put,handler=unmatched,code=405", 1},
        {"method=unknown,handler=unmatched,code=501", 1},    {"method=unknown,handler=unmatched,code=400", 1}};
    EXPECT_EQ(values_of(metrics, "http_requests_total"), expected);
    const auto sizes = [&](const std::string& name, const std::string& method) {
        return value_of<histogram_value>(metrics, name, "method=" + method + ",handler=/length/{bytes}").value().sum;
    };
    EXPECT_EQ(sizes("http_response_size_bytes", "get"), 50);
    EXPECT_EQ(sizes("http_response_size_bytes", "head"), 0);
    EXPECT_EQ(sizes("http_request_size_bytes", "post"), 4);
}

TEST_F(ServedMiddleware, ARequestThatIsCancelledIsAborted)
{
    proto_http::server_limits limits;
    limits.drain = 1ms;
    start(limits);
    support::raw_client peer(io);
    support::run(io, peer.connect(where));
    support::run(io, peer.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n"));
    const auto in_flight = [&] { return values_of(metrics, "http_requests_in_flight")["method=get,handler=/slow"]; };
    ASSERT_TRUE(support::run_until(io, [&] { return in_flight() == 1; }));
    service->cancel();
    service->get();
    EXPECT_EQ(in_flight(), 0);
    EXPECT_EQ(aborted("/slow"), 1);
    EXPECT_THAT(values_of(metrics, "http_requests_total"), IsEmpty());
}

TEST_F(ServedMiddleware, AnAnswerThatNobodyTakesIsAbortedToo)
{
    start();
    {
        support::raw_client peer(io);
        support::run(io, peer.connect(where));
        // Far more than the kernel takes for a peer that does not read.
        support::run(io, peer.send("GET /length/50000000 HTTP/1.1\r\nHost: test\r\n\r\n"));
        ASSERT_TRUE(
            support::run_until(io, [&] { return requests("method=get,handler=/length/{bytes},code=200") == 1; }));
        EXPECT_EQ(aborted("/length/{bytes}"), 0);
    }
    EXPECT_TRUE(support::run_until(io, [&] { return aborted("/length/{bytes}") == 1; }));
}

TEST(Middleware, MayEndBeforeTheRouterThatItMade)
{
    auto metrics = std::make_unique<middleware>();
    const auto router = metrics->chain(std::vector{route_of("Length", "GET", "/length/{bytes}")});
    metrics.reset();
    auto* monitor = router.find("GET", "/length/1").monitor;
    ASSERT_NE(monitor, nullptr);
    exchange(*monitor, asking("GET"));
    exchange(*router.unmatched(), asking("GET"));
}

} // namespace
} // namespace http_metrics
