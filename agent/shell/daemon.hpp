#pragma once

#include "agent/shell/discovery_loop.hpp"
#include "agent/shell/file_outputs.hpp"
#include "agent/shell/gong.hpp"
#include "agent/shell/metrics.hpp"
#include "agent/shell/options.hpp"
#include "agent/shell/status/chronicle.hpp"
#include "agent/shell/status/report.hpp"
#include "agent/shell/targets_page.hpp"
#include "proto_http/server.hpp"
#include "runtime/helper_thread.hpp"
#include "runtime/logging.hpp"
#include "runtime/web_access.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

namespace agent::shell {

/// What an agent has around it that no user decides on. A simulation has its own.
struct surroundings {
    std::uint32_t seed = std::random_device{}(); ///< of the jitter
    boost::asio::any_io_executor disk{};         ///< where files are written; none: on a thread of its own
};

/// The running agent: discovery, files and web pages, wired together on one reactor.
///
/// The executor must be a single thread's.
class daemon {
public:
    /// Takes the outputs and the listen address.
    ///
    /// @throws std::runtime_error in one line that names what cannot be had and why
    daemon(boost::asio::any_io_executor executor, const options& settings, const runtime::logger& log,
           const surroundings& around = {});
    daemon(const daemon&) = delete;
    daemon& operator=(const daemon&) = delete;

    /// Runs until cancelled. Returns when a part of it cannot go on, which the log has explained.
    [[nodiscard]] boost::asio::awaitable<void> run();

    /// Port of the web pages.
    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] const core::discovery& state() const noexcept { return loop_.state(); }
    [[nodiscard]] metrics& counts() noexcept { return counts_; }
    [[nodiscard]] chronicle& diary() noexcept { return diary_; }
    /// How many read `/api/v1/events` now.
    [[nodiscard]] std::size_t readers() const noexcept { return server_.streams(); }
    [[nodiscard]] std::optional<std::string_view> not_ready_because() const;

private:
    daemon(boost::asio::any_io_executor executor, const options& settings, const runtime::logger& log,
           const surroundings& around, std::map<core::role, sd_writer::writer> files);

    [[nodiscard]] std::string metrics_text();

    /// Nothing while they are not known. A role that nobody asked for before is followed from then on, and what it
    /// needs is waited for.
    [[nodiscard]] boost::asio::awaitable<sd_writer::target_list> targets_of(core::role which);

    /// Makes a page on a thread that nothing else waits for.
    [[nodiscard]] boost::asio::awaitable<proto_http::reply> make_aside(std::function<proto_http::reply()> make);

    /// What is known of a role now.
    [[nodiscard]] role_report report(core::role which, std::size_t most) const;

    /// What the status page is made of.
    [[nodiscard]] status_sources status_of_parts() const;

    core::endpoint_rules rules_;
    metrics counts_;
    std::chrono::system_clock::time_point started_;
    chronicle diary_;
    discovery_loop loop_;
    file_outputs outputs_;
    gong stepped_; ///< struck after each step of the machine
    std::optional<proto_http::listener> listener_;
    std::uint16_t port_;
    std::optional<runtime::helper_thread> page_maker_; ///< from the first long page on
    std::unique_ptr<runtime::web_access> access_; ///< nobody: the pages are open
    proto_http::server server_;
};

} // namespace agent::shell
