// What the middleware costs in a running service: CPU time of the server's thread per request of a trivial JSON answer,
// with and without. Servers that differ in nothing else take turns within one process, 20 ms each, there and back again
// (A B C D D C B A), so that whatever else the machine does meets them alike. Two of them are the same: the control.

#include "bench/loopback_load.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"
#include "proto_http/server.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace {

namespace asio = boost::asio;
using http_metrics::clock_choice;
using namespace std::chrono_literals;

asio::awaitable<proto_http::reply> trivial(proto_http::request)
{
    proto_http::reply answer;
    answer.content_type = "application/json";
    answer.body = R"({"id":"10000","name":"Person 0","servedBy":"127.0.0.1","quote":{"quote":"To be or not to be",)"
                  R"("language":"en"},"events":[]})";
    co_return answer;
}

/// A server with one route, with or without metrics.
class arm {
public:
    arm(asio::io_context& io, std::string name, std::optional<clock_choice> clock) : name_(std::move(name))
    {
        proto_http::route plain{"GetAccount", "GET", "/accounts/{accountId}", trivial};
        plain.monitored = clock.has_value();
        http_metrics::middleware_options options;
        options.service = "bench";
        options.clock = clock.value_or(clock_choice::steady);
        metrics_.emplace(std::move(options));
        server_.emplace(metrics_->chain(std::vector{std::move(plain)}));
        auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
        port_ = on.port();
        asio::co_spawn(io, server_->serve(std::move(on)), asio::detached);
    }

    void connect(std::size_t connections) { load_.emplace(port_, connections, "/accounts/10000"); }
    [[nodiscard]] bench::loopback_load& load() { return *load_; }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_;
    std::optional<http_metrics::middleware> metrics_;
    std::optional<proto_http::server> server_;
    std::uint16_t port_ = 0;
    std::optional<bench::loopback_load> load_;
};

class cpu_clock {
public:
    explicit cpu_clock(std::thread& of) { ::pthread_getcpuclockid(of.native_handle(), &id_); }

    [[nodiscard]] double nanoseconds() const
    {
        timespec now{};
        ::clock_gettime(id_, &now);
        return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
    }

private:
    clockid_t id_{};
};

/// CPU nanoseconds per request.
double slice(arm& of, const cpu_clock& server, std::chrono::milliseconds span)
{
    const auto end = std::chrono::steady_clock::now() + span;
    const auto before = server.nanoseconds();
    std::size_t requests = 0;
    while (std::chrono::steady_clock::now() < end) {
        of.load().round();
        requests += of.load().connections();
    }
    return (server.nanoseconds() - before) / static_cast<double>(requests);
}

/// The mean of the middle half.
double midmean(std::vector<double> values)
{
    std::ranges::sort(values);
    const auto quarter = static_cast<std::ptrdiff_t>(values.size() / 4);
    const std::vector<double> middle(values.begin() + quarter, values.end() - quarter);
    return std::accumulate(middle.begin(), middle.end(), 0.0) / static_cast<double>(middle.size());
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

struct options {
    int blocks = 8;
    int turns = 40;
    int slice_ms = 20;
    std::size_t connections = 32;
};

void measure(std::vector<std::unique_ptr<arm>>& arms, const cpu_clock& server, const options& wanted)
{
    const std::chrono::milliseconds span(wanted.slice_ms);
    for (auto& each : arms)
        (void)slice(*each, server, 500ms); // until everything is warm
    std::printf("CPU ns per request of the server, and what is more than \"%s\" (midmeans of %d turns)\n%8s",
                arms.front()->name().c_str(), wanted.turns, arms.front()->name().c_str());
    for (std::size_t which = 1; which < arms.size(); ++which)
        std::printf("%22s", arms[which]->name().c_str());
    std::printf("\n");

    std::vector<std::vector<double>> of_blocks(arms.size());
    for (int block = 0; block < wanted.blocks; ++block) {
        std::vector<std::vector<double>> deltas(arms.size());
        std::vector<double> bare;
        for (int turn = 0; turn < wanted.turns; ++turn) {
            std::vector<double> costs(arms.size());
            for (std::size_t which = 0; which < arms.size(); ++which)
                costs[which] += slice(*arms[which], server, span) / 2;
            for (std::size_t which = arms.size(); which-- > 0;)
                costs[which] += slice(*arms[which], server, span) / 2;
            bare.push_back(costs.front());
            for (std::size_t which = 1; which < arms.size(); ++which)
                deltas[which].push_back(costs[which] - costs.front());
        }
        const auto level = midmean(bare);
        of_blocks[0].push_back(level);
        std::printf("%8.0f", level);
        for (std::size_t which = 1; which < arms.size(); ++which) {
            const auto more = midmean(deltas[which]);
            of_blocks[which].push_back(more);
            std::printf("%+12.0f (%+5.2f %%)", more, 100 * more / level);
        }
        std::printf("\n");
        std::fflush(stdout);
    }
    const auto level = median(of_blocks[0]);
    std::printf("\n%8.0f", level);
    for (std::size_t which = 1; which < arms.size(); ++which)
        std::printf("%+12.0f (%+5.2f %%)", median(of_blocks[which]), 100 * median(of_blocks[which]) / level);
    std::printf("   median of the blocks\n");
}

} // namespace

int main(int argc, char** argv)
{
    options wanted;
    CLI::App app{"What the middleware costs in a running service."};
    app.add_option("--blocks", wanted.blocks)->capture_default_str();
    app.add_option("--turns", wanted.turns, "Turns of each block")->capture_default_str();
    app.add_option("--slice-ms", wanted.slice_ms)->capture_default_str();
    app.add_option("--connections", wanted.connections)->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    asio::io_context io{1};
    std::vector<std::unique_ptr<arm>> arms;
    arms.push_back(std::make_unique<arm>(io, "bare", std::nullopt));
    arms.push_back(std::make_unique<arm>(io, "bare again (control)", std::nullopt));
    arms.push_back(std::make_unique<arm>(io, "middleware, tsc", clock_choice::tsc));
    arms.push_back(std::make_unique<arm>(io, "middleware, steady", clock_choice::steady));

    auto at_work = asio::make_work_guard(io);
    std::thread server([&io] { io.run(); });
    int status = 0;
    try {
        for (auto& each : arms)
            each->connect(wanted.connections);
        measure(arms, cpu_clock(server), wanted);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "request_overhead: %s\n", problem.what());
        status = 1;
    }
    io.stop();
    server.join();
    return status;
}
