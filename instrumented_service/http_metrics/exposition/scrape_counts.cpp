#include "instrumented_service/http_metrics/exposition/scrape_counts.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http_metrics {
namespace {

constexpr std::array<std::string_view, 3> causes{"gathering", "duplicate", "deadline"};

double number(std::uint64_t count)
{
    return static_cast<double>(count);
}

ready_family single(std::string name, std::string help, metric_type type, decltype(series::value) value,
                    std::string unit = "")
{
    ready_family made{{std::move(name), std::move(help), type, std::move(unit)}, {}};
    made.all.push_back({{}, std::move(value)});
    return made;
}

} // namespace

void scrape_counts::answered(unsigned status, std::size_t body_bytes) noexcept
{
    const auto* const found = std::ranges::find(statuses, status);
    if (found != statuses.end())
        ++requests_[static_cast<std::size_t>(found - statuses.begin())];
    body_bytes_ += body_bytes;
}

void scrape_counts::rendered(std::chrono::duration<double> took, std::chrono::duration<double> longest_slice) noexcept
{
    const auto* const bound = std::ranges::lower_bound(bounds, took.count());
    ++renderings_[static_cast<std::size_t>(bound - bounds.begin())];
    render_seconds_ += took.count();
    longest_slice_seconds_ = longest_slice.count();
}

std::unique_ptr<metric_reading> scrape_counts::read() const
{
    ready_family requests{{"promhttp_metric_handler_requests_total", "Total number of scrapes by HTTP status code.",
                           metric_type::counter},
                          {}};
    for (std::size_t at = 0; at < statuses.size(); ++at)
        requests.all.push_back({{{"code", std::to_string(statuses[at])}}, counter_value{number(requests_[at])}});

    ready_family errors{{"promhttp_metric_handler_errors_total",
                         "Total number of internal errors encountered by the metric handler.", metric_type::counter},
                        {}};
    for (std::size_t at = 0; at < causes.size(); ++at)
        errors.all.push_back({{{"cause", std::string(causes[at])}}, counter_value{number(errors_[at])}});

    histogram_value durations;
    durations.sum = render_seconds_;
    for (std::size_t at = 0; at < renderings_.size(); ++at) {
        durations.count += renderings_[at];
        const auto bound = at < bounds.size() ? bounds[at] : std::numeric_limits<double>::infinity();
        durations.buckets.push_back({bound, durations.count});
    }

    std::vector<ready_family> all;
    all.push_back(std::move(requests));
    all.push_back(single("promhttp_metric_handler_requests_in_flight", "Current number of scrapes being served.",
                         metric_type::gauge, gauge_value{number(in_flight_)}));
    all.push_back(std::move(errors));
    all.push_back(single("scrape_page_render_duration_seconds",
                         "Time from the start of a rendering to its last byte, pauses included.",
                         metric_type::histogram, std::move(durations), "seconds"));
    all.push_back(single("scrape_page_longest_slice_seconds",
                         "Longest time for which the last rendering held the reactor.", metric_type::gauge,
                         gauge_value{longest_slice_seconds_}, "seconds"));
    all.push_back(single("scrape_page_response_bytes_total", "Bytes of the bodies answered, as they were sent.",
                         metric_type::counter, counter_value{number(body_bytes_)}, "bytes"));
    return std::make_unique<ready_reading>(std::move(all));
}

} // namespace http_metrics
