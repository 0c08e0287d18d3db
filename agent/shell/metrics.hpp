#pragma once

#include "agent/core/role.hpp"
#include "instrumented_service/http_metrics/sources/process_metrics.hpp"

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace agent::shell {

/// The series of one family that differ in one label, whose values are all known beforehand.
template <class Metric>
class labelled {
public:
    void add(std::string value, Metric& series) { series_.emplace(std::move(value), series); }

    /// @param value  one of the known ones
    [[nodiscard]] Metric& operator[](std::string_view value) const { return series_.find(value)->second; }

private:
    std::map<std::string, std::reference_wrapper<Metric>, std::less<>> series_;
};

/// Every series the agent exposes, created at the start so that zero is visible. docs/metrics.md lists them.
///
/// Labels are few and bounded: never a service name, an ID or an error's text. Updated on the reactor only.
struct metrics {
    using counter = prometheus::Counter;
    using gauge = prometheus::Gauge;
    using histogram = prometheus::Histogram;

    /// @param files  the roles that have a file
    explicit metrics(const std::vector<core::role>& files = {core::role::endpoints});
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// All of them in the text format 0.0.4, the `process_*` ones included.
    [[nodiscard]] std::string text() const;

    prometheus::Registry registry;
    http_metrics::process_metrics process;

    // The event stream
    labelled<counter> events; ///< by `type`: service, node, container
    counter* events_dropped;
    gauge* stream_connected;
    gauge* engine_certificate_expiry; ///< of the one that we show; Unix time, NaN where there is none
    labelled<counter> stream_losses;  ///< by `cause`, see `stream_end_causes`
    labelled<counter> missed_changes; ///< by `announced`: true, false

    // The task watch
    labelled<gauge> feed;            ///< by `feed`: engine, task_watch
    labelled<counter> watch_changes; ///< by `type`, see `watch_kinds`
    gauge* watch_connected;
    gauge* watch_holds;
    labelled<counter> watch_losses;         ///< by `cause`, see `watch_end_causes`
    labelled<counter> watch_reads;          ///< by `what`: lists, leader
    labelled<counter> watch_read_failures;  ///< likewise
    labelled<histogram> watch_read_seconds; ///< likewise

    // Reads of the engine
    labelled<counter> reads;                ///< by `what`, see `core::read_kinds`
    labelled<counter> read_failures;        ///< likewise
    labelled<histogram> read_seconds;       ///< likewise
    labelled<counter> read_failure_reasons; ///< by `reason`, see `failure_reasons`
    gauge* last_sync;                       ///< Unix time
    gauge* sync_age_seconds;
    gauge* resync_interval_seconds;

    // What is known
    gauge* services;
    gauge* tasks;
    gauge* nodes;
    labelled<gauge> targets;       ///< by `role`
    labelled<gauge> skipped_tasks; ///< by `reason`, see `core::skip_reason`
    labelled<gauge> bad_labels;    ///< by `reason`, see `core::bad_label`
    gauge* empty_held_back;

    // The files, by `role`
    struct file_series {
        labelled<counter> writes; ///< by `result`: written, unchanged, failed
        histogram* write_seconds;
        gauge* written_at; ///< Unix time
        gauge* bytes;
        gauge* hash;
        histogram* update_delay_seconds;
    };
    std::map<core::role, file_series> files;

    gauge* ready;
    histogram* reactor_holds; ///< see `run_measured`
};

/// Why a stream of events ended, as the label says it.
inline constexpr std::array<std::string_view, 8> stream_end_causes{"eof", "timeout",  "refused", "forbidden",
                                                                   "tls", "rejected", "silent",  "other"};

/// What the watch tells of, in the order of `core::object_change::object`.
inline constexpr std::array<std::string_view, 4> watch_kinds{"task", "service", "node", "network"};

/// Why a watch ended or could not be opened, as the label says it.
inline constexpr std::array<std::string_view, 6> watch_end_causes{"no_manager", "forbidden", "other_swarm",
                                                                  "timeout",    "ended",     "closed"};

} // namespace agent::shell
