#include "agent/shell/targets_page.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::shell {
namespace {

using testing::HasSubstr;

sd_writer::target_list targets(std::vector<sd_writer::target_group> groups)
{
    return std::make_shared<const std::vector<sd_writer::target_group>>(std::move(groups));
}

role_report two_targets()
{
    role_report report{
        core::role::endpoints, targets({{{"10.0.0.1:80", "10.0.0.2:80"}, {{"task", "a \"b\"\n"}}}}), {}, {}, {}};
    report.counts.add(core::skip_reason::not_running, 2);
    report.skipped.tasks = {{"web", "s1", "t1", "n1", "state", "running, desired shutdown"}};
    return report;
}

TEST(TargetsPage, ShowsTargetsAndSkippedTasks)
{
    const auto page = targets_page({two_targets()}, 10);
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.content_type, "application/json");
    EXPECT_EQ(
        page.body,
        R"({"status":"success","data":{"roles":{"endpoints":{"target_count":2,"targets":[)"
        R"({"target":"10.0.0.1:80","labels":{"task":"a \"b\"\n"}},{"target":"10.0.0.2:80","labels":{"task":"a \"b\"\n"}}],)"
        R"("skipped_count":{"not_running":2},"skipped":[{"service":"web","service_id":"s1","task_id":"t1",)"
        R"("node_id":"n1","rule":"state","saw":"running, desired shutdown"}],"truncated":false}}}})"
        "\n");
}

TEST(TargetsPage, ShowsAtMostAsManyAsAskedFor)
{
    const auto page = targets_page({two_targets()}, 1);
    EXPECT_THAT(page.body, HasSubstr(R"("target_count":2,"targets":[{"target":"10.0.0.1:80","labels")"));
    EXPECT_THAT(page.body, testing::Not(HasSubstr("10.0.0.2:80")));
    EXPECT_THAT(page.body, HasSubstr(R"("truncated":true)"));

    auto more = two_targets();
    more.skipped.more = true;
    EXPECT_THAT(targets_page({more}, 10).body, HasSubstr(R"("truncated":true)"));
}

TEST(TargetsPage, SaysWhyARoleIsNotKnown)
{
    const auto page = targets_page(
        {{core::role::nodes, nullptr, "no complete list yet", {}, {}}, {core::role::tasks, targets({}), {}, {}, {}}},
        10);
    EXPECT_EQ(page.body,
              R"({"status":"success","data":{"roles":{"nodes":{"error":"no complete list yet"},)"
              R"("tasks":{"target_count":0,"targets":[],"skipped_count":{},"skipped":[],"truncated":false}}}})"
              "\n");
}

TEST(TargetsPage, TakesALimitWithinBounds)
{
    const auto limit = [](const std::string& text) {
        proto_http::request asked;
        asked.query = {{"limit", text}};
        return shown_at_most(asked);
    };
    EXPECT_EQ(shown_at_most({}), 1'000U);
    EXPECT_EQ(limit("7"), 7U);
    EXPECT_EQ(limit("0"), 0U);
    EXPECT_EQ(limit("99999999"), 10'000U);
    for (const auto* odd : {"", "-1", "1x", "99999999999999999999999"})
        EXPECT_EQ(limit(odd), 1'000U) << odd;
}

TEST(TargetsPage, HasErrorsInPrometheusWords)
{
    const auto page = api_error(503, "unavailable", "no \"list\"");
    EXPECT_EQ(page.status, 503U);
    EXPECT_EQ(page.body, R"({"status":"error","errorType":"unavailable","error":"no \"list\""})"
                         "\n");
}

} // namespace
} // namespace agent::shell
