#pragma once

#include "agent/shell/doorbell.hpp"
#include "agent/shell/helper_thread.hpp"
#include "agent/shell/logging.hpp"
#include "agent/shell/metrics.hpp"
#include "sd_writer/debounce.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace agent::shell {

/// Brings the file up to date with the latest targets: debounced, one write at a time, on the helper thread. What is
/// published during a write is written next; a failed write is tried again.
class file_output {
public:
    using clock = std::chrono::steady_clock;

    /// @param busy  whether more changes are about to be known, so that waiting for quiet goes on
    file_output(boost::asio::any_io_executor executor, sd_writer::writer& writer, helper_thread& disk,
                sd_writer::debounce::limits limits, std::function<bool(clock::time_point)> busy, const logger& log,
                metrics& counts);

    /// The targets are new.
    /// @param since    when the change was first heard of, where that is known
    /// @param at_once  do not wait for quiet
    void publish(sd_writer::target_list targets, std::optional<clock::time_point> since, bool at_once);

    /// Looks at the file soon: somebody may have deleted or edited it.
    void verify();

    /// Whether `busy` may answer otherwise now.
    void reconsider() { bell_.ring(); }

    /// Whether the latest attempt to bring the file up to date succeeded; false before the first one.
    [[nodiscard]] bool succeeded() const noexcept { return succeeded_; }

    /// Writes until cancelled; a write that has begun is finished.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    [[nodiscard]] std::optional<clock::time_point> deadline() const;
    [[nodiscard]] boost::asio::awaitable<void> write();
    void written(const sd_writer::write_report& report, std::optional<clock::time_point> since, clock::duration took);

    sd_writer::writer& writer_;
    helper_thread& disk_;
    sd_writer::debounce debounce_;
    std::function<bool(clock::time_point)> busy_;
    const logger& log_;
    metrics& counts_;

    doorbell bell_;
    sd_writer::target_list targets_;          ///< what the file should say; nothing before the first list
    std::optional<clock::time_point> since_;  ///< of the oldest change not yet written
    std::optional<clock::time_point> due_at_; ///< a write that does not wait for quiet
    unsigned failures_ = 0;                   ///< in a row
    bool succeeded_ = false;
};

} // namespace agent::shell
