#pragma once

#include "agent/core/discovery.hpp"
#include "agent/docker/api_version.hpp"
#include "agent/shell/engine_feed.hpp"
#include "agent/shell/metrics.hpp"
#include "agent/shell/watch_feed.hpp"
#include "proto_http/doorbell.hpp"
#include "proto_http/origin.hpp"
#include "runtime/logging.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace agent::shell {

/// Where the swarm is learnt from.
struct sources {
    proto_http::origin engine;
    std::optional<docker::api_version> pinned_api;
    std::string control_socket;       ///< empty: the watch is off
    bool check_control_socket = true; ///< whether it has to be shown that both are of one swarm
};

/// The state machine at work: hands it what the feeds tell and what time it is, and what it wants to whom it concerns.
class discovery_loop {
public:
    /// Told of each step of the machine: what it is about to be told, and all that it wants; then what it wants
    /// published, if anything, or that it may have become quiet.
    struct listener {
        std::function<void(const core::event&)> on_event;
        std::function<void(const core::action&)> on_action;
        std::function<void(const core::publish&)> on_publish;
        std::function<void()> on_synced; ///< what is known was shown to be the whole truth once more
        std::function<void()> on_step;
    };

    discovery_loop(boost::asio::any_io_executor executor, const sources& from, core::discovery_settings settings,
                   const runtime::logger& log, metrics& counts);

    void listen(listener to) { listener_ = std::move(to); }

    [[nodiscard]] const core::discovery& state() const noexcept { return machine_; }

    /// Somebody asks for a role: see `core::role_wanted`.
    void want(core::role which) { feed(core::role_wanted{which}); }

    /// Brings the gauges up to date, for a scrape.
    void update_gauges() const;

    /// Runs until cancelled. Returns only when going on makes no sense: the engine's API is too old.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    [[nodiscard]] boost::asio::awaitable<void> keep_time();

    void feed(core::event what);
    void carry_out(const core::action& wanted);
    void note(const core::publish& wanted) { listener_.on_publish(wanted); }
    void note(const core::hold_back& what);
    void note(const core::report_missed& found);
    void note(const core::carried_by& what);

    core::discovery machine_;
    const runtime::logger& log_;
    metrics& counts_;
    listener listener_;
    core::time_point verified_{}; ///< when the listener was last told that all is true
    engine_feed engine_;
    watch_feed watch_;
    proto_http::doorbell deadline_;
};

} // namespace agent::shell
