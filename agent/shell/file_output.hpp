#pragma once

#include "agent/shell/metrics.hpp"
#include "runtime/helper_thread.hpp"
#include "runtime/logging.hpp"
#include "sd_writer/debounce.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace agent::shell {

/// Brings one file up to date with the latest targets: debounced, on the helper thread. What is published during a
/// write is written next; a failed write is tried again.
class file_output {
public:
    using clock = std::chrono::steady_clock;

    /// @param target   opened
    /// @param targets  what the file should say; asked when it is written
    file_output(sd_writer::writer target, std::function<sd_writer::target_parts()> targets,
                sd_writer::debounce::limits limits, const runtime::logger& log, metrics::file_series& counts);

    /// The targets are new.
    /// @param since    when the change was first heard of, where that is known
    /// @param at_once  do not wait for quiet
    void publish(std::optional<clock::time_point> since, bool at_once);

    /// Looks at the file soon: somebody may have deleted or edited it.
    void verify();

    /// When `write` is wanted; nothing while there is nothing to write.
    /// @param busy  more changes are about to be known, so that waiting for quiet goes on
    [[nodiscard]] std::optional<clock::time_point> deadline(bool busy) const;

    /// Brings the file up to date. Cannot be cancelled: a write that has begun is finished.
    [[nodiscard]] boost::asio::awaitable<void> write(runtime::helper_thread& disk);

    /// Whether the latest attempt to bring the file up to date succeeded; false before the first one.
    [[nodiscard]] bool succeeded() const noexcept { return succeeded_; }

private:
    void written(const sd_writer::write_report& report, std::optional<clock::time_point> since, clock::duration took);

    sd_writer::writer writer_;
    std::function<sd_writer::target_parts()> targets_;
    sd_writer::debounce debounce_;
    const runtime::logger& log_;
    metrics::file_series& counts_;

    bool published_ = false;
    std::optional<clock::time_point> since_;  ///< of the oldest change not yet written
    std::optional<clock::time_point> due_at_; ///< a write that does not wait for quiet
    unsigned failures_ = 0;                   ///< in a row
    bool succeeded_ = false;
};

} // namespace agent::shell
