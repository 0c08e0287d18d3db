#include "agent/shell/file_output.hpp"

#include "agent/core/backoff.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

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

double seconds(std::chrono::steady_clock::duration value)
{
    return std::chrono::duration<double>(value).count();
}

} // namespace

file_output::file_output(sd_writer::writer target, std::function<sd_writer::target_parts()> targets,
                         sd_writer::debounce::limits limits, const runtime::logger& log, metrics::file_series& counts)
    : writer_(std::move(target)), targets_(std::move(targets)), debounce_(limits), log_(log), counts_(counts)
{
}

void file_output::publish(std::optional<clock::time_point> since, bool at_once)
{
    published_ = true;
    if (since && (!since_ || *since < *since_))
        since_ = since;
    debounce_.changed(clock::now());
    if (at_once)
        due_at_ = clock::now();
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
    const auto since = std::exchange(since_, std::nullopt);
    const auto started = clock::now();
    // Parts are shared with the job: what is new meanwhile has others. There they are put into order, too.
    auto job = [&writer = writer_, targets = targets_()]() mutable { return writer.write(std::move(targets)); };
    const auto report = co_await disk.run(std::move(job));
    written(report, since, clock::now() - started);
}

void file_output::written(const sd_writer::write_report& report, std::optional<clock::time_point> since,
                          clock::duration took)
{
    using sd_writer::write_outcome;
    counts_.writes[word_for(report.outcome)].Increment();
    counts_.write_seconds->Observe(seconds(took));
    succeeded_ = report.outcome != write_outcome::failed;

    if (!succeeded_) {
        since_ = since_ ? since_ : since; // still to be shown
        due_at_ = clock::now() + core::retry_delay(++failures_, retries, 0.0);
        if (std::has_single_bit(failures_))
            log_.error("write_failed", {{"path", writer_.path().native()},
                                        {"error", report.error.message()},
                                        {"detail", report.detail},
                                        {"attempt", failures_}});
        return;
    }
    failures_ = 0;
    counts_.bytes->Set(static_cast<double>(report.bytes));
    counts_.hash->Set(static_cast<double>(report.hash));
    if (report.outcome == write_outcome::unchanged)
        return;

    counts_.written_at->SetToCurrentTime();
    if (since)
        counts_.update_delay_seconds->Observe(seconds(clock::now() - *since));
    log_.info("file_written", {{"path", writer_.path().native()},
                               {"targets", report.targets},
                               {"groups", report.groups},
                               {"bytes", report.bytes},
                               {"duration_seconds", seconds(took)}});
}

} // namespace agent::shell
