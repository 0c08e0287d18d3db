#include "agent/shell/file_output.hpp"

#include "agent/core/backoff.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A full disk or a missing directory is looked at again soon, then less and less often.
constexpr core::backoff_limits retries{.first = 500ms, .most = 10s};

std::string_view word_for(sd_writer::write_outcome outcome)
{
    switch (outcome) {
    case sd_writer::write_outcome::written:
        return "written";
    case sd_writer::write_outcome::unchanged:
        return "unchanged";
    case sd_writer::write_outcome::failed:
        break;
    }
    return "failed";
}

/// Targets of a list that is worth keeping, so that the next one can be compared with it. A longer one would cost
/// memory for as long as both are there, and nobody reads such a comparison.
constexpr std::size_t most_compared = 20'000;

/// What was written, and what that changed; nothing where there is nothing to compare it with.
using compared = std::pair<sd_writer::write_report, std::optional<target_changes>>;

compared write_and_compare(sd_writer::writer& writer, const sd_writer::target_parts& targets,
                           const std::optional<sd_writer::target_parts>& before)
{
    compared done{writer.write(targets), std::nullopt};
    if (done.first.outcome != sd_writer::write_outcome::written || !before)
        return done;
    try {
        const auto old_groups = sd_writer::canonical(*before);
        const auto new_groups = sd_writer::canonical(targets);
        done.second = changes_between(old_groups, new_groups, chronicle::named_changes);
    } catch (const std::bad_alloc&) {
        // The file is right; that nobody can be told what is new is no reason to end.
    }
    return done;
}

double seconds(std::chrono::steady_clock::duration value)
{
    return std::chrono::duration<double>(value).count();
}

} // namespace

file_output::file_output(core::role which, sd_writer::writer target, std::function<sd_writer::target_parts()> targets,
                         sd_writer::debounce::limits limits, const runtime::logger& log, metrics::file_series& counts,
                         chronicle& diary)
    : writer_(std::move(target)),
      targets_(std::move(targets)),
      debounce_(limits),
      log_(log),
      counts_(counts),
      diary_(diary)
{
    facts_.path = writer_.path().native();
    facts_.which = which;
}

void file_output::publish(std::optional<clock::time_point> since, bool at_once)
{
    published_ = true;
    if (since && (!since_ || *since < *since_))
        since_ = since;
    debounce_.changed(clock::now());
    if (at_once)
        due_at_ = clock::now();
    if (!std::exchange(is_told_, true))
        diary_.changed(facts_.which, std::chrono::system_clock::now());
}

void file_output::verify()
{
    if (published_ && !due_at_ && failures_ == 0 && !debounce_.deadline(false))
        due_at_ = clock::now();
}

std::optional<file_output::clock::time_point> file_output::deadline(bool busy) const
{
    const auto quiet_at = debounce_.deadline(busy);
    if (!due_at_ || failures_ > 0)
        return due_at_ ? due_at_ : quiet_at; // after a failure new changes wait for the next attempt
    return quiet_at ? std::min(*quiet_at, *due_at_) : *due_at_;
}

asio::awaitable<void> file_output::write(runtime::helper_thread& disk)
{
    debounce_.taken();
    due_at_.reset();
    is_told_ = false;
    const auto since = std::exchange(since_, std::nullopt);
    const auto started = clock::now();
    // Parts are shared with the job: what is new meanwhile has others. There they are put into order, too.
    const auto targets = targets_();
    auto job = [&writer = writer_, targets, before = held_] { return write_and_compare(writer, targets, before); };
    auto [report, changes] = co_await disk.run(std::move(job));
    changes_ = std::move(changes);
    if (report.outcome != sd_writer::write_outcome::failed)
        held_ = report.targets <= most_compared ? std::optional(targets) : std::nullopt;
    finished(report, since, clock::now() - started);
}

void file_output::finished(const sd_writer::write_report& report, std::optional<clock::time_point> since,
                           clock::duration took)
{
    using sd_writer::write_outcome;
    counts_.writes[word_for(report.outcome)].Increment();
    counts_.write_seconds->Observe(seconds(took));
    succeeded_ = report.outcome != write_outcome::failed;

    if (!succeeded_) {
        since_ = since_ ? since_ : since; // still to be shown
        due_at_ = clock::now() + core::retry_delay(++failures_, retries, 0.0);
        note_failed(report, took);
        return;
    }
    failures_ = 0;
    note_right(report);
    if (report.outcome == write_outcome::written)
        note_written(report, since ? std::optional(clock::now() - *since) : std::nullopt, took);
}

void file_output::note_failed(const sd_writer::write_report& report, clock::duration took)
{
    facts_.error = report.detail.empty() ? report.error.message() : report.detail;
    if (!std::has_single_bit(failures_))
        return;
    log_.error("write_failed", {{"path", writer_.path().native()},
                                {"error", report.error.message()},
                                {"detail", report.detail},
                                {"attempt", failures_}});
    diary_.wrote({.at = std::chrono::system_clock::now(),
                  .which = facts_.which,
                  .error = facts_.error,
                  .attempt = failures_,
                  .took = took});
}

void file_output::note_right(const sd_writer::write_report& report)
{
    counts_.bytes->Set(static_cast<double>(report.bytes));
    counts_.hash->Set(static_cast<double>(report.hash));
    facts_.error.clear();
    facts_.looked_at = std::chrono::system_clock::now();
    facts_.targets = report.targets;
    facts_.groups = report.groups;
    facts_.bytes = report.bytes;
    facts_.hash = report.hash;
}

void file_output::note_written(const sd_writer::write_report& report, std::optional<clock::duration> delay,
                               clock::duration took)
{
    counts_.written_at->SetToCurrentTime();
    if (delay)
        counts_.update_delay_seconds->Observe(seconds(*delay));
    log_.info("file_written", {{"path", writer_.path().native()},
                               {"targets", report.targets},
                               {"groups", report.groups},
                               {"bytes", report.bytes},
                               {"duration_seconds", seconds(took)}});
    facts_.written_at = facts_.looked_at;
    diary_.wrote({.at = *facts_.looked_at,
                  .which = facts_.which,
                  .targets = report.targets,
                  .bytes = report.bytes,
                  .hash = report.hash,
                  .took = took,
                  .delay = delay,
                  .changes = std::exchange(changes_, std::nullopt)});
}

} // namespace agent::shell
