#include "agent/shell/status/status_page.hpp"

#include "agent/shell/status/html.hpp"
#include "agent/shell/status/utc_time.hpp"
#include "runtime/version.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

namespace agent::shell {
namespace {

using time_point = std::chrono::system_clock::time_point;
using std::chrono::duration;

constexpr std::string_view policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// --- Words ---

std::string number_text(std::size_t value)
{
    auto text = std::to_string(value);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ","); // 1,234,567
    return text;
}

std::string count_text(std::size_t count, std::string_view one, std::string_view many)
{
    return number_text(count) + " " + std::string(count == 1 ? one : many);
}

/// `3 s`, `5 min`, `2 h`, `4 d`
std::string span_text(duration<double> span)
{
    const auto seconds = static_cast<long long>(span.count());
    if (seconds < 100)
        return std::to_string(std::max(seconds, 0LL)) + " s";
    if (seconds < 100 * 60)
        return std::to_string(seconds / 60) + " min";
    if (seconds < 48 * 3600)
        return std::to_string(seconds / 3600) + " h";
    return std::to_string(seconds / 86400) + " d";
}

std::string milliseconds_text(duration<double> span)
{
    std::array<char, 48> text{};
    const auto size = span < std::chrono::seconds(1)
                          ? std::snprintf(text.data(), text.size(), "%.0f ms", span.count() * 1000)
                          : std::snprintf(text.data(), text.size(), "%.2f s", span.count());
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string bytes_text(std::size_t bytes)
{
    std::array<char, 48> text{};
    const auto value = static_cast<double>(bytes);
    int size = 0;
    if (bytes < 1'000)
        size = std::snprintf(text.data(), text.size(), "%zu B", bytes);
    else if (bytes < 1'000'000)
        size = std::snprintf(text.data(), text.size(), "%.1f kB", value / 1e3);
    else
        size = std::snprintf(text.data(), text.size(), "%.1f MB", value / 1e6);
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string hash_text(std::uint64_t hash)
{
    std::array<char, 24> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%012llx", static_cast<unsigned long long>(hash));
    return {text.data(), static_cast<std::size_t>(size)};
}

/// For people; the words of the API are in `core::skip_reason`.
std::string_view spoken(core::skip_reason reason)
{
    using core::skip_reason;
    switch (reason) {
    case skip_reason::not_running:
        return "not running";
    case skip_reason::unknown_service:
        return "of a removed service";
    case skip_reason::ignored:
        return "ignored by --ignore-services";
    case skip_reason::not_selected:
        return "not selected by its labels";
    case skip_reason::no_port:
        return "no port to scrape: the label prometheus.port gives one";
    case skip_reason::bad_port:
        return "a port that is none: look at the label prometheus.port";
    case skip_reason::no_shared_network:
        return "no address on a network that counts: look at --network and the label prometheus.network";
    case skip_reason::bad_address:
        return "an unreadable address";
    case skip_reason::over_quota:
        break;
    }
    return "more than a service may have";
}

std::string_view spoken(service_state state)
{
    switch (state) {
    case service_state::scraped:
        return "scraped";
    case service_state::partly:
        return "needs a look";
    case service_state::not_scraped:
        return "not scraped";
    case service_state::left_out:
        return "left out";
    case service_state::idle:
        break;
    }
    return "nothing runs";
}

std::string_view headline(const status_report& report)
{
    switch (report.how) {
    case verdict::right:
        return "Targets are right";
    case verdict::starting:
        return "Starting";
    case verdict::look:
        return "Targets are right, but have a look";
    case verdict::broken:
        break;
    }
    return "Do not rely on the targets";
}

std::string_view sign(verdict how)
{
    switch (how) {
    case verdict::right:
        return "✓";
    case verdict::starting:
        return "…";
    case verdict::look:
        return "!";
    case verdict::broken:
        break;
    }
    return "✕";
}

// --- Pieces ---

/// `<time>`: how long ago, and when exactly for who points at it and for the script.
void write_ago(html& out, time_point when, time_point now)
{
    const auto text = utc_text(when);
    out.markup("<time datetime=\"").text(text).markup("\" title=\"").text(text).markup("\">");
    out.text(span_text(now - when)).markup(" ago</time>");
}

void write_ago(html& out, const std::optional<time_point>& when, time_point now, std::string_view otherwise)
{
    if (when)
        write_ago(out, *when, now);
    else
        out.text(otherwise);
}

void write_verdict(html& out, const status_report& report)
{
    out.markup("<section id=\"verdict\" class=\"")
        .text(to_string(report.how))
        .markup("\" aria-labelledby=\"headline\">");
    out.markup("<span class=\"sign\" aria-hidden=\"true\">").text(sign(report.how)).markup("</span><div>");
    out.markup("<h2 id=\"headline\">").text(headline(report)).markup("</h2>");
    if (report.findings.empty()) {
        const auto targets = report.targets.empty() ? 0 : report.targets.front().second;
        out.markup("<p>").text(count_text(targets, "target", "targets")).markup(" of ");
        out.text(count_text(report.services, "service", "services")).markup("; nothing is to be done.</p>");
    } else {
        out.markup("<ul>");
        for (const auto& one : report.findings)
            out.markup("<li><strong>").text(one.what).markup(".</strong> ").text(one.to_do).markup("</li>");
        out.markup("</ul>");
    }
    out.markup("</div></section>\n");
}

void write_line(html& out, const line_facts& line, time_point now)
{
    if (line.is_open) {
        out.markup("open since ");
        write_ago(out, line.since, now, "");
    } else if (line.since) {
        out.markup("<span class=\"bad\">closed</span> since ");
        write_ago(out, line.since, now, "");
        out.markup(": ").name(line.trouble);
    } else {
        out.markup("not open");
    }
}

void write_feed_card(html& out, const status_report& report)
{
    const auto& feeds = report.feeds;
    const bool by_watch = feeds.carrier == core::feed::watch;
    out.markup("<div><dt>Learnt by</dt><dd><b>").text(by_watch ? "task watch" : "engine");
    out.markup("</b><small>since ");
    write_ago(out, feeds.carries_since, report.at);
    if (!feeds.carries_because.empty())
        out.markup(": ").text(feeds.carries_because);
    out.markup("</small><small>engine’s events: ");
    write_line(out, feeds.stream, report.at);
    out.markup("</small>");
    if (by_watch || feeds.watch.since) {
        out.markup("<small>task watch: ");
        write_line(out, feeds.watch, report.at);
        out.markup("</small>");
    }
    out.markup("</dd></div>");
}

void write_facts(html& out, const status_report& report)
{
    const auto& feeds = report.feeds;
    out.markup("<section id=\"facts\" aria-label=\"How the swarm is learnt\"><dl>");
    write_feed_card(out, report);

    out.markup("<div><dt>Confirmed</dt><dd><b>");
    write_ago(out,
              report.synced
                  ? std::optional(report.at - std::chrono::duration_cast<time_point::duration>(*report.synced))
                  : std::nullopt,
              report.at, "not yet");
    out.markup("</b><small>last full list: ");
    write_ago(out, feeds.listed_at, report.at, "not yet");
    out.markup("</small><small>relied on for ").text(span_text(report.stale_after)).markup("</small>");
    if (!feeds.read_trouble.empty())
        out.markup("<small class=\"bad\">").name(feeds.read_trouble).markup("</small>");
    out.markup("</dd></div>");

    out.markup("<div><dt>Last change heard</dt><dd><b>");
    write_ago(out, feeds.heard_at, report.at, "none yet");
    out.markup("</b><small>").text(count_text(report.nodes, "node", "nodes")).markup(", ");
    out.text(count_text(report.services, "service", "services")).markup(", ");
    out.text(count_text(report.tasks, "task", "tasks")).markup("</small></dd></div>");

    out.markup("<div><dt>Targets</dt><dd>");
    if (report.targets.empty())
        out.markup("<b>none known</b>");
    for (const auto& [which, count] : report.targets)
        out.markup("<b>")
            .text(number_text(count))
            .markup("</b><small>role <a href=\"/sd/")
            .text(to_string(which))
            .markup("\">")
            .text(to_string(which))
            .markup("</a></small>");
    out.markup("</dd></div></dl></section>\n");
}

void write_outputs(html& out, const status_report& report)
{
    out.markup("<section id=\"outputs\" aria-labelledby=\"files\"><h2 id=\"files\">Files</h2><table><thead><tr>"
               "<th scope=\"col\">Role</th><th scope=\"col\">File</th><th scope=\"col\" class=\"count\">Targets</th>"
               "<th scope=\"col\" class=\"wide count\">Size</th><th scope=\"col\" class=\"wide\">Hash</th>"
               "<th scope=\"col\">Written</th></tr></thead><tbody>");
    for (const auto& file : report.outputs) {
        out.markup("<tr><th scope=\"row\">").text(to_string(file.which)).markup("</th><td class=\"path\">");
        out.name(file.path);
        if (!file.error.empty())
            out.markup("<small class=\"bad\">").name(file.error).markup("</small>");
        out.markup("</td><td class=\"count\" data-of=\"targets\">")
            .text(file.looked_at ? number_text(file.targets) : "–");
        out.markup("</td><td class=\"wide count\">").text(file.looked_at ? bytes_text(file.bytes) : "–");
        out.markup("</td><td class=\"wide\"><code>").text(file.looked_at ? hash_text(file.hash) : "–");
        out.markup("</code></td><td>");
        write_ago(out, file.written_at, report.at, file.looked_at ? "was right already" : "not yet");
        if (file.looked_at) {
            out.markup("<small class=\"wide\">looked at ");
            write_ago(out, *file.looked_at, report.at);
            out.markup("</small>");
        }
        out.markup("</td></tr>");
    }
    out.markup("</tbody></table></section>\n");
}

void write_skips(html& out, const core::skip_counts& counts)
{
    out.markup("<ul class=\"why\">");
    for (std::size_t at = 0; at < core::skip_reason_count; ++at) {
        const auto reason = static_cast<core::skip_reason>(at);
        if (counts.tasks.at(at) > 0)
            out.markup("<li>")
                .text(number_text(counts.tasks.at(at)))
                .markup(" × <code>")
                .text(to_string(reason))
                .markup("</code> ")
                .text(spoken(reason))
                .markup("</li>");
    }
    for (std::size_t at = 0; at < core::bad_label_count; ++at)
        if (counts.labels.at(at) > 0)
            out.markup("<li>")
                .text(number_text(counts.labels.at(at)))
                .markup(" × <code>")
                .text(to_string(static_cast<core::bad_label>(at)))
                .markup("</code> label without effect</li>");
    out.markup("</ul>");
}

/// For a query's value: everything but unreserved characters (RFC 3986 §2.3).
std::string query_text(std::string_view value)
{
    std::string out;
    for (const char letter : value) {
        const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                              (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
                              letter == '~';
        std::array<char, 4> text{};
        std::snprintf(text.data(), text.size(), "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(letter)));
        out += is_plain ? std::string(1, letter) : std::string(text.data(), 3);
    }
    return out;
}

void write_service(html& out, const service_row& row)
{
    out.markup("<tr class=\"").text(to_string(row.state)).markup("\"><th scope=\"row\"><a href=\"/?service=");
    out.text(query_text(row.name)).markup("\">").name(row.name).markup("</a></th><td><span class=\"state\">");
    out.text(spoken(row.state))
        .markup("</span></td><td class=\"count\" data-of=\"targets\">")
        .text(number_text(row.targets));
    out.markup("</td><td class=\"count\" data-of=\"running\">").text(number_text(row.running));
    if (row.wanted)
        out.markup("<span class=\"of\"> of ").text(number_text(*row.wanted)).markup("</span>");
    if (row.is_updating)
        out.markup("<small>updating</small>");
    out.markup("</td><td class=\"reasons\">");
    write_skips(out, row.skipped);
    out.markup("</td></tr>");
}

void write_search(html& out, const status_report& report)
{
    out.markup("<form method=\"get\" action=\"/\" role=\"search\"><label for=\"service\">Service</label>"
               "<input id=\"service\" name=\"service\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" "
               "placeholder=\"part of a name\" value=\"");
    out.text(report.search).markup("\"><button>Find</button>");
    if (!report.search.empty())
        out.markup("<a href=\"/\">all</a>");
    out.markup("</form>");
}

void write_services(html& out, const status_report& report)
{
    out.markup("<section id=\"services\" aria-labelledby=\"of-services\"><h2 id=\"of-services\">Services</h2>");
    write_search(out, report);
    out.markup("<div id=\"service-list\">");
    if (report.explained)
        out.markup("<pre tabindex=\"0\" aria-label=\"How each rule decided\">")
            .text(*report.explained)
            .markup("</pre>");
    if (report.rows.empty()) {
        out.markup("<p class=\"none\">")
            .text(report.search.empty() ? "No service is known." : "No service has that in its name.");
        out.markup("</p></div></section>\n");
        return;
    }
    out.markup(
        "<table><thead><tr><th scope=\"col\">Service</th><th scope=\"col\">State</th><th scope=\"col\" class=\"count\">"
        "Targets</th><th scope=\"col\" class=\"count\">Running</th><th scope=\"col\">Left out, and why</th>"
        "</tr></thead><tbody>");
    for (const auto& row : report.rows)
        write_service(out, row);
    out.markup("</tbody></table>");
    if (report.rows.size() < report.matching)
        out.markup("<p class=\"none\">")
            .text(number_text(report.rows.size()))
            .markup(" of ")
            .text(number_text(report.matching))
            .markup(" services are shown; find others by a part of their name.</p>");
    out.markup("</div></section>\n");
}

std::string_view mark(target_change::kind what)
{
    return what == target_change::kind::added ? "+" : what == target_change::kind::removed ? "−" : "~";
}

void write_changes(html& out, const target_changes& changes)
{
    out.markup("<ul class=\"diff\">");
    for (const auto& one : changes.first)
        out.markup("<li class=\"")
            .text(to_string(one.what))
            .markup("\"><span aria-label=\"")
            .text(to_string(one.what))
            .markup("\">")
            .text(mark(one.what))
            .markup("</span> <code>")
            .name(one.target)
            .markup("</code> ")
            .name(one.owner)
            .markup("</li>");
    if (changes.first.size() < changes.count())
        out.markup("<li>… and ").text(number_text(changes.count() - changes.first.size())).markup(" more</li>");
    out.markup("</ul>");
}

void write_change_count(html& out, std::string_view what, std::string_view mark, std::size_t count)
{
    if (count > 0)
        out.markup(" <span class=\"")
            .text(what)
            .markup("\" title=\"")
            .text(what)
            .markup("\">")
            .text(mark)
            .text(number_text(count))
            .markup("</span>");
}

void write_summary(html& out, const write_record& write, time_point now)
{
    write_ago(out, write.at, now);
    out.markup(" <b>").text(to_string(write.which)).markup("</b> ");
    if (!write.error.empty()) {
        out.markup("<span class=\"bad\">failed: ").name(write.error).markup("</span>");
        return;
    }
    out.text(count_text(write.targets, "target", "targets"));
    if (write.changes) {
        write_change_count(out, "added", "+", write.changes->added);
        write_change_count(out, "removed", "−", write.changes->removed);
        write_change_count(out, "relabelled", "~", write.changes->relabelled);
    }
    if (write.delay)
        out.markup(" <small>").text(milliseconds_text(*write.delay)).markup(" after the change was heard of</small>");
}

void write_writes(html& out, const status_report& report)
{
    out.markup("<section id=\"writes\" aria-labelledby=\"last-writes\"><h2 id=\"last-writes\">Last writes</h2>");
    if (report.writes.empty())
        out.markup("<p class=\"none\">None in this run of the agent.</p>");
    bool is_first = true;
    for (const auto& write : report.writes) {
        const bool has_more = write.changes && write.changes->count() > 0;
        if (!has_more) {
            out.markup("<p class=\"line\">");
            write_summary(out, write, report.at);
            out.markup("</p>");
            continue;
        }
        out.markup("<details id=\"write-").text(utc_text(write.at)).markup("-").text(to_string(write.which));
        out.markup("\"").text(std::exchange(is_first, false) ? " open" : "").markup("><summary>");
        write_summary(out, write, report.at);
        out.markup("</summary>");
        write_changes(out, *write.changes);
        out.markup("</details>");
    }
    out.markup("</section>\n");
}

void write_entries(html& out, const std::vector<journal_entry>& entries, time_point now)
{
    out.markup("<ol class=\"journal\">");
    for (const auto& entry : entries) {
        out.markup("<li>");
        write_ago(out, entry.at, now);
        out.markup(" ").name(entry.text).markup("</li>");
    }
    out.markup("</ol>");
}

void write_journal(html& out, const status_report& report)
{
    out.markup("<section id=\"journal\"><div><h2>Heard of the swarm</h2>");
    if (report.heard.empty())
        out.markup("<p class=\"none\">Nothing in this run of the agent.</p>");
    write_entries(out, report.heard, report.at);
    out.markup("</div><div><h2>What the agent did</h2>");
    if (report.others.empty())
        out.markup("<p class=\"none\">Nothing in this run of the agent.</p>");
    write_entries(out, report.others, report.at);
    out.markup("</div></section>\n");
}

} // namespace

proto_http::reply status_page(const status_report& report)
{
    html out;
    out.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    out.text(headline(report)).markup(" – swarm-sd</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/");
    out.text(to_string(report.how))
        .markup(
            ".svg\">\n<link rel=\"stylesheet\" href=\"/assets/page.css\">\n"
            "<script src=\"/assets/page.js\" defer></script>\n</head><body>\n"
            "<a class=\"skip\" href=\"#services\">To the services</a>\n"
            "<header><h1>swarm-sd</h1><p id=\"live\" role=\"status\"></p><nav aria-label=\"Pages\"><a "
            "href=\"/metrics\">metrics</a>"
            "<a href=\"/-/ready\">ready</a><a href=\"/api/v1/status\">JSON</a>"
            "<a href=\"/api/v1/targets\">targets</a><a href=\"/sd/endpoints\">http_sd</a></nav></header>\n<main>\n");
    write_verdict(out, report);
    write_facts(out, report);
    write_outputs(out, report);
    write_services(out, report);
    write_writes(out, report);
    write_journal(out, report);
    out.markup("</main>\n<footer><p>").text(runtime::version_line("swarm-sd")).markup("</p><p>As of <time datetime=\"");
    out.text(utc_text(report.at))
        .markup("\" data-fixed>")
        .text(utc_text(report.at))
        .markup("</time></p></footer>\n</body></html>\n");

    proto_http::reply page;
    page.content_type = "text/html; charset=utf-8";
    page.fields = {{"Content-Security-Policy", std::string(policy)},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cache-Control", "no-store"}};
    page.body = out.take();
    return page;
}

} // namespace agent::shell
