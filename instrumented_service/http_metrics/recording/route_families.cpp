#include "instrumented_service/http_metrics/recording/route_families.hpp"

#include "instrumented_service/http_metrics/recording/single_writer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <utility>

namespace http_metrics {
namespace {

using single_writer::read;

/// One recorder's requests with one method.
struct row {
    const recorded* from;
    const recorder* of;
    std::size_t method;
    const method_cells* cells;

    [[nodiscard]] label_list labels(std::initializer_list<label> own) const
    {
        label_list all(own);
        std::erase_if(all, [](const label& one) { return one.second.empty(); });
        const auto& constant = from->options->constant_labels;
        all.insert(all.end(), constant.begin(), constant.end());
        return all;
    }
};

/// Hands over a row's series of one family.
using add_series = void (*)(const row&, metric_sink&);

struct family_plan {
    family head;
    add_series add;
    const recorder* only = nullptr; ///< the only recorder that has it; nobody: all have
};

// --- Codes ---

std::string code_label(std::size_t number)
{
    return std::to_string(number + method_cells::first_code);
}

std::string group_label(std::size_t number)
{
    return std::to_string((number + method_cells::first_code) / 100) + "xx";
}

/// Codes that were answered, or their groups, with how often.
std::vector<std::pair<std::string, std::uint64_t>> code_counts(const row& one)
{
    const bool grouped = one.from->options->codes == code_labels::grouped;
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    for (std::size_t number = 0; number < method_cells::codes_told_apart; ++number) {
        const auto count = read(one.cells->codes[number]);
        if (count == 0)
            continue;
        auto name = grouped ? group_label(number) : code_label(number);
        if (!counts.empty() && counts.back().first == name)
            counts.back().second += count;
        else
            counts.emplace_back(std::move(name), count);
    }
    if (const auto others = read(one.cells->other_code); others > 0)
        counts.emplace_back("other", others);
    return counts;
}

// --- Values ---

histogram_value with_exemplars(histogram_value made, const method_cells& cells)
{
    const std::lock_guard lock(cells.exemplars_mutex);
    for (std::size_t which = 0; which < cells.exemplars.size() && which < made.buckets.size(); ++which)
        made.buckets[which].example = cells.exemplars[which];
    return made;
}

summary_value summary_of(const row& one, const distribution& seen, double unit)
{
    const auto& wanted = one.from->options->quantiles;
    const auto epoch = one.from->in->window.epoch_at(one.from->in->clock.now());
    const auto values = seen.quantiles(wanted, epoch);
    const auto totals = seen.look_at_totals();
    summary_value made;
    made.count = totals.count;
    made.sum = static_cast<double>(totals.sum) * unit;
    for (std::size_t which = 0; which < wanted.size(); ++which)
        made.quantiles.push_back({wanted[which], values[which] * unit});
    return made;
}

// --- The original's names ---

void add_summaries(const row& one, metric_sink& to)
{
    if (one.method != one.of->own_method())
        return; // the original's router knows no HEAD
    to.add({one.labels({{"service", "duration"}}), summary_of(one, one.cells->all.duration, duration_unit)});
    to.add({one.labels({{"service", "size"}}), summary_of(one, one.cells->all.response_size, 1)});
}

std::vector<family_plan> original_families(const recorded& from)
{
    std::vector<family_plan> families;
    for (const auto& each : *from.recorders) {
        const auto& self = each->self();
        if (!self.name.empty())
            families.push_back({{.name = from.options->service + "_" + self.name,
                                 .help = self.method + " " + self.handler,
                                 .type = metric_type::summary},
                                add_summaries,
                                each.get()});
    }
    return families;
}

// --- promhttp's names ---

/// Lower case, as promhttp has them.
std::string method_label(std::size_t method)
{
    if (method == other_method)
        return "unknown";
    std::string label(known_methods[method]);
    std::ranges::transform(label, label.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return label;
}

label_list promhttp_labels(const row& one)
{
    return one.labels({{"method", method_label(one.method)}, {"handler", one.of->self().handler}});
}

void add_requests(const row& one, metric_sink& to)
{
    for (const auto& [code, count] : code_counts(one))
        to.add({one.labels({{"method", method_label(one.method)}, {"handler", one.of->self().handler}, {"code", code}}),
                counter_value{static_cast<double>(count)}});
}

void add_durations(const row& one, metric_sink& to)
{
    auto made = one.of->durations().histogram_of(one.cells->all.duration.look());
    to.add({promhttp_labels(one), with_exemplars(std::move(made), *one.cells)});
}

void add_request_sizes(const row& one, metric_sink& to)
{
    to.add({promhttp_labels(one), one.of->sizes().histogram_of(one.cells->all.request_size.look())});
}

void add_response_sizes(const row& one, metric_sink& to)
{
    to.add({promhttp_labels(one), one.of->sizes().histogram_of(one.cells->all.response_size.look())});
}

void add_in_flight(const row& one, metric_sink& to)
{
    to.add({promhttp_labels(one), gauge_value{static_cast<double>(read(one.cells->in_flight))}});
}

void add_aborted(const row& one, metric_sink& to)
{
    to.add({promhttp_labels(one), counter_value{static_cast<double>(read(one.cells->aborted))}});
}

std::vector<family_plan> promhttp_families()
{
    return {
        {{"http_requests_total", "Requests that were answered.", metric_type::counter}, add_requests},
        {{"http_request_duration_seconds", "From the whole request's arrival until its answer was ready to be sent.",
          metric_type::histogram, "seconds"},
         add_durations},
        {{"http_request_size_bytes", "Size of the requests' bodies.", metric_type::histogram, "bytes"},
         add_request_sizes},
        {{"http_response_size_bytes", "Size of the answers' bodies.", metric_type::histogram, "bytes"},
         add_response_sizes},
        {{"http_requests_in_flight", "Requests whose handlers are at work now.", metric_type::gauge}, add_in_flight},
        {{"http_requests_aborted_total",
          "Requests that were cancelled, and those whose answer could not be sent because the client had gone.",
          metric_type::counter},
         add_aborted},
    };
}

// --- OpenTelemetry's names ---

std::string otel_method(std::size_t method)
{
    return method == other_method ? "_OTHER" : std::string(known_methods[method]);
}

std::string otel_route(const row& one)
{
    return one.of->self().method.empty() ? std::string() : one.of->self().handler;
}

template <class Histogram>
void add_by_code(const row& one, metric_sink& to, Histogram histogram)
{
    for (std::size_t number = 0; number < one.cells->of_code.size(); ++number) {
        const auto* cells = one.cells->of_code[number].load(std::memory_order_acquire);
        if (cells == nullptr)
            continue;
        const auto code = number == method_cells::codes_told_apart ? std::string("other") : code_label(number);
        to.add({one.labels({{"http_request_method", otel_method(one.method)},
                            {"http_response_status_code", code},
                            {"http_route", otel_route(one)},
                            {"url_scheme", "http"}}),
                histogram(*cells)});
    }
}

void add_otel_durations(const row& one, metric_sink& to)
{
    add_by_code(one, to,
                [&](const exchange_cells& cells) { return one.of->durations().histogram_of(cells.duration.look()); });
}

void add_otel_request_sizes(const row& one, metric_sink& to)
{
    add_by_code(one, to,
                [&](const exchange_cells& cells) { return one.of->sizes().histogram_of(cells.request_size.look()); });
}

void add_otel_response_sizes(const row& one, metric_sink& to)
{
    add_by_code(one, to,
                [&](const exchange_cells& cells) { return one.of->sizes().histogram_of(cells.response_size.look()); });
}

void add_otel_active(const row& one, metric_sink& to)
{
    to.add({one.labels({{"http_request_method", otel_method(one.method)},
                        {"http_route", otel_route(one)},
                        {"url_scheme", "http"}}),
            gauge_value{static_cast<double>(read(one.cells->in_flight))}});
}

std::vector<family_plan> otel_families()
{
    return {
        {{"http_server_request_duration_seconds", "Duration of HTTP server requests.", metric_type::histogram,
          "seconds"},
         add_otel_durations},
        {{"http_server_request_body_size_bytes", "Size of HTTP server request bodies.", metric_type::histogram,
          "bytes"},
         add_otel_request_sizes},
        {{"http_server_response_body_size_bytes", "Size of HTTP server response bodies.", metric_type::histogram,
          "bytes"},
         add_otel_response_sizes},
        {{"http_server_active_requests", "Number of active HTTP server requests.", metric_type::gauge},
         add_otel_active},
    };
}

// --- One pass ---

std::vector<family_plan> families_of(const recorded& from)
{
    std::vector<family_plan> all;
    const auto append = [&](std::vector<family_plan> more) {
        all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    for (const auto which : from.options->names) {
        if (which == naming::original)
            append(original_families(from));
        if (which == naming::promhttp)
            append(promhttp_families());
        if (which == naming::otel)
            append(otel_families());
    }
    return all;
}

class reading final : public metric_reading {
public:
    explicit reading(const recorded& from) : from_(from), families_(families_of(from_)) {}

    /// One recorder's series of one family.
    bool next(metric_sink& to) override
    {
        if (family_ == families_.size())
            return add_own(to);
        const auto& plan = families_[family_];
        if (recorder_ == 0)
            to.begin(plan.head);
        if (plan.only != nullptr) {
            add_rows(*plan.only, plan.add, to);
            return next_family();
        }
        if (recorder_ == from_.recorders->size())
            return next_family();
        add_rows(*(*from_.recorders)[recorder_++], plan.add, to);
        return true;
    }

private:
    bool next_family()
    {
        ++family_;
        recorder_ = 0;
        return true;
    }

    void add_rows(const recorder& of, add_series add, metric_sink& to) const
    {
        for (std::size_t method = 0; method <= other_method; ++method)
            if (const auto* cells = of.cells(method))
                add({&from_, &of, method, cells}, to);
    }

    /// What the middleware says of itself.
    bool add_own(metric_sink& to) const
    {
        const auto& constant = from_.options->constant_labels;
        to.begin({"http_metrics_dropped_series_total",
                  "Combinations of handler, method and code that counted as \"other\" because there were too many.",
                  metric_type::counter});
        to.add({constant, counter_value{static_cast<double>(read(from_.in->dropped))}});
        to.begin({"http_metrics_clock_info", "Always 1; the clock that durations are taken with.", metric_type::gauge});
        label_list labels{{"source", std::string(from_.in->clock.source())}};
        labels.insert(labels.end(), constant.begin(), constant.end());
        to.add({std::move(labels), gauge_value{1}});
        return false;
    }

    recorded from_;
    std::vector<family_plan> families_;
    std::size_t family_ = 0;
    std::size_t recorder_ = 0;
};

} // namespace

std::unique_ptr<metric_reading> read_families(const recorded& from)
{
    return std::make_unique<reading>(from);
}

} // namespace http_metrics
