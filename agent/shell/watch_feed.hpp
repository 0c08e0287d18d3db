#pragma once

#include "agent/core/events.hpp"
#include "agent/docker/engine.hpp"
#include "agent/docker/task_watch.hpp"
#include "agent/shell/metrics.hpp"
#include "proto_http/doorbell.hpp"
#include "runtime/failure_log.hpp"
#include "runtime/logging.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

namespace agent::shell {

/// Carries out what the state machine wants of a manager's control socket, and tells the machine what came of it.
class watch_feed {
public:
    /// @param path    of the control socket; empty: there is none to try
    /// @param engine  must be of the same swarm as the socket, which is checked; none: whoever named the path knows
    /// @param tell    takes what happened to the machine
    watch_feed(boost::asio::any_io_executor executor, std::string path, std::optional<docker::engine> engine,
               const runtime::logger& log, metrics& counts, std::function<void(core::event)> tell);

    void carry_out(const core::open_watch&) { open_.ring(); }
    void carry_out(const core::close_watch&)
    {
        is_closing_ = true;
        close_.ring();
    }
    void carry_out(const core::list_swarm&) { list_.ring(); }
    void carry_out(const core::ask_leader&) { ask_.ring(); }

    /// Runs until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    using ending = std::optional<docker::failure>;

    [[nodiscard]] boost::asio::awaitable<void> follow_one(ending& end);
    [[nodiscard]] boost::asio::awaitable<void> carry(docker::task_watch& watch, ending& end);
    [[nodiscard]] boost::asio::awaitable<void> use(docker::task_watch& watch, ending& end);
    [[nodiscard]] boost::asio::awaitable<void> check_swarm(docker::task_watch& watch, ending& end);
    [[nodiscard]] boost::asio::awaitable<void> read_changes(docker::task_watch& watch, ending& end);
    [[nodiscard]] boost::asio::awaitable<void> carry_out_lists(docker::task_watch& watch);
    [[nodiscard]] boost::asio::awaitable<void> carry_out_questions(docker::task_watch& watch);
    void ended(const ending& end);

    boost::asio::any_io_executor executor_;
    std::string path_;
    std::optional<docker::engine> engine_;
    const runtime::logger& log_;
    runtime::failure_log failures_;
    metrics& counts_;
    std::function<void(core::event)> tell_;

    proto_http::doorbell open_;
    proto_http::doorbell close_;
    bool is_closing_ = false; ///< that one is to end; whatever else ended it meanwhile is no news
    proto_http::doorbell list_;
    proto_http::doorbell ask_;
};

} // namespace agent::shell
