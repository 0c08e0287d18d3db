// What instrumenting costs per request, side by side: our middleware, and the same recordings by prometheus-cpp.
//
// One iteration is one request. Durations and sizes are lognormal, the same for everybody: each reads the clock twice,
// and records a duration that is drawn, not the few nanoseconds that have passed.

#include "instrumented_service/http_metrics/exposition/text_writer.hpp"
#include "instrumented_service/http_metrics/middleware.hpp"

#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace {

std::atomic<std::uint64_t> allocations = 0;

} // namespace

// Every allocation of the program is counted.
void* operator new(std::size_t bytes)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(bytes)) // NOLINT(cppcoreguidelines-no-malloc)
        return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept
{
    std::free(memory); // NOLINT(cppcoreguidelines-no-malloc)
}

void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory); // NOLINT(cppcoreguidelines-no-malloc)
}

namespace {

using http_metrics::clock_choice;
using http_metrics::naming;

// --- Traffic ---

struct sample {
    std::uint64_t duration_ns;
    std::uint64_t request_bytes;
    std::uint64_t response_bytes;
};

/// A power of two of them, so that going round costs nothing.
constexpr std::size_t samples = 1 << 14;

const std::vector<sample>& traffic()
{
    static const auto drawn = [] {
        std::mt19937_64 random(20'251'125); // NOLINT(cert-msc51-cpp): the same in every run
        std::lognormal_distribution<double> milliseconds(1.0, 1.0);
        std::lognormal_distribution<double> bytes(6.0, 1.5);
        std::vector<sample> all;
        for (std::size_t number = 0; number < samples; ++number)
            all.push_back({static_cast<std::uint64_t>(milliseconds(random) * 1e6),
                           static_cast<std::uint64_t>(bytes(random)), static_cast<std::uint64_t>(bytes(random))});
        return all;
    }();
    return drawn;
}

/// Reports allocations per iteration.
class allocation_count {
public:
    explicit allocation_count(benchmark::State& state) : state_(&state), before_(allocations) {}
    ~allocation_count()
    {
        const auto made = static_cast<double>(allocations - before_);
        state_->counters["allocations"] = made / static_cast<double>(state_->iterations());
    }
    allocation_count(const allocation_count&) = delete;
    allocation_count& operator=(const allocation_count&) = delete;

private:
    benchmark::State* state_;
    std::uint64_t before_;
};

// --- The floor ---

void two_clock_reads(benchmark::State& state, clock_choice choice)
{
    const http_metrics::tick_clock clock(choice);
    for (auto _ : state) {
        const auto from = clock.now();
        benchmark::DoNotOptimize(from);
        benchmark::DoNotOptimize(clock.now());
    }
}
BENCHMARK_CAPTURE(two_clock_reads, tsc, clock_choice::tsc);
BENCHMARK_CAPTURE(two_clock_reads, steady, clock_choice::steady);

// --- Ours ---

/// Routes as a service has them, told of requests as the server tells them.
class instrumented {
public:
    explicit instrumented(clock_choice choice, std::size_t routes = 1,
                          std::vector<naming> names = {naming::original, naming::promhttp})
        : metrics_(options(choice, routes, std::move(names)))
    {
        for (std::size_t number = 0; number < routes; ++number) {
            proto_http::route plain;
            plain.name = "Route" + std::to_string(number);
            plain.method = "GET";
            plain.pattern = "/" + std::to_string(number) + "/{id}";
            monitors_.push_back(metrics_.chain(std::move(plain)).monitor);
        }
        asked_.method = "GET";
        asked_.fields = {{"Host", "localhost:6767"}, {"User-Agent", "wrk"}, {"Accept", "*/*"}};
    }

    void request(std::size_t number, std::size_t route = 0)
    {
        const auto& one = traffic()[number % samples];
        auto& monitor = *monitors_[route];
        auto start = monitor.started(asked_);
        benchmark::DoNotOptimize(start);
        start.ticks -= one.duration_ns; // near enough, in ticks of either clock
        start.request_bytes = one.request_bytes;
        monitor.answered(start, 200, one.response_bytes);
    }

    [[nodiscard]] const http_metrics::middleware& metrics() const { return metrics_; }

private:
    static http_metrics::middleware_options options(clock_choice choice, std::size_t routes, std::vector<naming> names)
    {
        http_metrics::middleware_options wanted;
        wanted.service = "bench";
        wanted.names = std::move(names);
        wanted.clock = choice;
        wanted.most_series = 10 * routes;
        return wanted;
    }

    http_metrics::middleware metrics_;
    std::vector<std::shared_ptr<proto_http::request_monitor>> monitors_;
    proto_http::request asked_;
};

void middleware(benchmark::State& state, clock_choice choice)
{
    instrumented service(choice);
    service.request(0);
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state)
        service.request(number++);
}
BENCHMARK_CAPTURE(middleware, tsc, clock_choice::tsc);
BENCHMARK_CAPTURE(middleware, steady, clock_choice::steady);

/// With so many observations in the window.
void middleware_window(benchmark::State& state)
{
    instrumented service(clock_choice::automatic);
    for (std::int64_t number = 0; number < state.range(0); ++number)
        service.request(static_cast<std::size_t>(number));
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state)
        service.request(number++);
}
BENCHMARK(middleware_window)->Arg(10'000)->Arg(1'000'000)->Arg(3'000'000);

/// Over so many routes at random: nothing is in the nearest cache.
void middleware_routes(benchmark::State& state)
{
    const auto routes = static_cast<std::size_t>(state.range(0));
    instrumented service(clock_choice::automatic, routes);
    std::mt19937_64 random(1); // NOLINT(cert-msc51-cpp)
    std::vector<std::size_t> order;
    for (std::size_t number = 0; number < samples; ++number)
        order.push_back(random() % routes);
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state) {
        service.request(number, order[number % samples]);
        ++number;
    }
}
BENCHMARK(middleware_routes)->Arg(10)->Arg(1'000);

void middleware_names(benchmark::State& state, naming only)
{
    instrumented service(clock_choice::automatic, 1, {only});
    service.request(0);
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state)
        service.request(number++);
}
BENCHMARK_CAPTURE(middleware_names, original, naming::original);
BENCHMARK_CAPTURE(middleware_names, promhttp, naming::promhttp);
BENCHMARK_CAPTURE(middleware_names, otel, naming::otel);

/// The text of a scrape of so many routes, each with 100 observations in its window; time per route, which has 45
/// series.
void middleware_scrape(benchmark::State& state)
{
    const auto routes = static_cast<std::size_t>(state.range(0));
    instrumented service(clock_choice::automatic, routes);
    for (std::size_t number = 0; number < 100 * routes; ++number)
        service.request(number, number % routes);
    for (auto _ : state) {
        std::string text;
        http_metrics::text_writer writer(text);
        const auto reading = service.metrics().read();
        while (reading->next(writer)) {
        }
        benchmark::DoNotOptimize(text);
        state.counters["bytes"] = static_cast<double>(text.size());
    }
    state.counters["route_ns"] =
        benchmark::Counter(static_cast<double>(routes) * static_cast<double>(state.iterations()) * 1e-9,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(middleware_scrape)->Arg(10)->Arg(230)->Arg(1'000);

// --- prometheus-cpp ---

using steady = std::chrono::steady_clock;

double seconds(steady::time_point from, steady::time_point to, const sample& one)
{
    const auto passed = (to - from) + std::chrono::nanoseconds(one.duration_ns);
    return std::chrono::duration<double>(passed).count();
}

/// Every series is there beforehand: nothing is looked up by name. The same recordings as ours.
void prometheus_cpp_histograms(benchmark::State& state)
{
    prometheus::Registry registry;
    const prometheus::Labels labels{{"handler", "/{id}"}, {"method", "get"}};
    const auto& durations = http_metrics::usual_duration_buckets();
    const auto& sizes = http_metrics::usual_size_buckets();
    auto& duration = prometheus::BuildHistogram().Name("duration").Register(registry).Add(labels, durations);
    auto& request_size = prometheus::BuildHistogram().Name("request_size").Register(registry).Add(labels, sizes);
    auto& response_size = prometheus::BuildHistogram().Name("response_size").Register(registry).Add(labels, sizes);
    auto& requests = prometheus::BuildCounter().Name("requests").Register(registry).Add(labels);
    auto& in_flight = prometheus::BuildGauge().Name("in_flight").Register(registry).Add(labels);
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state) {
        const auto& one = traffic()[number++ % samples];
        in_flight.Increment();
        const auto from = steady::now();
        benchmark::DoNotOptimize(from);
        const auto to = steady::now();
        in_flight.Decrement();
        requests.Increment();
        duration.Observe(seconds(from, to, one));
        request_size.Observe(static_cast<double>(one.request_bytes));
        response_size.Observe(static_cast<double>(one.response_bytes));
    }
}
BENCHMARK(prometheus_cpp_histograms);

/// What the original records, a duration and a size, with so many observations of each in the window.
void prometheus_cpp_summary(benchmark::State& state)
{
    // Filling takes seconds: once for each number.
    struct summaries {
        prometheus::Registry registry;
        prometheus::Summary* duration;
        prometheus::Summary* size;
    };
    static std::map<std::int64_t, std::unique_ptr<summaries>> filled;
    auto& here = filled[state.range(0)];
    if (!here) {
        here = std::make_unique<summaries>();
        auto& family = prometheus::BuildSummary().Name("GetAccount").Register(here->registry);
        const prometheus::Summary::Quantiles quantiles{{0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}};
        // Nothing leaves the window while this runs.
        here->duration = &family.Add({{"service", "duration"}}, quantiles, std::chrono::hours(10));
        here->size = &family.Add({{"service", "size"}}, quantiles, std::chrono::hours(10));
        for (std::int64_t number = 0; number < state.range(0); ++number) {
            const auto& one = traffic()[static_cast<std::size_t>(number) % samples];
            here->duration->Observe(static_cast<double>(one.duration_ns) * 1e-9);
            here->size->Observe(static_cast<double>(one.response_bytes));
        }
    }
    std::size_t number = 0;
    const allocation_count count(state);
    for (auto _ : state) {
        const auto& one = traffic()[number++ % samples];
        const auto from = steady::now();
        benchmark::DoNotOptimize(from);
        const auto to = steady::now();
        here->duration->Observe(seconds(from, to, one));
        here->size->Observe(static_cast<double>(one.response_bytes));
    }
}
// A fixed number of requests: more would fill the window further.
BENCHMARK(prometheus_cpp_summary)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Iterations(2'000);

} // namespace
