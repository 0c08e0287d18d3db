#include "agent/shell/discovery_loop.hpp"

#include "proto_http/tls_expiry.hpp"
#include "runtime/first_of.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>
#include <variant>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

double unix_time(std::chrono::system_clock::time_point when)
{
    return std::chrono::duration<double>(when.time_since_epoch()).count();
}

double seconds(core::duration value)
{
    return std::chrono::duration<double>(value).count();
}

std::optional<docker::engine> engine_to_check(const asio::any_io_executor& executor, const sources& from)
{
    if (from.control_socket.empty() || !from.check_control_socket)
        return std::nullopt;
    return docker::engine(executor, from.engine, from.pinned_api);
}

} // namespace

discovery_loop::discovery_loop(asio::any_io_executor executor, const sources& from, core::discovery_settings settings,
                               const runtime::logger& log, metrics& counts)
    : machine_(std::move(settings)),
      log_(log),
      counts_(counts),
      engine_(executor, docker::engine(executor, from.engine, from.pinned_api), log, counts,
              [this](core::event what) { feed(std::move(what)); }),
      watch_(executor, from.control_socket, engine_to_check(executor, from), log, counts,
             [this](core::event what) { feed(std::move(what)); }),
      deadline_(executor)
{
    if (const auto& trust = from.engine.tls)
        if (const auto end = proto_http::own_expires_at(*trust))
            counts_.engine_certificate_expiry->Set(unix_time(*end));
}

asio::awaitable<void> discovery_loop::run()
{
    for (const auto& first : machine_.start(clock::now()))
        carry_out(first);
    co_await runtime::first_of(engine_.run(), watch_.run(), keep_time());
}

asio::awaitable<void> discovery_loop::keep_time()
{
    const auto executor = co_await asio::this_coro::executor;
    for (;;) {
        co_await deadline_.wait_until(machine_.deadline().value_or(clock::time_point::max()));
        // Rung when the deadline moved; then there may be nothing to do yet.
        const auto due = machine_.deadline();
        if (!due || *due > clock::now())
            continue;
        // Where a step is worked out in parts, the bell was rung by the part before, and nobody else had a turn.
        co_await asio::post(executor, asio::use_awaitable);
        feed(core::tick{});
    }
}

void discovery_loop::feed(core::event what)
{
    listener_.on_event(what);
    const bool listed = !std::holds_alternative<core::leader_answered>(what);
    const auto synced_before = machine_.synced_at();
    for (const auto& wanted : machine_.handle(std::move(what), clock::now()))
        carry_out(wanted);
    deadline_.ring();
    if (const auto synced = machine_.synced_at(); synced && synced != synced_before) {
        counts_.last_sync->Set(unix_time(std::chrono::system_clock::now()));
        // A sign of life comes more often than files are worth looking at.
        if (listed || *synced - verified_ >= machine_.resync_interval()) {
            verified_ = *synced;
            listener_.on_synced();
        }
    }
    listener_.on_step();
}

/// To whom it concerns: one of the feeds, or this.
void discovery_loop::carry_out(const core::action& wanted)
{
    listener_.on_action(wanted);
    std::visit(
        [this](const auto& value) {
            if constexpr (requires { engine_.carry_out(value); })
                engine_.carry_out(value);
            else if constexpr (requires { watch_.carry_out(value); })
                watch_.carry_out(value);
            else
                note(value);
        },
        wanted);
}

void discovery_loop::note(const core::hold_back& what)
{
    log_.warn("empty_held_back", {{"role", to_string(what.which)},
                                  {"reason", "every target seems to be gone; a second list has to confirm it"}});
}

void discovery_loop::note(const core::report_missed& found)
{
    counts_.missed_changes["true"].Increment(found.announced);
    counts_.missed_changes["false"].Increment(found.unannounced);
    if (found.announced > 0)
        log_.warn("changes_missed", {{"count", found.announced}});
}

void discovery_loop::note(const core::carried_by& what)
{
    log_.info("feed_changed", {{"feed", to_string(what.which)}, {"reason", what.why}});
}

void discovery_loop::update_gauges() const
{
    const auto& world = machine_.world();
    for (const auto which : core::all_roles)
        counts_.targets[to_string(which)].Set(static_cast<double>(machine_.target_count(which)));
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
    counts_.resync_interval_seconds->Set(seconds(machine_.resync_interval()));

    for (const auto which : {core::feed::engine, core::feed::watch})
        counts_.feed[to_string(which)].Set(machine_.carrier() == which ? 1 : 0);
    counts_.watch_holds->Set(machine_.carrier() == core::feed::watch && machine_.watch().holds_changes() ? 1 : 0);
    const auto synced_at = machine_.synced_at();
    counts_.sync_age_seconds->Set(synced_at ? seconds(clock::now() - *synced_at)
                                            : std::numeric_limits<double>::quiet_NaN());
}

} // namespace agent::shell
