#pragma once

#include "agent/shell/metrics.hpp"
#include "agent/shell/status/chronicle.hpp"
#include "runtime/helper_thread.hpp"
#include "runtime/logging.hpp"
#include "sd_writer/debounce.hpp"
#include "sd_writer/writer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace agent::shell {

/// What is known of a file, for the status page.
struct output_facts {
    std::string path;
    core::role which = core::role::endpoints;
    std::optional<std::chrono::system_clock::time_point> looked_at{};  ///< when it was last known to be right
    std::optional<std::chrono::system_clock::time_point> written_at{}; ///< by this run of the agent
    std::string error{};                                               ///< of the latest attempt; empty: it succeeded
    std::size_t targets = 0;                                           ///< as of `looked_at`
    std::size_t groups = 0;
    std::size_t bytes = 0;
    std::uint64_t hash = 0;
};

/// Brings one file up to date with the latest targets: debounced, on the helper thread. What is published during a
/// write is written next; a failed write is tried again.
class file_output {
public:
    using clock = std::chrono::steady_clock;

    /// @param target   opened
    /// @param targets  what the file should say; asked when it is written
    /// @param diary    is told of what is new and what was written
    file_output(core::role which, sd_writer::writer target, std::function<sd_writer::target_parts()> targets,
                sd_writer::debounce::limits limits, const runtime::logger& log, metrics::file_series& counts,
                chronicle& diary);

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

    [[nodiscard]] const output_facts& facts() const noexcept { return facts_; }

private:
    void finished(const sd_writer::write_report& report, std::optional<clock::time_point> since, clock::duration took);
    void note_failed(const sd_writer::write_report& report, clock::duration took);
    void note_right(const sd_writer::write_report& report);
    void note_written(const sd_writer::write_report& report, std::optional<clock::duration> delay,
                      clock::duration took);

    sd_writer::writer writer_;
    std::function<sd_writer::target_parts()> targets_;
    sd_writer::debounce debounce_;
    const runtime::logger& log_;
    metrics::file_series& counts_;
    chronicle& diary_;
    output_facts facts_;

    bool published_ = false;
    std::optional<sd_writer::target_parts> held_; ///< what it says; nothing where that is not known, or very long
    std::optional<target_changes> changes_;       ///< that the latest write brought
    std::optional<clock::time_point> since_;      ///< of the oldest change not yet written
    std::optional<clock::time_point> due_at_;     ///< a write that does not wait for quiet
    unsigned failures_ = 0;                       ///< in a row
    bool succeeded_ = false;
    bool is_told_ = false; ///< that there are new targets since the latest write
};

} // namespace agent::shell
