#pragma once

#include "agent/core/events.hpp"
#include "agent/docker/engine.hpp"
#include "agent/shell/metrics.hpp"
#include "proto_http/doorbell.hpp"
#include "runtime/failure_log.hpp"
#include "runtime/logging.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace agent::shell {

/// Carries out what the state machine wants of the Engine API, and tells the machine what came of it.
class engine_feed {
public:
    /// @param tell  takes what happened to the machine
    engine_feed(boost::asio::any_io_executor executor, docker::engine engine, const runtime::logger& log,
                metrics& counts, std::function<void(core::event)> tell);

    void carry_out(const core::open_stream&) { open_.ring(); }
    void carry_out(const core::close_stream&) { close_.ring(); }
    void carry_out(const core::start_read& wanted);

    /// Runs until cancelled. Returns only when going on makes no sense: the engine's API is too old.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    // Each waits for its own kind of thing.
    [[nodiscard]] boost::asio::awaitable<void> follow_streams();
    [[nodiscard]] boost::asio::awaitable<void> carry_out_reads();

    [[nodiscard]] boost::asio::awaitable<void> follow_one_stream(std::optional<docker::failure>& end);
    [[nodiscard]] boost::asio::awaitable<docker::failure> read_events(docker::event_stream stream);
    [[nodiscard]] boost::asio::awaitable<core::event> read(core::read_request what);
    [[nodiscard]] boost::asio::awaitable<docker::answer<core::event>> ask(core::read_request what);

    /// @param end  none: we closed it
    void stream_ended(const std::optional<docker::failure>& end);

    docker::engine engine_;
    const runtime::logger& log_;
    runtime::failure_log failures_;
    metrics& counts_;
    std::function<void(core::event)> tell_;

    proto_http::doorbell open_;
    proto_http::doorbell close_;
    proto_http::doorbell read_;
    core::read_request next_read_;
    std::optional<std::chrono::steady_clock::time_point> opened_at_; ///< of the stream that is open
};

} // namespace agent::shell
