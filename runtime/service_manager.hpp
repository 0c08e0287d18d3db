#pragma once

#include "runtime/flags.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace runtime {

/// Whoever started this program and wants to know how it is: systemd, for a unit of `Type=notify`.
///
/// Its protocol is a datagram of `NAME=value` lines to the Unix socket that NOTIFY_SOCKET names, see sd_notify(3).
/// Without that variable nobody is told anything.
class service_manager {
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    explicit service_manager(const environment& variables);
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;
    ~service_manager();

    /// Tells it `lines`, such as `READY=1`. Never waits: what there is no room for is lost.
    ///
    /// @return why it was not told; empty too when nobody wants to know
    [[nodiscard]] std::error_code tell(std::string_view lines) const;

    /// That a SIGHUP is being obeyed; `READY=1` ends it.
    [[nodiscard]] std::error_code tell_reloading() const;

    /// Tells it what `status()` says in words whenever that changes, and, when the unit has a WatchdogSec, twice in
    /// that time that the reactor still turns: a program that hangs is started anew. Runs until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> keep_told(std::function<std::string()> status) const;

    /// How long it waits for a sign of life; nothing if it does not.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

private:
    std::string socket_; ///< as in sun_path; empty: nobody wants to know
    std::optional<std::chrono::microseconds> watchdog_;
    // Opened once: a sign of life must not depend on whether a descriptor can be had at that moment.
    int descriptor_ = -1;
    std::error_code trouble_;
};

} // namespace runtime
