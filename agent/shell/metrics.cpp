#include "agent/shell/metrics.hpp"

#include "agent/core/events.hpp"
#include "agent/core/skip_counts.hpp"
#include "agent/shell/failure_reason.hpp"
#include "instrumented_service/http_metrics/exposition/collected.hpp"
#include "runtime/version.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

namespace agent::shell {
namespace {

using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

constexpr std::array<std::string_view, 4> subjects{"service", "node", "container", "network"};
constexpr std::array<std::string_view, 2> booleans{"true", "false"};
constexpr std::array<std::string_view, 3> write_results{"written", "unchanged", "failed"};

constexpr std::array<std::string_view, 2> feeds{"engine", "task_watch"};
constexpr std::array<std::string_view, 2> watch_read_kinds{"lists", "leader"};

// Single reads take below a millisecond, an engine without a leader 20 seconds.
const Histogram::BucketBoundaries read_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                               0.25,  0.5,    1,     2.5,  5,     10,   25};
const Histogram::BucketBoundaries write_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                0.05,   0.1,   0.25,   0.5,   1,    2.5};
const Histogram::BucketBoundaries delay_buckets{0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
                                                0.75,  1,    1.5, 2,    2.5, 5,   10};
// Most turns take microseconds; none is to take more than 10 ms.
const Histogram::BucketBoundaries hold_buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                               0.01,   0.025,   0.05,   0.1,   0.25,   1};

/// Builds families, all with our prefix.
class builder {
public:
    explicit builder(Registry& registry) : registry_(registry) {}

    prometheus::Counter* counter(const std::string& name, const std::string& help)
    {
        return &counters(name, help).Add({});
    }

    prometheus::Gauge* gauge(const std::string& name, const std::string& help) { return &gauges(name, help).Add({}); }

    prometheus::Histogram* histogram(const std::string& name, const std::string& help,
                                     const Histogram::BucketBoundaries& buckets)
    {
        return &histograms(name, help).Add({}, buckets);
    }

    template <class Values>
    labelled<prometheus::Counter> counter_by(const std::string& name, const std::string& help, const std::string& label,
                                             const Values& values, const Labels& more = {})
    {
        return by(counters(name, help), label, values, more);
    }

    template <class Values>
    labelled<prometheus::Gauge> gauge_by(const std::string& name, const std::string& help, const std::string& label,
                                         const Values& values)
    {
        return by(gauges(name, help), label, values, {});
    }

    template <class Values>
    labelled<prometheus::Histogram> histogram_by(const std::string& name, const std::string& help,
                                                 const std::string& label, const Values& values,
                                                 const Histogram::BucketBoundaries& buckets)
    {
        return by(histograms(name, help), label, values, {}, buckets);
    }

    metrics::file_series file_of(core::role which)
    {
        const Labels role{{"role", std::string(to_string(which))}};
        return {
            by(counters("file_writes_total", "Comparisons of a file with its targets, by outcome."), "result",
               write_results, role),
            &histograms("file_write_duration_seconds", "Time to compare, check and replace a file.")
                 .Add(role, write_buckets),
            &gauges("file_written_timestamp_seconds", "When a file was last replaced.").Add(role),
            &gauges("file_size_bytes", "Size of a file.").Add(role),
            &gauges("file_hash", "Hash of a file's bytes, 48 bits of it: equal files have equal hashes.").Add(role),
            &histograms("update_delay_seconds", "Time from hearing of a change to the file that shows it.")
                 .Add(role, delay_buckets),
        };
    }

    void build_info()
    {
        gauges("build_info", "What this program was built from; the value is always 1.")
            .Add({{"version", std::string(runtime::version())}, {"compiler", std::string(runtime::compiler())}})
            .Set(1);
    }

private:
    prometheus::Family<prometheus::Counter>& counters(const std::string& name, const std::string& help)
    {
        return prometheus::BuildCounter().Name("swarm_sd_" + name).Help(help).Register(registry_);
    }
    prometheus::Family<prometheus::Gauge>& gauges(const std::string& name, const std::string& help)
    {
        return prometheus::BuildGauge().Name("swarm_sd_" + name).Help(help).Register(registry_);
    }
    prometheus::Family<Histogram>& histograms(const std::string& name, const std::string& help)
    {
        return prometheus::BuildHistogram().Name("swarm_sd_" + name).Help(help).Register(registry_);
    }

    template <class Metric, class Values, class... Parameters>
    static labelled<Metric> by(prometheus::Family<Metric>& family, const std::string& label, const Values& values,
                               const Labels& more, Parameters... parameters)
    {
        labelled<Metric> series;
        for (const auto value : values) {
            Labels labels = more;
            labels.emplace(label, value);
            series.add(std::string(value), family.Add(labels, parameters...));
        }
        return series;
    }

    Registry& registry_;
};

template <class Enum, std::size_t Count>
std::vector<std::string_view> words_of()
{
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < Count; ++at)
        words.push_back(to_string(static_cast<Enum>(at)));
    return words;
}

} // namespace

metrics::metrics(const std::vector<core::role>& file_roles)
{
    builder build(registry);
    build.build_info();

    events = build.counter_by("events_total", "Records of the engine's event stream that concern discovery.", "type",
                              subjects);
    events_dropped = build.counter("events_dropped_total",
                                   "Records of the event stream that could not be read; each causes a full list.");
    stream_connected = build.gauge("stream_connected", "Whether the engine's event stream is open.");
    engine_certificate_expiry = build.gauge("engine_certificate_expiry_timestamp_seconds",
                                            "When the certificate expires that is shown to the engine.");
    engine_certificate_expiry->Set(std::numeric_limits<double>::quiet_NaN());
    stream_losses = build.counter_by("stream_losses_total", "Ends of the event stream and failed attempts to open it.",
                                     "cause", stream_end_causes);
    missed_changes = build.counter_by(
        "missed_changes_total",
        "Changes that only a full list showed, by whether the event stream should have announced them.", "announced",
        booleans);

    feed = build.gauge_by("feed_active", "Which way of learning carries now: the task watch, or the Engine API alone.",
                          "feed", feeds);
    watch_connected = build.gauge("watch_connected", "Whether the swarm's own task stream is open.");
    watch_holds = build.gauge("watch_changes_held_back",
                              "Whether the task stream carries but is behind its leader, so that lists are awaited.");
    watch_changes =
        build.counter_by("watch_changes_total", "Changes of objects that the task stream told.", "type", watch_kinds);
    watch_losses = build.counter_by("watch_losses_total", "Ends of the task stream and failed attempts to open it.",
                                    "cause", watch_end_causes);
    watch_reads = build.counter_by("watch_reads_total",
                                   "Reads on the control socket: all lists, or signs of life of the "
                                   "swarm's leader.",
                                   "what", watch_read_kinds);
    watch_read_failures = build.counter_by(
        "watch_read_failures_total", "Reads on the control socket that gave no information.", "what", watch_read_kinds);
    watch_read_seconds =
        build.histogram_by("watch_read_duration_seconds", "Time from a read's request to its decoded answer.", "what",
                           watch_read_kinds, read_buckets);

    const auto kinds = words_of<core::read_kind, core::read_kind_count>();
    reads = build.counter_by("reads_total", "Reads of the Engine API.", "what", kinds);
    read_failures =
        build.counter_by("read_failures_total", "Reads of the Engine API that gave no information.", "what", kinds);
    read_failure_reasons = build.counter_by("read_failure_reasons_total",
                                            "Reads of the Engine API that gave no information, by what was wrong.",
                                            "reason", failure_reasons);
    read_seconds = build.histogram_by("read_duration_seconds", "Time from a read's request to its decoded answer.",
                                      "what", kinds, read_buckets);
    last_sync = build.gauge("last_sync_timestamp_seconds",
                            "When the last complete list, or sign of life of the swarm's leader, arrived.");
    sync_age_seconds =
        build.gauge("sync_age_seconds", "How long ago a complete list, or the swarm's leader, last said what is true.");
    resync_interval_seconds = build.gauge("resync_interval_seconds",
                                          "Time between full lists; longer than configured where lists are costly.");

    services = build.gauge("services", "Services known.");
    tasks = build.gauge("tasks", "Tasks known, in any state.");
    nodes = build.gauge("nodes", "Nodes known.");
    targets = build.gauge_by("targets", "Targets believed to be there, by role.", "role",
                             words_of<core::role, core::role_count>());
    skipped_tasks = build.gauge_by("skipped_tasks", "Tasks, or single ports of them, that are no targets, by reason.",
                                   "reason", words_of<core::skip_reason, core::skip_reason_count>());
    bad_labels = build.gauge_by("bad_labels", "Owner's labels without effect, by reason.", "reason",
                                words_of<core::bad_label, core::bad_label_count>());
    empty_held_back = build.gauge("empty_held_back",
                                  "Whether all targets seem to be gone and a second list is awaited to believe it.");

    for (const auto which : file_roles)
        files.emplace(which, build.file_of(which));

    ready = build.gauge("ready", "Whether the file is fresh: a recent complete list, and the last write succeeded.");
    reactor_holds =
        build.histogram("reactor_hold_seconds",
                        "CPU time of one turn of the thread that does everything but write files.", hold_buckets);
}

std::string metrics::text() const
{
    auto families = registry.Collect();
    for (auto& family : http_metrics::collect(process))
        families.push_back(std::move(family));
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace agent::shell
