#include "instrumented_service/http_metrics/middleware.hpp"

#include "instrumented_service/http_metrics/metric_name.hpp"
#include "instrumented_service/http_metrics/recording/route_families.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace http_metrics {
namespace {

// What these are called in every naming; a path could not look like this.
constexpr const char* unmatched_handler = "unmatched";
constexpr const char* overflow_handler = "other";

constexpr std::array<std::string_view, 11> own_labels{"service",
                                                      "quantile",
                                                      "le",
                                                      "method",
                                                      "handler",
                                                      "code",
                                                      "http_request_method",
                                                      "http_response_status_code",
                                                      "http_route",
                                                      "url_scheme",
                                                      "source"};

void check(const middleware_options& options)
{
    if (!is_metric_name(options.service))
        throw std::invalid_argument("service: \"" + options.service + "\" cannot begin a metric's name");
    for (const auto& [name, value] : options.constant_labels) {
        if (!is_label_name(name))
            throw std::invalid_argument("constant label: \"" + name + "\" is no label name");
        if (std::ranges::find(own_labels, name) != own_labels.end())
            throw std::invalid_argument("constant label: \"" + name + "\" has a meaning here already");
    }
    for (const auto which : options.quantiles)
        if (!(which >= 0 && which <= 1))
            throw std::invalid_argument("quantile " + std::to_string(which) + " is not between 0 and 1");
    if (options.window_slices == 0 || options.window_slices > 60)
        throw std::invalid_argument("the window has 1 to 60 slices");
    if (options.window < std::chrono::seconds(1))
        throw std::invalid_argument("the window is shorter than 1 s");
}

std::shared_ptr<recording> recording_of(const middleware_options& options)
{
    const tick_clock clock(options.clock);
    const auto slice = std::chrono::nanoseconds(options.window) / static_cast<std::int64_t>(options.window_slices);
    const auto wants = [&](naming one) { return std::ranges::find(options.names, one) != options.names.end(); };
    return std::shared_ptr<recording>(new recording{
        .clock = clock,
        .window = {clock.now(), clock.ticks(slice)},
        .slices = wants(naming::original) ? options.window_slices : 1,
        .by_code = wants(naming::otel),
        .exemplar_ticks = clock.ticks(options.exemplar_interval),
        .series_left = options.most_series,
    });
}

} // namespace

std::vector<double> usual_duration_buckets()
{
    return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> otel_duration_buckets()
{
    return {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
}

std::vector<double> usual_size_buckets()
{
    return {100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
}

struct middleware::state {
    explicit state(middleware_options wanted)
        : options((check(wanted), std::move(wanted))),
          in(recording_of(options)),
          sizes(std::make_shared<buckets>(options.size_buckets, 1))
    {
    }

    std::shared_ptr<const buckets> durations_of(const std::string& route)
    {
        const auto own = options.duration_buckets_of_route.find(route);
        const auto& list = own == options.duration_buckets_of_route.end() ? options.duration_buckets : own->second;
        auto& known = durations[list];
        if (!known)
            known = std::make_shared<buckets>(list, duration_unit);
        return known;
    }

    std::shared_ptr<recorder> make(recorder::identity self)
    {
        auto its_durations = durations_of(self.name);
        recorders.push_back(std::make_shared<recorder>(in, std::move(self), std::move(its_durations), sizes));
        return recorders.back();
    }

    middleware_options options;
    std::shared_ptr<recording> in;
    std::shared_ptr<const buckets> sizes;
    std::map<std::vector<double>, std::shared_ptr<const buckets>> durations; ///< by their bounds
    std::vector<std::shared_ptr<recorder>> recorders;
    std::shared_ptr<recorder> unmatched;
    std::shared_ptr<recorder> overflow;
};

middleware::middleware(middleware_options options) : state_(std::make_unique<state>(std::move(options)))
{
    (void)state_->durations_of({});
    for (const auto& [route, list] : state_->options.duration_buckets_of_route)
        (void)state_->durations_of(route); // so that bad ones are refused here
}

middleware::~middleware() = default;

std::shared_ptr<recorder> middleware::record(recorder::identity self)
{
    if (state_->in->admits_series())
        return state_->make(std::move(self));
    if (!state_->overflow)
        state_->overflow = state_->make({.handler = overflow_handler, .name = {}, .method = {}});
    return state_->overflow;
}

proto_http::route middleware::chain(proto_http::route plain)
{
    if (!plain.monitored)
        return plain;
    const auto& names = state_->options.names;
    if (std::ranges::find(names, naming::original) != names.end()) {
        if (!is_metric_name("_" + plain.name))
            throw std::invalid_argument("route \"" + plain.name + "\": its name cannot be part of a metric's name");
        const auto has_name = [&](const auto& other) { return other->self().name == plain.name; };
        if (std::ranges::any_of(state_->recorders, has_name))
            throw std::invalid_argument("route \"" + plain.name + "\": another route has that name");
    }
    plain.monitor = record({.handler = plain.pattern, .name = plain.name, .method = plain.method});
    return plain;
}

proto_http::router middleware::chain(std::vector<proto_http::route> plain)
{
    for (auto& each : plain)
        each = chain(std::move(each));
    if (!state_->unmatched)
        state_->unmatched = record({.handler = unmatched_handler, .name = {}, .method = {}});
    return proto_http::router(std::move(plain), state_->unmatched);
}

const tick_clock& middleware::clock() const noexcept
{
    return state_->in->clock;
}

std::unique_ptr<metric_reading> middleware::read() const
{
    return read_families({.options = &state_->options, .in = state_->in.get(), .recorders = &state_->recorders});
}

} // namespace http_metrics
