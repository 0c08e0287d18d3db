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

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
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

/// A file, opened, and what belongs into it.
struct file {
    core::role what;
    sd_writer::writer writer;
    bool had_targets = false;
    groups targets;
};

std::vector<file> open_files(const options& settings)
{
    std::vector<file> files;
    for (const auto& wanted : settings.outputs) {
        sd_writer::writer writer(wanted.path, settings.output_mode);
        if (const auto error = writer.open())
            throw std::runtime_error(output_error(wanted.path, error));
        const bool had_targets = writer.existing().targets > 0;
        files.push_back({wanted.what, std::move(writer), had_targets, {}});
    }
    return files;
}

core::read_everything lists_for(const std::vector<file>& files)
{
    core::read_everything lists{.swarm = false};
    for (const auto& one : files)
        lists = lists | core::lists_for(one.what);
    return lists;
}

/// @throws std::runtime_error with the failure's own line
asio::awaitable<void> list(docker::engine& engine, const core::role_rules& rules, std::vector<file>& files)
{
    auto data = co_await engine.everything(lists_for(files));
    if (!data)
        throw std::runtime_error(data.error().detail);
    core::swarm world;
    world.replace(*std::move(data));
    for (auto& one : files) {
        core::target_set targets(one.what, rules);
        targets.refresh_all(world);
        one.targets = targets.groups();
    }
}

bool lost_all_targets(const file& one)
{
    return one.had_targets && one.targets.empty();
}

/// What one list says; that there are no targets, though a file has some, is believed only twice.
asio::awaitable<void> take_snapshot(docker::engine engine, const options& settings, std::vector<file>& files)
{
    co_await list(engine, settings.rules, files);
    if (!settings.confirm_empty || std::none_of(files.begin(), files.end(), lost_all_targets))
        co_return;
    std::cerr << "swarm-sd: there are no targets but a file has some: looking again in "
              << core::empty_guard::apart.count() << " s\n";
    asio::steady_timer pause(co_await asio::this_coro::executor, core::empty_guard::apart);
    co_await pause.async_wait(asio::use_awaitable);
    co_await list(engine, settings.rules, files);
}

void fill(std::vector<file>& files, const options& settings)
{
    std::exception_ptr failure;
    asio::io_context io{1};
    asio::co_spawn(
        io, take_snapshot(docker::engine(io.get_executor(), settings.engine, settings.pinned_api), settings, files),
        [&failure](std::exception_ptr error) { failure = error; });
    io.run_for(patience);
    if (!io.stopped())
        throw std::runtime_error(to_string(settings.engine) + ": no complete answer within 30 s");
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace

int run_once(const options& settings)
{
    try {
        auto files = open_files(settings);
        fill(files, settings);
        for (auto& one : files)
            if (const auto report = one.writer.write(one.targets); report.outcome == sd_writer::write_outcome::failed)
                throw std::runtime_error(output_error(one.writer.path(), report.error));
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_failure;
    }
    return exit_fine;
}

} // namespace agent::shell
