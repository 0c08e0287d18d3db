#include "agent/shell/daemon.hpp"

#include "agent/core/readiness.hpp"
#include "agent/shell/first_of.hpp"
#include "agent/shell/output_error.hpp"
#include "agent/shell/web.hpp"
#include "sd_writer/errc.hpp"

#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

sd_writer::writer open_output(const options& settings)
{
    sd_writer::writer output(settings.output, settings.output_mode);
    if (const auto error = output.open(); error && error != sd_writer::errc::locked)
        throw std::runtime_error(output_error(settings.output, error));
    return output;
}

proto_http::listener bind_pages(const asio::any_io_executor& executor, const std::string& where)
{
    auto bound = proto_http::listener::bind(executor, where);
    if (!bound)
        throw std::runtime_error("--web.listen-address: " + where + ": " + bound.error().message());
    return *std::move(bound);
}

core::discovery_settings discovery_settings_for(const options& settings, const sd_writer::writer& output)
{
    core::discovery_settings discovery;
    discovery.rules = settings.rules;
    discovery.resync_interval = settings.resync_interval;
    discovery.confirm_empty = settings.confirm_empty;
    discovery.file_had_targets = output.existing().targets > 0;
    discovery.seed = std::random_device{}();
    return discovery;
}

} // namespace

daemon::daemon(asio::any_io_executor executor, const options& settings, const logger& log)
    : writer_(open_output(settings)),
      feed_(executor, docker::engine(executor, settings.engine, settings.pinned_api),
            discovery_settings_for(settings, writer_), log, counts_),
      output_(
          executor, writer_, disk_, settings.debounce,
          [this](clock::time_point now) { return feed_.state().busy(now); }, log, counts_),
      listener_(bind_pages(executor, settings.listen_address)),
      port_(listener_->port()),
      server_(web_pages({[this] { return metrics_text(); }, [this] { return not_ready_because(); },
                         [this] { return feed_.state().believed(); }}),
              {}, [&log](std::string_view route, std::string_view what) {
                  log.error("page_failed", {{"route", route}, {"error", what}});
              })
{
    feed_.listen({[this](const core::publish& wanted) {
                      output_.publish(feed_.state().believed(), wanted.since, wanted.at_once);
                  },
                  [this] { output_.verify(); }, [this] { output_.reconsider(); }});
}

asio::awaitable<void> daemon::run()
{
    co_await first_of(feed_.run(), output_.run(), server_.serve(*std::move(listener_)));
}

std::optional<std::string_view> daemon::not_ready_because() const
{
    const auto& state = feed_.state();
    return core::not_ready_because({state.synced_at(), state.resync_interval(), output_.succeeded()}, clock::now());
}

std::string daemon::metrics_text()
{
    feed_.update_gauges();
    counts_.ready->Set(not_ready_because() ? 0 : 1);
    return counts_.text();
}

} // namespace agent::shell
