#include "agent/shell/status/status_page.hpp"

#include "proto_http/fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace agent::shell {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::chrono::system_clock::time_point noon{std::chrono::seconds(1'700'000'000)};

/// What somebody who may name services and labels would try.
constexpr auto hostile = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&\xFF\u202E";

status_report made_up_report()
{
    status_report report;
    report.at = noon;
    report.feeds.carries_since = noon - 2h;
    report.feeds.stream = {.is_open = true, .since = noon - 1h};
    report.feeds.listed_at = noon - 5s;
    report.synced = 5s;
    report.stale_after = 45s;
    report.resync_interval = 15s;
    report.outputs = {{.path = "/sd/e.json",
                       .looked_at = noon - 5s,
                       .written_at = noon - 70s,
                       .targets = 3,
                       .groups = 1,
                       .bytes = 1'234,
                       .hash = 0xabc}};
    report.targets = {{core::role::endpoints, 3}};
    report.services = report.matching = 1;
    report.rows = {{.name = "web", .state = service_state::scraped, .targets = 3, .running = 3, .wanted = 3}};
    return report;
}

std::string page_of(const status_report& report)
{
    return status_page(report).body;
}

TEST(StatusPage, SaysAtOnceThatAllIsRight)
{
    const auto page = page_of(made_up_report());
    EXPECT_THAT(page, HasSubstr("<title>Targets are right – swarm-sd</title>"));
    EXPECT_THAT(page, HasSubstr("<section id=\"verdict\" class=\"right\""));
    EXPECT_THAT(page, HasSubstr("3 targets of 1 service; nothing is to be done."));
    EXPECT_THAT(page, HasSubstr("/assets/right.svg"));
}

TEST(StatusPage, SaysWhatIsAmissAndWhatToDo)
{
    auto report = made_up_report();
    report.how = verdict::broken;
    report.findings = {{"The disk is full", "Make room."}};
    EXPECT_THAT(page_of(report), AllOf(HasSubstr("<title>Do not rely on the targets"),
                                       HasSubstr("<strong>The disk is full.</strong> Make room.")));
}

TEST(StatusPage, LetsNothingButOurFilesRun)
{
    const auto page = status_page(made_up_report());
    const std::string policy(proto_http::find_field(page.fields, "Content-Security-Policy"));
    EXPECT_THAT(policy, AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
                              HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
    EXPECT_THAT(page.body, Not(HasSubstr(" style=")));
    EXPECT_THAT(page.body, Not(HasSubstr("<style")));
    EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
    EXPECT_THAT(page.body, Not(testing::ContainsRegex(" on[a-z]+=")));
}

TEST(StatusPage, ShowsWhateverComesFromOutsideAsText)
{
    auto report = made_up_report();
    report.findings = {{hostile, hostile}};
    report.not_ready = hostile;
    report.feeds.carries_because = hostile;
    report.feeds.read_trouble = hostile;
    report.feeds.stream = {.is_open = false, .since = noon, .trouble = hostile};
    report.feeds.watch = {.is_open = false, .since = noon, .trouble = hostile};
    report.outputs.front().path = hostile;
    report.outputs.front().error = hostile;
    report.search = hostile;
    report.explained = hostile;
    report.rows.front().name = hostile;
    report.writes = {{.at = noon, .error = hostile},
                     {.at = noon, .changes = target_changes{.added = 1, .first = {{{}, hostile, hostile}}}}};
    report.heard = {{1, noon, hostile, hostile, {}}};
    report.others = report.heard;
    const auto page = page_of(report);
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<script>")));
    EXPECT_THAT(page, Not(HasSubstr("onerror=alert(2)>")));
    EXPECT_THAT(page, Not(HasSubstr("'>")));
    EXPECT_THAT(page, Not(HasSubstr("\xFF")));
    EXPECT_THAT(page, Not(HasSubstr("\u202E")));
    EXPECT_THAT(page, HasSubstr("href=\"/?service=%3C%2Ftitle%3E%3Cscript%3E"));

    const auto json = status_json(report).body;
    EXPECT_THAT(json, Not(HasSubstr("\xFF")));
    EXPECT_THAT(json, HasSubstr(R"(<script>alert(1)</script>\"'>)"));
}

TEST(StatusPage, NamesEachReason)
{
    auto report = made_up_report();
    for (std::size_t at = 0; at < core::skip_reason_count; ++at)
        report.rows.front().skipped.tasks.at(at) = at + 1;
    for (std::size_t at = 0; at < core::bad_label_count; ++at)
        report.rows.front().skipped.labels.at(at) = at + 1;
    const auto page = page_of(report);
    for (std::size_t at = 0; at < core::skip_reason_count; ++at)
        EXPECT_THAT(page, HasSubstr("<code>" + std::string(to_string(static_cast<core::skip_reason>(at))) + "</code>"));
    for (std::size_t at = 0; at < core::bad_label_count; ++at)
        EXPECT_THAT(page, HasSubstr("<code>" + std::string(to_string(static_cast<core::bad_label>(at))) + "</code>"));
}

TEST(StatusPage, SaysHowManyServicesItDoesNotShow)
{
    auto report = made_up_report();
    report.matching = report.services = 123'456;
    EXPECT_THAT(page_of(report), HasSubstr("1 of 123,456 services are shown"));
}

TEST(StatusPage, ShowsWhatAWriteChanged)
{
    auto report = made_up_report();
    report.writes = {{.at = noon,
                      .targets = 3,
                      .delay = 120ms,
                      .changes = target_changes{.added = 1,
                                                .removed = 60,
                                                .first = {{target_change::kind::added, "10.0.0.1:80", "web"},
                                                          {target_change::kind::removed, "10.0.0.2:80", "web"}}}}};
    const auto page = page_of(report);
    EXPECT_THAT(page, HasSubstr("+1</span>"));
    EXPECT_THAT(page, HasSubstr("−60</span>"));
    EXPECT_THAT(page, HasSubstr("120 ms after the change was heard of"));
    EXPECT_THAT(page, HasSubstr("<code><bdi>10.0.0.1:80</bdi></code> <bdi>web</bdi>"));
    EXPECT_THAT(page, HasSubstr("… and 59 more"));
}

TEST(StatusJson, HasTheSame)
{
    auto report = made_up_report();
    report.rows.front().skipped.add(core::skip_reason::no_port, 2);
    report.not_ready = "why";
    const auto json = status_json(report).body;
    EXPECT_THAT(json, testing::StartsWith(R"({"status":"success","data":{"version":)"));
    EXPECT_THAT(json, HasSubstr(R"("verdict":"right","ready":false,"not_ready_because":"why","findings":[])"));
    EXPECT_THAT(json, HasSubstr(R"("feed":{"carrier":"engine","since":"2023-11-14T20:13:20.000Z","because":"")"));
    EXPECT_THAT(json, HasSubstr(R"("synced_age_seconds":5.000,"stale_after_seconds":45.000)"));
    EXPECT_THAT(json, HasSubstr(R"({"role":"endpoints","path":"/sd/e.json","written_at":"2023-11-14T22:12:10.000Z")"));
    EXPECT_THAT(json, HasSubstr(R"("targets":{"endpoints":3})"));
    EXPECT_THAT(json, HasSubstr(R"("services":[{"name":"web","state":"scraped","targets":3,"running":3,"wanted":3,)"
                                R"("updating":false,"skipped":{"no_port":2},"bad_labels":{}}])"));
}

} // namespace
} // namespace agent::shell
