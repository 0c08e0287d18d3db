#include "agent/shell/snapshot.hpp"

#include "agent/core/target_set.hpp"
#include "agent/docker/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace agent::shell {
namespace {

namespace asio = boost::asio;

/// For the whole conversation with the engine.
constexpr std::chrono::seconds patience{30};

core::read_everything lists_for(const std::vector<output>& outputs)
{
    core::read_everything lists{.swarm = false};
    for (const auto& one : outputs)
        lists = lists | core::lists_for(one.what);
    return lists;
}

asio::awaitable<void> ask(docker::engine engine, core::read_everything lists,
                          std::optional<docker::answer<core::snapshot>>& into)
{
    into = co_await engine.everything(lists);
}

} // namespace

core::swarm read_swarm(const options& settings, core::read_everything lists)
{
    std::optional<docker::answer<core::snapshot>> answered;
    std::exception_ptr failure;
    asio::io_context io{1};
    docker::engine engine(io.get_executor(), settings.engine, settings.pinned_api);
    asio::co_spawn(io, ask(std::move(engine), lists, answered),
                   [&failure](std::exception_ptr error) { failure = error; });
    io.run_for(patience);
    if (failure)
        std::rethrow_exception(failure);
    if (!answered)
        throw std::runtime_error(to_string(settings.engine) + ": no complete answer within 30 s");
    if (!*answered)
        throw std::runtime_error(to_string(settings.engine) + ": " + answered->error().detail);
    core::swarm world;
    world.replace(**std::move(answered));
    return world;
}

std::vector<file_snapshot> take_snapshot(const options& settings)
{
    const auto world = read_swarm(settings, lists_for(settings.outputs));
    std::vector<file_snapshot> files;
    for (const auto& wanted : settings.outputs) {
        core::target_set targets(wanted.what, settings.rules);
        targets.refresh_all(world);
        files.push_back({wanted, targets.groups()});
    }
    return files;
}

} // namespace agent::shell
