#pragma once

#include "agent/shell/engine_feed.hpp"
#include "agent/shell/file_output.hpp"
#include "agent/shell/helper_thread.hpp"
#include "agent/shell/logging.hpp"
#include "agent/shell/metrics.hpp"
#include "agent/shell/options.hpp"
#include "proto_http/server.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace agent::shell {

/// The running agent: engine feed, file and web pages, wired together on one reactor.
///
/// The executor must be a single thread's.
class daemon {
public:
    /// Takes the output and the listen address.
    ///
    /// @throws std::runtime_error in one line that names what cannot be had and why
    daemon(boost::asio::any_io_executor executor, const options& settings, const logger& log);
    daemon(const daemon&) = delete;
    daemon& operator=(const daemon&) = delete;

    /// Runs until cancelled. Returns when a part of it cannot go on, which the log has explained.
    [[nodiscard]] boost::asio::awaitable<void> run();

    /// Port of the web pages.
    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] const core::discovery& state() const noexcept { return feed_.state(); }
    [[nodiscard]] metrics& counts() noexcept { return counts_; }
    [[nodiscard]] std::optional<std::string_view> not_ready_because() const;

private:
    [[nodiscard]] std::string metrics_text();

    metrics counts_;
    sd_writer::writer writer_;
    helper_thread disk_; ///< ends before what it writes with
    engine_feed feed_;
    file_output output_;
    std::optional<proto_http::listener> listener_;
    std::uint16_t port_;
    proto_http::server server_;
};

} // namespace agent::shell
