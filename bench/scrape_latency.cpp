// What a scrape costs everybody else: latencies of small requests while nobody scrapes and while the metrics of very
// many routes are scraped once a second, in turns. As wrk does it: a request is at work on each connection all the
// time.

#include "bench/loopback_load.hpp"
#include "instrumented_service/http_metrics/exposition/scrape.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"
#include "proto_http/server.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct options {
    std::size_t routes = 230;
    std::size_t connections = 32;
    int seconds = 5;
    int turns = 6;
    int slice_us = 0;
    bool gzip = true;
};

asio::awaitable<proto_http::reply> trivial(proto_http::request)
{
    proto_http::reply answer;
    answer.body = "{\"id\":\"10000\"}";
    co_return answer;
}

/// One whole scrape on a connection of its own.
///
/// @return the answer, head and all
std::string scrape(std::uint16_t port, bool gzip)
{
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string text = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (gzip)
        text += "Accept-Encoding: gzip\r\n";
    text += "\r\n";
    std::string answer;
    if (::connect(peer, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
        ::send(peer, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
        std::vector<char> buffer(256 * 1024);
        for (ssize_t size = 1; size > 0;
             answer.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))))
            size = ::recv(peer, buffer.data(), buffer.size(), 0);
    }
    ::close(peer);
    return answer;
}

/// In nanoseconds.
std::vector<double> latencies(bench::loopback_load& load, std::chrono::seconds span)
{
    std::vector<double> seen;
    for (const auto took : load.keep_busy(span))
        seen.push_back(static_cast<double>(took.count()));
    return seen;
}

double quantile(std::vector<double>& values, double which)
{
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(which * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at / 1'000;
}

void print(const char* name, std::vector<double> values)
{
    std::printf("%-16s", name);
    for (const double which : {0.5, 0.9, 0.99, 0.999})
        std::printf("%10.1f", quantile(values, which));
    std::printf("%10.1f\n", quantile(values, 1));
}

void measure(std::uint16_t port, const options& wanted)
{
    bench::loopback_load load(port, wanted.connections, "/accounts/10000");
    for (std::size_t route = 0; route < wanted.routes; ++route)
        bench::loopback_load(port, 1, "/route" + std::to_string(route) + "/1").round();
    std::printf("%zu routes, a scrape of %zu bytes%s\n", wanted.routes, scrape(port, wanted.gzip).size(),
                wanted.gzip ? " compressed" : "");

    std::vector<double> alone;
    std::vector<double> scraped;
    std::vector<double> scrapes;
    for (int turn = 0; turn < wanted.turns; ++turn) {
        for (const bool with : {turn % 2 != 0, turn % 2 == 0}) {
            std::atomic<bool> is_over = !with;
            std::thread scraper([&] {
                for (auto due = steady::now(); !is_over; due += 1s) {
                    const auto from = steady::now();
                    (void)scrape(port, wanted.gzip);
                    scrapes.push_back(static_cast<double>(std::chrono::nanoseconds(steady::now() - from).count()));
                    std::this_thread::sleep_until(due + 1s);
                }
            });
            const auto seen = latencies(load, std::chrono::seconds(wanted.seconds));
            is_over = true;
            scraper.join();
            auto& all = with ? scraped : alone;
            all.insert(all.end(), seen.begin(), seen.end());
        }
    }
    std::printf("%-16s%10s%10s%10s%10s%10s   us\n", "", "p50", "p90", "p99", "p99.9", "max");
    print("nobody scrapes", alone);
    print("scraped each 1 s", scraped);
    print("(a scrape)", scrapes);
    constexpr std::string_view longest = "\nscrape_page_longest_slice_seconds ";
    const auto page = scrape(port, false);
    const auto at = page.find(longest) + longest.size();
    std::printf("longest that the last but one scrape held the reactor: %s s\n", page.substr(at, page.find('\n', at) - at).c_str());
    std::printf("p99 with scrapes : without = %.3f\n", quantile(scraped, 0.99) / quantile(alone, 0.99));
}

} // namespace

int main(int argc, char** argv)
{
    options wanted;
    CLI::App app{"What a scrape costs everybody else."};
    app.add_option("--routes", wanted.routes, "Each has 45 series")->capture_default_str();
    app.add_option("--connections", wanted.connections)->capture_default_str();
    app.add_option("--seconds", wanted.seconds, "Of each turn")->capture_default_str();
    app.add_option("--turns", wanted.turns)->capture_default_str();
    app.add_option("--slice-us", wanted.slice_us, "How long rendering may hold the reactor; 0: as by default");
    app.add_flag("--gzip,!--no-gzip", wanted.gzip)->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    http_metrics::middleware_options options;
    options.service = "bench";
    options.most_series = 10 * wanted.routes + 100;
    http_metrics::middleware metrics(std::move(options));
    http_metrics::scrape_options how;
    if (wanted.slice_us > 0)
        how.slice = std::chrono::microseconds(wanted.slice_us);
    const http_metrics::scrape_page page({{http_metrics::unowned(metrics)}}, how);

    std::vector<proto_http::route> routes{{"GetAccount", "GET", "/accounts/{accountId}", trivial},
                                          {"Metrics", "GET", "/metrics", page.handler(), false}};
    for (std::size_t number = 0; number < wanted.routes; ++number)
        routes.push_back(
            {"Route" + std::to_string(number), "GET", "/route" + std::to_string(number) + "/{id}", trivial});
    proto_http::server server(metrics.chain(std::move(routes)));

    asio::io_context io{1};
    auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    const auto port = on.port();
    asio::co_spawn(io, server.serve(std::move(on)), asio::detached);
    std::thread reactor([&io] { io.run(); });
    int status = 0;
    try {
        measure(port, wanted);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "scrape_latency: %s\n", problem.what());
        status = 1;
    }
    io.stop();
    reactor.join();
    return status;
}
