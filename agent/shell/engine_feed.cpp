#include "agent/shell/engine_feed.hpp"

#include "agent/docker/errc.hpp"
#include "agent/shell/first_of.hpp"

#include <boost/asio/error.hpp>

#include <bit>
#include <ctime>
#include <utility>
#include <variant>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// CPU time of this thread.
core::duration thread_cpu()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

double unix_now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string_view word_for(core::hint::subject about)
{
    switch (about) {
    case core::hint::subject::service:
        return "service";
    case core::hint::subject::node:
        return "node";
    case core::hint::subject::network:
        return "network";
    case core::hint::subject::container:
        break;
    }
    return "container";
}

/// One of `stream_end_causes`.
std::string_view cause_of(const boost::system::error_code& code)
{
    if (code == asio::error::eof)
        return "eof";
    if (code == asio::error::timed_out)
        return "timeout";
    if (code == asio::error::connection_refused || code == boost::system::errc::no_such_file_or_directory)
        return "refused";
    return code.category() == docker::error_category() ? "rejected" : "other";
}

/// An answer of any kind as an event.
template <class Answer>
docker::answer<core::event> as_event(docker::answer<Answer> got)
{
    if (!got)
        return got.error();
    return core::event(*std::move(got));
}

} // namespace

engine_feed::engine_feed(asio::any_io_executor executor, docker::engine engine, core::discovery_settings settings,
                         const logger& log, metrics& counts)
    : engine_(std::move(engine)),
      machine_(std::move(settings)),
      log_(log),
      counts_(counts),
      open_(executor),
      close_(executor),
      read_(executor),
      deadline_(executor)
{
}

asio::awaitable<void> engine_feed::run()
{
    for (const auto& first : machine_.start(clock::now()))
        std::visit([this](const auto& wanted) { carry_out(wanted); }, first);
    co_await first_of(follow_streams(), carry_out_reads(), keep_time());
}

// --- The stream ---

asio::awaitable<void> engine_feed::follow_streams()
{
    for (;;) {
        co_await open_.wait();
        std::optional<docker::failure> end;
        co_await first_of(follow_one_stream(end), close_.wait());
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
            co_return; // stopped from outside
        if (end && end->code == asio::error::operation_aborted)
            end.reset();
        stream_ended(end);
        if (!end)
            continue; // the machine itself wanted it closed
        if (end->code == docker::errc::api_too_old)
            co_return;
        feed(core::stream_lost{});
    }
}

/// @param end  why it ended; lives in the frame of the caller, who waits
asio::awaitable<void> engine_feed::follow_one_stream(std::optional<docker::failure>& end)
{
    const auto version = co_await engine_.connect();
    if (!version) {
        end = version.error();
        co_return;
    }
    auto stream = co_await engine_.events();
    if (!stream) {
        end = stream.error();
        co_return;
    }
    log_.info("stream_opened", {{"api_version", to_string(*version)}});
    said_.clear();
    counts_.stream_connected->Set(1);
    feed(core::stream_opened{});
    end = co_await read_events(*std::move(stream));
}

asio::awaitable<docker::failure> engine_feed::read_events(docker::event_stream stream)
{
    const docker::stream_sink sink{[this](core::hint what) {
                                       counts_.events[word_for(what.about)].Increment();
                                       feed(std::move(what));
                                   },
                                   [this] {
                                       counts_.events_dropped->Increment();
                                       feed(core::hints_lost{});
                                   }};
    for (;;)
        if (const auto more = co_await stream.read(sink); !more)
            co_return more.error();
}

void engine_feed::stream_ended(const std::optional<docker::failure>& end)
{
    counts_.stream_connected->Set(0);
    counts_.stream_losses[end ? cause_of(end->code) : "silent"].Increment();
    log_failure("stream_lost", end ? end->detail : "it does not tell what lists show");
}

// --- Reads ---

asio::awaitable<void> engine_feed::carry_out_reads()
{
    for (;;) {
        co_await read_.wait();
        feed(co_await read(std::exchange(next_read_, core::read_everything{})));
    }
}

asio::awaitable<core::event> engine_feed::read(core::read_request what)
{
    const auto kind = to_string(kind_of(what));
    const auto started = clock::now();
    const auto cpu_before = thread_cpu();
    auto got = co_await ask(std::move(what));
    if (!got && got.error().code == asio::error::operation_aborted)
        co_return core::read_failed{}; // stopped from outside
    const auto took = clock::now() - started;

    counts_.reads[kind].Increment();
    counts_.read_seconds[kind].Observe(std::chrono::duration<double>(took).count());
    if (!got) {
        counts_.read_failures[kind].Increment();
        log_failure("read_failed", got.error().detail);
        co_return core::read_failed{};
    }
    log_.debug("read", {{"what", kind}, {"duration_seconds", std::chrono::duration<double>(took).count()}});
    said_.erase("read_failed");
    if (auto* all = std::get_if<core::everything_read>(&*got)) {
        all->took = took;
        all->cpu = thread_cpu() - cpu_before;
    }
    co_return *std::move(got);
}

asio::awaitable<docker::answer<core::event>> engine_feed::ask(core::read_request what)
{
    if (auto* one = std::get_if<core::read_service>(&what))
        co_return as_event(co_await engine_.service(std::move(one->id)));
    if (auto* some = std::get_if<core::read_tasks_of>(&what))
        co_return as_event(co_await engine_.tasks_of(std::move(some->service_id)));
    if (auto* one = std::get_if<core::read_task>(&what))
        co_return as_event(co_await engine_.task(std::move(one->id)));
    if (auto* one = std::get_if<core::read_node>(&what))
        co_return as_event(co_await engine_.node(std::move(one->id)));

    if (std::holds_alternative<core::read_containers>(what))
        co_return as_event(co_await engine_.containers());
    auto all = co_await engine_.everything(std::get<core::read_everything>(what));
    if (!all)
        co_return all.error();
    co_return core::everything_read{*std::move(all), {}, {}};
}

// --- Time ---

asio::awaitable<void> engine_feed::keep_time()
{
    for (;;) {
        co_await deadline_.wait_until(machine_.deadline().value_or(clock::time_point::max()));
        // Rung when the deadline moved; then there may be nothing to do yet.
        if (const auto due = machine_.deadline(); due && *due <= clock::now())
            feed(core::tick{});
    }
}

// --- The machine ---

void engine_feed::feed(core::event what)
{
    const bool listed = std::holds_alternative<core::everything_read>(what);
    for (const auto& wanted : machine_.handle(std::move(what), clock::now()))
        std::visit([this](const auto& value) { carry_out(value); }, wanted);
    deadline_.ring();
    if (listed) {
        counts_.last_sync->Set(unix_now());
        listener_.on_listed();
    }
    listener_.on_step();
}

void engine_feed::carry_out(const core::start_read& wanted)
{
    next_read_ = wanted.what;
    read_.ring();
}

void engine_feed::carry_out(const core::publish& wanted)
{
    listener_.on_publish(wanted);
}

void engine_feed::carry_out(const core::hold_back& what)
{
    log_.warn("empty_held_back", {{"role", to_string(what.which)},
                                  {"reason", "every target seems to be gone; a second list has to confirm it"}});
}

void engine_feed::carry_out(const core::report_missed& found)
{
    counts_.missed_changes["true"].Increment(found.announced);
    counts_.missed_changes["false"].Increment(found.unannounced);
    if (found.announced > 0)
        log_.warn("changes_missed", {{"count", found.announced}});
}

void engine_feed::update_gauges() const
{
    const auto& world = machine_.world();
    for (const auto which : core::all_roles) {
        const auto believed = machine_.believed(which);
        counts_.targets[to_string(which)].Set(believed ? static_cast<double>(sd_writer::count_targets(*believed)) : 0);
    }
    core::skip_counts skipped;
    for (const auto which : core::all_roles)
        skipped += machine_.skipped(which);
    for (std::size_t at = 0; at < core::skip_reason_count; ++at)
        counts_.skipped_tasks[to_string(static_cast<core::skip_reason>(at))].Set(
            static_cast<double>(skipped.tasks.at(at)));
    for (std::size_t at = 0; at < core::bad_label_count; ++at)
        counts_.bad_labels[to_string(static_cast<core::bad_label>(at))].Set(static_cast<double>(skipped.labels.at(at)));
    counts_.services->Set(static_cast<double>(world.services().size()));
    counts_.tasks->Set(static_cast<double>(world.task_count()));
    counts_.nodes->Set(static_cast<double>(world.node_count()));
    counts_.empty_held_back->Set(machine_.holds_back() ? 1 : 0);
    counts_.resync_interval_seconds->Set(std::chrono::duration<double>(machine_.resync_interval()).count());
}

// --- The log ---

void engine_feed::log_failure(std::string_view event, const std::string& error)
{
    auto& known = said_[std::string(event)];
    if (known.text != error)
        known = {error, 0};
    // The first, second, fourth, eighth …: the counters have them all.
    if (std::has_single_bit(++known.count))
        log_.warn(event, {{"error", error}, {"attempt", known.count}});
}

} // namespace agent::shell
