#include "agent/shell/status/status_page.hpp"

#include "agent/shell/json_text.hpp"
#include "agent/shell/status/utc_time.hpp"
#include "runtime/version.hpp"

#include <array>
#include <cstdio>

namespace agent::shell {
namespace {

using time_point = std::chrono::system_clock::time_point;

std::string time_json(const std::optional<time_point>& when)
{
    return when ? "\"" + utc_text(*when) + "\"" : "null";
}

std::string seconds_json(const std::optional<std::chrono::duration<double>>& span)
{
    if (!span)
        return "null";
    std::array<char, 48> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%.3f", span->count());
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string_view boolean(bool value)
{
    return value ? "true" : "false";
}

/// An object of fields that are JSON already.
class object {
public:
    object& add(std::string_view name, std::string_view json)
    {
        text_ += (text_.empty() ? "{" : ",") + quoted(name) + ":";
        text_ += json;
        return *this;
    }
    object& add_text(std::string_view name, std::string_view value) { return add(name, quoted(value)); }
    object& add_number(std::string_view name, std::uint64_t value) { return add(name, std::to_string(value)); }

    [[nodiscard]] std::string json() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
    std::string text_;
};

/// Those that are not zero.
std::string counts_json(const core::skip_counts& counts)
{
    object all;
    for (std::size_t at = 0; at < core::skip_reason_count; ++at)
        if (counts.tasks.at(at) > 0)
            all.add_number(to_string(static_cast<core::skip_reason>(at)), counts.tasks.at(at));
    return all.json();
}

std::string labels_json(const core::skip_counts& counts)
{
    object all;
    for (std::size_t at = 0; at < core::bad_label_count; ++at)
        if (counts.labels.at(at) > 0)
            all.add_number(to_string(static_cast<core::bad_label>(at)), counts.labels.at(at));
    return all.json();
}

std::string finding_json(const finding& one)
{
    return object().add_text("what", one.what).add_text("to_do", one.to_do).json();
}

std::string line_json(const line_facts& line)
{
    return object()
        .add("open", boolean(line.is_open))
        .add("since", time_json(line.since))
        .add_text("trouble", line.trouble)
        .json();
}

std::string feed_json(const status_report& report)
{
    const auto& feeds = report.feeds;
    return object()
        .add_text("carrier", to_string(feeds.carrier))
        .add("since", time_json(feeds.carries_since))
        .add_text("because", feeds.carries_because)
        .add("engine_events", line_json(feeds.stream))
        .add("task_watch", line_json(feeds.watch))
        .add("watch_holds_changes", boolean(report.watch_holds))
        .add("heard_at", time_json(feeds.heard_at))
        .add("listed_at", time_json(feeds.listed_at))
        .add_text("read_trouble", feeds.read_trouble)
        .add("synced_age_seconds", seconds_json(report.synced))
        .add("stale_after_seconds", seconds_json(report.stale_after))
        .add("resync_interval_seconds", seconds_json(report.resync_interval))
        .json();
}

std::string output_json(const output_facts& file)
{
    return object()
        .add_text("role", to_string(file.which))
        .add_text("path", file.path)
        .add("written_at", time_json(file.written_at))
        .add("looked_at", time_json(file.looked_at))
        .add_number("targets", file.targets)
        .add_number("groups", file.groups)
        .add_number("bytes", file.bytes)
        .add_number("hash", file.hash)
        .add_text("error", file.error)
        .json();
}

std::string service_json(const service_row& row)
{
    return object()
        .add_text("name", row.name)
        .add_text("state", to_string(row.state))
        .add_number("targets", row.targets)
        .add_number("running", row.running)
        .add("wanted", row.wanted ? std::to_string(*row.wanted) : "null")
        .add("updating", boolean(row.is_updating))
        .add("skipped", counts_json(row.skipped))
        .add("bad_labels", labels_json(row.skipped))
        .json();
}

std::string targets_json(const status_report& report)
{
    object all;
    for (const auto& [which, count] : report.targets)
        all.add_number(to_string(which), count);
    return all.json();
}

} // namespace

proto_http::reply status_json(const status_report& report)
{
    object data;
    data.add_text("version", runtime::version())
        .add("at", time_json(report.at))
        .add_text("verdict", to_string(report.how))
        .add("ready", boolean(!report.not_ready))
        .add_text("not_ready_because", report.not_ready.value_or(""))
        .add("findings", json_list(report.findings, finding_json))
        .add("feed", feed_json(report))
        .add("empty_held_back", boolean(report.holds_back))
        .add("outputs", json_list(report.outputs, output_json))
        .add("targets", targets_json(report))
        .add_number("service_count", report.services)
        .add_number("task_count", report.tasks)
        .add_number("node_count", report.nodes)
        .add("skipped", counts_json(report.skipped))
        .add("bad_labels", labels_json(report.skipped))
        .add("services", json_list(report.rows, service_json))
        .add_number("matching_services", report.matching)
        .add("heard", json_list(report.heard, [](const journal_entry& entry) { return to_json(entry); }))
        .add("events", json_list(report.others, [](const journal_entry& entry) { return to_json(entry); }))
        .add_number("newest_event", report.newest);
    proto_http::reply page;
    page.content_type = "application/json";
    page.fields = {{"Cache-Control", "no-store"}};
    page.body = object().add_text("status", "success").add("data", data.json()).json() + "\n";
    return page;
}

} // namespace agent::shell
