#include "agent/core/empty_guard.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/engine.hpp"
#include "agent/shell/commands.hpp"
#include "agent/shell/output_error.hpp"
#include "proto_http/timeout.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using groups = std::vector<sd_writer::target_group>;

/// For the whole conversation with the engine.
constexpr std::chrono::seconds patience{30};

asio::awaitable<docker::answer<groups>> list(docker::engine& engine, const core::endpoint_rules& rules)
{
    auto data = co_await engine.everything();
    if (!data)
        co_return data.error();
    core::swarm world;
    core::target_set targets(rules);
    const auto changes = world.replace(*std::move(data));
    targets.refresh(changes.concerned, world);
    co_return targets.groups();
}

/// The targets as one list has them; that there are none, though the file has some, is believed only twice.
///
/// @throws std::runtime_error with the failure's own line
asio::awaitable<void> take_snapshot(docker::engine engine, const options& settings, bool file_has_targets, groups& into)
{
    auto listed = co_await list(engine, settings.rules);
    if (listed && listed->empty() && file_has_targets && settings.confirm_empty) {
        std::cerr << "swarm-sd: the swarm has no targets but the file has: looking again in "
                  << core::empty_guard::apart.count() << " s\n";
        asio::steady_timer pause(co_await asio::this_coro::executor, core::empty_guard::apart);
        co_await pause.async_wait(asio::use_awaitable);
        listed = co_await list(engine, settings.rules);
    }
    if (!listed)
        throw std::runtime_error(listed.error().detail);
    into = *std::move(listed);
}

groups snapshot_of(const options& settings, bool file_has_targets)
{
    groups found;
    std::exception_ptr failure;
    asio::io_context io{1};
    asio::co_spawn(io,
                   take_snapshot(docker::engine(io.get_executor(), settings.engine, settings.pinned_api), settings,
                                 file_has_targets, found),
                   [&failure](std::exception_ptr error) { failure = error; });
    io.run_for(patience);
    if (!io.stopped())
        throw std::runtime_error(to_string(settings.engine) + ": no complete answer within 30 s");
    if (failure)
        std::rethrow_exception(failure);
    return found;
}

} // namespace

int run_once(const options& settings)
{
    try {
        sd_writer::writer output(settings.output, settings.output_mode);
        if (const auto error = output.open())
            throw std::runtime_error(output_error(settings.output, error));
        const auto report = output.write(snapshot_of(settings, output.existing().targets > 0));
        if (report.outcome == sd_writer::write_outcome::failed)
            throw std::runtime_error(output_error(settings.output, report.error));
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_failure;
    }
    return exit_fine;
}

} // namespace agent::shell
