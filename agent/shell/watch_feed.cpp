#include "agent/shell/watch_feed.hpp"

#include "agent/docker/errc.hpp"
#include "runtime/first_of.hpp"

#include <boost/asio/error.hpp>

#include <chrono>
#include <utility>
#include <variant>
#include <vector>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A manager answers within milliseconds unless its leader is away.
constexpr auto leader_limit = 3s;

/// One of `watch_end_causes`.
std::string_view cause_of(const boost::system::error_code& code)
{
    if (code == asio::error::connection_refused || code == boost::system::errc::no_such_file_or_directory)
        return "no_manager";
    if (code == boost::system::errc::permission_denied)
        return "forbidden";
    if (code == docker::errc::other_swarm)
        return "other_swarm";
    return code == asio::error::timed_out ? "timeout" : "ended";
}

std::string_view kind_of(const core::object_change& change)
{
    return watch_kinds.at(change.object.index());
}

} // namespace

watch_feed::watch_feed(asio::any_io_executor executor, std::string path, std::optional<docker::engine> engine,
                       const runtime::logger& log, metrics& counts, std::function<void(core::event)> tell)
    : executor_(executor),
      path_(std::move(path)),
      engine_(std::move(engine)),
      log_(log),
      failures_(log),
      counts_(counts),
      tell_(std::move(tell)),
      open_(executor),
      close_(executor),
      list_(executor),
      ask_(executor)
{
}

asio::awaitable<void> watch_feed::run()
{
    for (;;) {
        co_await open_.wait();
        close_.reset();
        is_closing_ = false;
        ending end;
        co_await runtime::first_of(follow_one(end), close_.wait());
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
            co_return; // stopped from outside
        if (is_closing_)
            end.reset();
        ended(end);
        if (end)
            tell_(core::watch_lost{end->detail});
    }
}

/// @param end  why it ended; lives in the frame of the caller, who waits
asio::awaitable<void> watch_feed::follow_one(ending& end)
{
    auto watch = co_await docker::task_watch::connect(executor_, path_);
    if (!watch) {
        end = watch.error();
        co_return;
    }
    co_await runtime::first_of(carry(*watch, end), use(*watch, end));
}

asio::awaitable<void> watch_feed::carry(docker::task_watch& watch, ending& end)
{
    auto why = co_await watch.run();
    if (!end)
        end = std::move(why);
}

asio::awaitable<void> watch_feed::use(docker::task_watch& watch, ending& end)
{
    if (engine_)
        co_await check_swarm(watch, end);
    if (end)
        co_return;
    const auto armed = co_await watch.arm();
    if (!armed) {
        end = armed.error();
        co_return;
    }
    log_.info("watch_opened", {{"socket", path_}});
    failures_.forget();
    counts_.watch_connected->Set(1);
    list_.reset();
    ask_.reset();
    tell_(core::watch_armed{});
    co_await runtime::first_of(read_changes(watch, end), carry_out_lists(watch), carry_out_questions(watch));
}

/// The usual socket may belong to another swarm than the engine that was asked for.
asio::awaitable<void> watch_feed::check_swarm(docker::task_watch& watch, ending& end)
{
    const auto here = co_await watch.nodes(leader_limit);
    if (!here) {
        end = here.error();
        co_return;
    }
    const auto there = co_await engine_->nodes();
    if (!there)
        end = there.error();
    else if (!core::are_of_one_swarm(*here, *there))
        end = docker::failure{docker::errc::other_swarm, path_ + ": this is another swarm than the engine's"};
}

asio::awaitable<void> watch_feed::read_changes(docker::task_watch& watch, ending& end)
{
    for (;;) {
        auto changes = co_await watch.changes();
        if (!changes) {
            end = changes.error();
            co_return;
        }
        for (const auto& change : *changes)
            counts_.watch_changes[kind_of(change)].Increment();
        tell_(core::watch_changed{*std::move(changes)});
    }
}

asio::awaitable<void> watch_feed::carry_out_lists(docker::task_watch& watch)
{
    for (;;) {
        co_await list_.wait();
        const auto started = clock::now();
        auto lists = co_await watch.lists();
        counts_.watch_reads["lists"].Increment();
        counts_.watch_read_seconds["lists"].Observe(std::chrono::duration<double>(clock::now() - started).count());
        if (lists) {
            failures_.forget("lists");
            tell_(core::swarm_listed{*std::move(lists)});
        } else {
            counts_.watch_read_failures["lists"].Increment();
            failures_.warn("watch_read_failed", "lists", lists.error().detail);
            tell_(core::swarm_list_failed{});
        }
    }
}

asio::awaitable<void> watch_feed::carry_out_questions(docker::task_watch& watch)
{
    for (;;) {
        co_await ask_.wait();
        const auto started = clock::now();
        auto nodes = co_await watch.nodes(leader_limit);
        counts_.watch_reads["leader"].Increment();
        counts_.watch_read_seconds["leader"].Observe(std::chrono::duration<double>(clock::now() - started).count());
        if (nodes) {
            failures_.forget("leader");
            tell_(core::leader_answered{*std::move(nodes)});
        } else {
            counts_.watch_read_failures["leader"].Increment();
            failures_.warn("leader_silent", "leader", nodes.error().detail);
            tell_(core::leader_silent{});
        }
    }
}

/// @param end  none: we closed it
void watch_feed::ended(const ending& end)
{
    counts_.watch_connected->Set(0);
    counts_.watch_losses[end ? cause_of(end->code) : "closed"].Increment();
    if (end)
        failures_.warn("watch_lost", "watch", end->detail);
}

} // namespace agent::shell
