#include "instrumented_service/http_metrics/recording/recorder.hpp"

#include "instrumented_service/http_metrics/recording/single_writer.hpp"
#include "proto_http/router.hpp"

#include <algorithm>
#include <utility>

namespace http_metrics {
namespace {

using single_writer::add;

std::size_t method_number(std::string_view method) noexcept
{
    const auto found = std::ranges::find(known_methods, method);
    return static_cast<std::size_t>(found - known_methods.begin());
}

/// Of a few letters: a call of memcmp costs more than comparing them.
bool is_same(std::string_view left, std::string_view right) noexcept
{
    if (left.size() != right.size())
        return false;
    for (std::size_t at = 0; at < left.size(); ++at)
        if (left[at] != right[at])
            return false;
    return true;
}

double unix_seconds() noexcept
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::size_t code_number(unsigned status) noexcept
{
    const auto number = static_cast<std::size_t>(status) - method_cells::first_code;
    return std::min(number, method_cells::codes_told_apart); // too small ones wrap around
}

} // namespace

bool recording::admits_series() noexcept
{
    if (series_left == 0) {
        single_writer::add(dropped, std::uint64_t{1});
        return false;
    }
    --series_left;
    return true;
}

method_cells::method_cells(const buckets& durations, const buckets& sizes, const recording& in)
    : all(durations, sizes, in.slices),
      of_code(in.by_code ? codes_told_apart + 1 : 0),
      exemplars(in.exemplar_ticks > 0 ? durations.classic_count() : 0)
{
}

recorder::recorder(std::shared_ptr<recording> in, identity self, std::shared_ptr<const buckets> durations,
                   std::shared_ptr<const buckets> sizes)
    : in_(std::move(in)),
      self_(std::move(self)),
      durations_(std::move(durations)),
      sizes_(std::move(sizes)),
      own_method_(method_number(self_.method))
{
    if (in_->exemplar_ticks > 0)
        exemplar_due_ = 0;
    if (!self_.method.empty())
        (void)cells_of(own_method_); // so that zero is visible
}

void recorder::make_cells(std::size_t method)
{
    owned_.push_back(std::make_unique<method_cells>(*durations_, *sizes_, *in_));
    methods_[method].store(owned_.back().get(), std::memory_order_release);
}

inline method_cells& recorder::cells_of(std::size_t method) noexcept
{
    if (methods_[method].load(std::memory_order_relaxed) == nullptr) [[unlikely]]
        make_cells(method);
    return *methods_[method].load(std::memory_order_relaxed);
}

inline proto_http::request_start recorder::begin(std::size_t method, std::uint64_t request_bytes) noexcept
{
    add(cells_of(method).in_flight, std::int64_t{1});
    return {in_->clock.now(), request_bytes, static_cast<std::uint32_t>(method)};
}

proto_http::request_start recorder::started(const proto_http::request& asked) noexcept
{
    const auto method = is_same(asked.method, self_.method) ? own_method_ : method_number(asked.method);
    const auto start = begin(method, asked.body.size());
    if (start.ticks >= exemplar_due_) [[unlikely]]
        note_trace(start.ticks, asked.field("traceparent"));
    return start;
}

proto_http::request_start recorder::started(std::size_t method, std::uint64_t request_bytes,
                                            std::string_view traceparent) noexcept
{
    const auto start = begin(std::min(method, other_method), request_bytes);
    if (start.ticks >= exemplar_due_) [[unlikely]]
        note_trace(start.ticks, traceparent);
    return start;
}

inline void recorder::count_code(method_cells& cells, unsigned status) noexcept
{
    const auto number = code_number(status);
    if (number == method_cells::codes_told_apart) [[unlikely]]
        return add(cells.other_code, std::uint64_t{1});
    if (cells.codes[number] == 0 && !admits_code(cells, number)) [[unlikely]]
        return add(cells.other_code, std::uint64_t{1});
    add(cells.codes[number], std::uint64_t{1});
}

void recorder::answered(const proto_http::request_start& start, unsigned status, std::size_t response_bytes) noexcept
{
    const auto now = in_->clock.now();
    constexpr std::uint64_t half = 1U << (duration_unit_bits - 1);
    const auto units = (in_->clock.nanoseconds(start.ticks, now) + half) >> duration_unit_bits;
    const auto epoch = in_->epoch(now);
    auto& cells = *methods_[start.slot].load(std::memory_order_relaxed);
    add(cells.in_flight, std::int64_t{-1});
    count_code(cells, status);
    cells.all.record(units, start.request_bytes, response_bytes, epoch);
    if (in_->by_code) [[unlikely]]
        record_by_code(cells, status, units, start.request_bytes, response_bytes, epoch);
    if (pending_.ticks == start.ticks) [[unlikely]]
        keep_exemplar(cells, units);
}

bool recorder::admits_code(method_cells& cells, std::size_t number) noexcept
{
    if (cells.is_dropped[number])
        return false;
    cells.is_dropped[number] = !in_->admits_series();
    return !cells.is_dropped[number];
}

void recorder::record_by_code(method_cells& cells, unsigned status, std::uint64_t duration_units,
                              std::uint64_t request_bytes, std::uint64_t response_bytes, std::uint64_t epoch) noexcept
{
    auto number = code_number(status);
    if (number < method_cells::codes_told_apart && cells.is_dropped[number])
        number = method_cells::codes_told_apart;
    auto* known = cells.of_code[number].load(std::memory_order_relaxed);
    if (known == nullptr) {
        cells.owned.push_back(std::make_unique<exchange_cells>(*durations_, *sizes_, 1));
        known = cells.owned.back().get();
        cells.of_code[number].store(known, std::memory_order_release);
    }
    known->record(duration_units, request_bytes, response_bytes, epoch);
}

void recorder::abandoned(const proto_http::request_start& start) noexcept
{
    auto& cells = *methods_[start.slot].load(std::memory_order_relaxed);
    add(cells.in_flight, std::int64_t{-1});
    add(cells.aborted, std::uint64_t{1});
}

void recorder::unsent(const proto_http::request_start& start) noexcept
{
    add(methods_[start.slot].load(std::memory_order_relaxed)->aborted, std::uint64_t{1});
}

/// Only a trace that somebody keeps can be looked at.
void recorder::note_trace(std::uint64_t now, std::string_view traceparent) noexcept
{
    const auto trace = parse_traceparent(traceparent);
    if (!trace || !trace->is_sampled) {
        // Soon again, but not at every request of clients that trace nothing.
        exemplar_due_ = now + in_->exemplar_ticks / 16;
        return;
    }
    exemplar_due_ = now + in_->exemplar_ticks;
    pending_ = {now, *trace};
}

void recorder::keep_exemplar(method_cells& cells, std::uint64_t duration_units) noexcept
{
    if (std::exchange(pending_.ticks, 0) == 0)
        return;
    const auto& trace = pending_.trace;
    exemplar kept;
    kept.labels = {{"trace_id", std::string(trace.trace_id.begin(), trace.trace_id.end())},
                   {"span_id", std::string(trace.span_id.begin(), trace.span_id.end())}};
    kept.value = static_cast<double>(duration_units) * duration_unit;
    kept.unix_seconds = unix_seconds();
    const std::lock_guard lock(cells.exemplars_mutex);
    cells.exemplars[durations_->classic_of(duration_units)] = std::move(kept);
}

} // namespace http_metrics
