#include "agent/shell/daemon.hpp"

#include "agent/core/readiness.hpp"
#include "agent/shell/descriptor_budget.hpp"
#include "agent/shell/output_error.hpp"
#include "agent/shell/status/events_page.hpp"
#include "agent/shell/web.hpp"
#include "runtime/first_of.hpp"
#include "sd_writer/errc.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// How long a page waits for lists that nobody read before.
constexpr std::chrono::seconds patience{5};

sd_writer::writer open_output(const output& wanted, mode_t mode, const runtime::logger& log)
{
    sd_writer::writer file(wanted.path, mode);
    // Another agent with the same file may go away: that is waited for.
    if (const auto error = file.open(); error && error != sd_writer::errc::locked)
        throw std::runtime_error(output_error(wanted.path, error));
    // Prometheus mostly runs as another user, who would find no file, and say nothing.
    if ((mode & S_IROTH) != 0)
        if (const auto closed = sd_writer::closed_to_others(file.path()))
            log.warn("output_out_of_reach", {{"path", wanted.path.native()},
                                             {"directory", closed->native()},
                                             {"reason", "other users, such as Prometheus', may not enter it"}});
    return file;
}

std::vector<core::role> roles_of(const options& settings)
{
    std::vector<core::role> roles;
    for (const auto& wanted : settings.outputs)
        roles.push_back(wanted.what);
    return roles;
}

proto_http::listener bind_pages(const asio::any_io_executor& executor, const std::string& where)
{
    auto bound = proto_http::listener::bind(executor, where);
    if (!bound)
        throw std::runtime_error("--web.listen-address: " + where + ": " + bound.error().message());
    return *std::move(bound);
}

/// The files, each opened before anything runs.
std::map<core::role, sd_writer::writer> open_outputs(const options& settings, const runtime::logger& log)
{
    std::map<core::role, sd_writer::writer> files;
    for (const auto& wanted : settings.outputs)
        files.emplace(wanted.what, open_output(wanted, settings.output_mode, log));
    return files;
}

/// How many connections the pages may have, so that the engine and the files always have the descriptors they need.
std::size_t connections_left(std::size_t outputs)
{
    const proto_http::server_limits usual;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return usual.connections;
    return std::min(usual.connections, page_connections(limit.rlim_cur, outputs));
}

proto_http::server_limits page_limits(std::size_t outputs)
{
    proto_http::server_limits limits;
    limits.connections = connections_left(outputs);
    limits.streams = std::min(limits.streams, limits.connections / 2); // others have to have room, too
    return limits;
}

core::discovery_settings discovery_settings_for(const options& settings,
                                                const std::map<core::role, sd_writer::writer>& files,
                                                std::uint32_t seed)
{
    core::discovery_settings discovery;
    discovery.rules = settings.rules;
    discovery.roles = roles_of(settings);
    discovery.resync_interval = settings.resync_interval;
    discovery.confirm_empty = settings.confirm_empty;
    for (const auto& [which, file] : files)
        if (file.existing().targets > 0)
            discovery.had_targets.push_back(which);
    discovery.task_watch = !settings.task_watch.socket.empty();
    discovery.seed = seed;
    return discovery;
}

} // namespace

daemon::daemon(asio::any_io_executor executor, const options& settings, const runtime::logger& log,
               const surroundings& around)
    : daemon(executor, settings, log, around, open_outputs(settings, log))
{
}

daemon::daemon(asio::any_io_executor executor, const options& settings, const runtime::logger& log,
               const surroundings& around, std::map<core::role, sd_writer::writer> files)
    : rules_(settings.rules.endpoints),
      counts_(roles_of(settings)),
      started_(std::chrono::system_clock::now()),
      diary_(executor, started_),
      loop_(executor, {settings.engine, settings.pinned_api, settings.task_watch.socket, !settings.task_watch.named},
            discovery_settings_for(settings, files, around.seed), log, counts_),
      outputs_(
          executor, [this](clock::time_point now) { return loop_.state().busy(now); }, around.disk),
      stepped_(executor),
      listener_(bind_pages(executor, settings.listen_address)),
      port_(listener_->port()),
      access_(runtime::open_web_access(executor, settings.web_config, log)),
      server_(
          web_pages({[this] { return metrics_text(); }, [this] { return not_ready_because(); },
                     [this](core::role which) { return targets_of(which); },
                     [this](core::role which) { return loop_.state().unknown_because(which); },
                     [this](std::function<proto_http::reply()> make) { return make_aside(std::move(make)); },
                     roles_of(settings),
                     [this](core::role which, std::size_t most) { return report(which, most); },
                     [this](std::string_view service) { return core::explain(service, loop_.state().world(), rules_); },
                     [this](const proto_http::request& asked) { return events_page(diary_, asked); },
                     [this](std::string search) { return make_report(status_of_parts(), std::move(search)); }}),
          page_limits(settings.outputs.size()),
          [&log](std::string_view route, std::string_view what) {
              log.error("page_failed", {{"route", route}, {"error", what}});
          },
          {}, access_ ? access_->front() : proto_http::server_front{})
{
    for (auto& [which, file] : files) {
        auto targets = [this, role = which] { return loop_.state().believed_parts(role); };
        outputs_.add(which, file_output(which, std::move(file), std::move(targets), settings.debounce, log,
                                        counts_.files.at(which), diary_));
    }
    loop_.listen({[this](const core::event& what) {
                      diary_.heard(what, loop_.state().world(), std::chrono::system_clock::now());
                  },
                  [this](const core::action& what) { diary_.decided(what, std::chrono::system_clock::now()); },
                  [this](const core::publish& news) { outputs_.publish(news.which, news.since, news.at_once); },
                  [this] { outputs_.verify(); },
                  [this] {
                      outputs_.reconsider();
                      stepped_.strike();
                  }});
}

asio::awaitable<sd_writer::target_list> daemon::targets_of(core::role which)
{
    loop_.want(which);
    const auto latest = clock::now() + patience;
    while (loop_.state().awaits(which) && clock::now() < latest)
        co_await stepped_.wait_until(latest);
    co_return loop_.state().believed(which);
}

asio::awaitable<proto_http::reply> daemon::make_aside(std::function<proto_http::reply()> make)
{
    if (!page_maker_)
        page_maker_.emplace();
    co_return co_await page_maker_->run(std::move(make));
}

role_report daemon::report(core::role which, std::size_t most) const
{
    const auto& state = loop_.state();
    role_report found{which, state.believed(which), state.unknown_because(which), state.skipped(which), {}};
    if (which == core::role::endpoints)
        found.skipped = core::list_skipped(state.skipping(which), state.world(), rules_, most);
    return found;
}

status_sources daemon::status_of_parts() const
{
    return {
        &loop_.state(), &rules_, &diary_, [this] { return outputs_.facts(); }, [this] { return not_ready_because(); },
        started_};
}

asio::awaitable<void> daemon::run()
{
    auto pages = server_.serve(*std::move(listener_));
    if (access_)
        co_await runtime::first_of(loop_.run(), outputs_.run(), std::move(pages), access_->run());
    else
        co_await runtime::first_of(loop_.run(), outputs_.run(), std::move(pages));
}

std::optional<std::string_view> daemon::not_ready_because() const
{
    const auto& state = loop_.state();
    return core::not_ready_because({state.synced_at(), state.stale_after(), outputs_.succeeded()}, clock::now());
}

std::string daemon::metrics_text()
{
    loop_.update_gauges();
    counts_.ready->Set(not_ready_because() ? 0 : 1);
    return counts_.text();
}

} // namespace agent::shell
