#pragma once

#include "agent/core/discovery.hpp"
#include "agent/docker/engine.hpp"
#include "agent/shell/doorbell.hpp"
#include "agent/shell/logging.hpp"
#include "agent/shell/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace agent::shell {

/// Carries out what the state machine wants of the engine, and tells the machine what came of it.
class engine_feed {
public:
    /// Told after each step of the machine: what it wants published, if anything, or that it may have become quiet.
    struct listener {
        std::function<void(const core::publish&)> on_publish;
        std::function<void()> on_listed; ///< a complete list was taken
        std::function<void()> on_step;
    };

    engine_feed(boost::asio::any_io_executor executor, docker::engine engine, core::discovery_settings settings,
                const logger& log, metrics& counts);

    void listen(listener to) { listener_ = std::move(to); }

    [[nodiscard]] const core::discovery& state() const noexcept { return machine_; }

    /// Somebody asks for a role: see `core::role_wanted`.
    void want(core::role which) { feed(core::role_wanted{which}); }

    /// Brings the gauges up to date, for a scrape.
    void update_gauges() const;

    /// Runs until cancelled. Returns only when going on makes no sense: the engine's API is too old.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    // Each waits for its own kind of thing, and all of them feed the machine.
    [[nodiscard]] boost::asio::awaitable<void> follow_streams();
    [[nodiscard]] boost::asio::awaitable<void> carry_out_reads();
    [[nodiscard]] boost::asio::awaitable<void> keep_time();

    [[nodiscard]] boost::asio::awaitable<void> follow_one_stream(std::optional<docker::failure>& end);
    [[nodiscard]] boost::asio::awaitable<docker::failure> read_events(docker::event_stream stream);
    [[nodiscard]] boost::asio::awaitable<core::event> read(core::read_request what);
    [[nodiscard]] boost::asio::awaitable<docker::answer<core::event>> ask(core::read_request what);

    void feed(core::event what);
    void carry_out(const core::open_stream&) { open_.ring(); }
    void carry_out(const core::close_stream&) { close_.ring(); }
    void carry_out(const core::start_read& wanted);
    void carry_out(const core::publish& wanted);
    void carry_out(const core::hold_back& what);
    void carry_out(const core::report_missed& found);

    /// @param end  none: we closed it
    void stream_ended(const std::optional<docker::failure>& end);

    /// A line for the log, unless the same was said lately of the same subject: an engine that stays away must not fill
    /// the disk.
    void log_failure(std::string_view event, std::string_view subject, const std::string& error);

    docker::engine engine_;
    core::discovery machine_;
    const logger& log_;
    metrics& counts_;
    listener listener_;

    doorbell open_;
    doorbell close_;
    doorbell read_;
    doorbell deadline_;
    core::read_request next_read_;

    struct repetition {
        std::string text;
        unsigned count = 0;
    };
    std::map<std::string, repetition, std::less<>> said_; ///< by subject
};

} // namespace agent::shell
