#include "agent/shell/commands.hpp"
#include "agent/shell/daemon.hpp"
#include "agent/shell/measured_run.hpp"
#include "runtime/first_of.hpp"
#include "runtime/held_signals.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace agent::shell {
namespace {

namespace asio = boost::asio;

/// `endpoints=/sd/endpoints.json,tasks=/sd/tasks.json`
std::string outputs_text(const options& settings)
{
    std::string text;
    for (const auto& wanted : settings.outputs)
        text += (text.empty() ? "" : ",") + std::string(to_string(wanted.what)) + "=" + wanted.path.native();
    return text;
}

/// How long stopping may take. Docker and systemd's unit give ten seconds before they kill.
constexpr unsigned most_seconds_to_stop = 8;

/// A write that has begun is finished, unless the disk takes too long: then it is abandoned, which leaves the old file
/// and something staged that the next start removes.
void stop_in_time()
{
    std::signal(SIGALRM, [](int) { ::_exit(exit_fine); });
    ::alarm(most_seconds_to_stop);
}

/// What all agents of a process have in common, one after the other.
struct process {
    runtime::held_signals signals{SIGINT, SIGTERM, SIGHUP};
    runtime::service_manager manager{runtime::variable};
};

/// In the words of an operator.
std::string_view reason(const std::exception& error)
{
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return "out of memory; the files stay as they are";
    return error.what();
}

/// Why an agent ended.
enum class ending {
    failed,   ///< a part of it cannot go on; the log has said why
    stopped,  ///< SIGTERM or SIGINT
    reloaded, ///< SIGHUP, and the settings that it brought can be used
};

/// Waits for a signal that ends the agent.
///
/// @param end   what it is
/// @param next  the settings of a SIGHUP; an unusable reload changes nothing but the log
asio::awaitable<void> until_signal(const runtime::logger& log, const process& self, const settings_reader& read_again,
                                   ending& end, options& next)
{
    for (;;) {
        const auto number = co_await self.signals.next();
        if (number == 0)
            co_return;
        if (number != SIGHUP) {
            stop_in_time();
            log.info("stopping", {{"signal", std::string_view(number == SIGINT ? "SIGINT" : "SIGTERM")}});
            static_cast<void>(self.manager.tell("STOPPING=1")); // it has sent the signal, and knows
            end = ending::stopped;
            co_return;
        }
        auto again = read_again();
        if (auto* settings = std::get_if<options>(&again)) {
            next = std::move(*settings);
            static_cast<void>(self.manager.tell_reloading());
            end = ending::reloaded;
            co_return;
        }
        log.error("reload_failed", {{"error", std::get<early_exit>(again).text}});
    }
}

asio::awaitable<void> until_end(daemon& agent, const runtime::logger& log, const process& self,
                                const settings_reader& read_again, ending& end, options& next)
{
    auto status = [&agent] {
        const auto reason = agent.not_ready_because();
        return reason ? "not ready: " + std::string(*reason) : std::string("ready");
    };
    co_await runtime::first_of(agent.run(), self.manager.keep_told(std::move(status)),
                               until_signal(log, self, read_again, end, next));
}

/// Runs one agent to its end.
///
/// @throws std::runtime_error if it cannot start
ending run_one(const options& settings, const process& self, const settings_reader& read_again, options& next)
{
    const runtime::logger log(settings.level, settings.format);
    asio::io_context io{1};
    daemon agent(io.get_executor(), settings, log);
    log.info("started", {{"version", runtime::version()},
                         {"engine", to_string(settings.engine)},
                         {"outputs", outputs_text(settings)},
                         {"port", agent.port()}});
    // Its pages can be asked from here on. That the targets can be relied on is another matter, and may take as long as
    // the engine likes: what is ordered after this unit, the engine perhaps, must not wait for it.
    if (const auto error = self.manager.tell("READY=1"))
        log.warn("service_manager_not_told", {{"error", error.message()}});
    auto end = ending::failed;
    std::exception_ptr failure;
    asio::co_spawn(io, until_end(agent, log, self, read_again, end, next), [&failure, &io](std::exception_ptr error) {
        failure = error;
        io.stop(); // a name lookup may still be under way, and cannot be interrupted
    });
    run_measured(io, *agent.counts().reactor_holds);
    if (failure)
        std::rethrow_exception(failure);
    return end;
}

} // namespace

int run(options settings, const settings_reader& read_again)
{
    // A peer that went away is an error of its own write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    const process self;
    std::optional<options> last_good; // while settings that a reload brought have not proven themselves
    for (;;) {
        try {
            options next;
            const auto end = run_one(settings, self, read_again, next);
            if (end != ending::reloaded)
                return end == ending::stopped ? exit_fine : exit_failure;
            last_good = std::exchange(settings, std::move(next));
        } catch (const std::exception& error) {
            std::cerr << "swarm-sd: " << reason(error) << '\n';
            if (!last_good)
                return exit_failure;
            // An output or an address that cannot be had: the file's contents were fine, the world is not.
            settings = *std::exchange(last_good, std::nullopt);
        }
    }
}

} // namespace agent::shell
