#include "agent/shell/engine_feed.hpp"

#include "agent/core/healthy_stream.hpp"
#include "agent/docker/errc.hpp"
#include "agent/shell/failure_reason.hpp"
#include "proto_http/errc.hpp"
#include "runtime/first_of.hpp"

#include <boost/asio/error.hpp>

#include <utility>
#include <variant>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// Whether the other side closed it. An engine that ends, or a proxy, does not end the body in good order first.
bool was_closed(const boost::system::error_code& code)
{
    return code == asio::error::eof || code == proto_http::errc::closed_early;
}

/// One of `stream_end_causes`.
std::string_view cause_of(const boost::system::error_code& code)
{
    if (was_closed(code))
        return "eof";
    if (const auto trouble = connection_trouble(code); !trouble.empty())
        return trouble;
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

engine_feed::engine_feed(asio::any_io_executor executor, docker::engine engine, const runtime::logger& log,
                         metrics& counts, std::function<void(core::event)> tell)
    : engine_(std::move(engine)),
      log_(log),
      failures_(log),
      counts_(counts),
      tell_(std::move(tell)),
      open_(executor),
      close_(executor),
      read_(executor)
{
}

asio::awaitable<void> engine_feed::run()
{
    co_await runtime::first_of(follow_streams(), carry_out_reads());
}

void engine_feed::carry_out(const core::start_read& wanted)
{
    next_read_ = wanted.what;
    read_.ring();
}

// --- The stream ---

asio::awaitable<void> engine_feed::follow_streams()
{
    for (;;) {
        co_await open_.wait();
        std::optional<docker::failure> end;
        co_await runtime::first_of(follow_one_stream(end), close_.wait());
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
            co_return; // stopped from outside
        if (end && end->code == asio::error::operation_aborted)
            end.reset();
        stream_ended(end);
        if (!end)
            continue; // the machine itself wanted it closed
        if (end->code == docker::errc::api_too_old)
            co_return;
        tell_(core::stream_lost{end->detail});
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
    failures_.forget();
    counts_.stream_connected->Set(1);
    opened_at_ = clock::now();
    tell_(core::stream_opened{});
    end = co_await read_events(*std::move(stream));
}

asio::awaitable<docker::failure> engine_feed::read_events(docker::event_stream stream)
{
    const docker::stream_sink sink{[this](core::hint what) {
                                       counts_.events[to_string(what.about)].Increment();
                                       tell_(std::move(what));
                                   },
                                   [this] {
                                       counts_.events_dropped->Increment();
                                       tell_(core::hints_lost{});
                                   }};
    for (;;)
        if (const auto more = co_await stream.read(sink); !more)
            co_return more.error();
}

void engine_feed::stream_ended(const std::optional<docker::failure>& end)
{
    counts_.stream_connected->Set(0);
    counts_.stream_losses[end ? cause_of(end->code) : "silent"].Increment();
    // As proxies end streams that were silent for long.
    if (end && was_closed(end->code) && opened_at_ && clock::now() - *opened_at_ >= core::healthy_stream)
        log_.info("stream_ended", {{"age_seconds", std::chrono::duration<double>(clock::now() - *opened_at_).count()}});
    else
        failures_.warn("stream_lost", "stream", end ? end->detail : "it does not tell what lists show");
    opened_at_.reset();
}

// --- Reads ---

asio::awaitable<void> engine_feed::carry_out_reads()
{
    for (;;) {
        co_await read_.wait();
        tell_(co_await read(std::exchange(next_read_, core::read_everything{})));
    }
}

asio::awaitable<core::event> engine_feed::read(core::read_request what)
{
    const auto kind = to_string(kind_of(what));
    const auto started = clock::now();
    const auto cpu_before = engine_.decoding_cpu();
    auto got = co_await ask(std::move(what));
    if (!got && got.error().code == asio::error::operation_aborted)
        co_return core::read_failed{}; // stopped from outside
    const auto took = clock::now() - started;

    counts_.reads[kind].Increment();
    counts_.read_seconds[kind].Observe(std::chrono::duration<double>(took).count());
    if (!got) {
        counts_.read_failures[kind].Increment();
        counts_.read_failure_reasons[reason_of(got.error().code)].Increment();
        failures_.warn("read_failed", kind, got.error().detail);
        co_return core::read_failed{got.error().detail};
    }
    log_.debug("read", {{"what", kind}, {"duration_seconds", std::chrono::duration<double>(took).count()}});
    failures_.forget(kind);
    if (auto* all = std::get_if<core::everything_read>(&*got)) {
        all->took = took;
        all->cpu = engine_.decoding_cpu() - cpu_before;
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
    if (std::holds_alternative<core::read_networks>(what))
        co_return as_event(co_await engine_.networks());
    auto all = co_await engine_.everything(std::get<core::read_everything>(what));
    if (!all)
        co_return all.error();
    co_return core::everything_read{*std::move(all), {}, {}};
}

} // namespace agent::shell
