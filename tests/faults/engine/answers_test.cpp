// Faults 15, 17, 18, 20, 23–26, 35 and 38–40: what the engine answers.
#include "tests/faults/engine/engine_faults.hpp"

#include <string>
#include <vector>

namespace faults {
namespace {

using EngineAnswers = engine_faults;

std::string reason(const std::string& word)
{
    return R"(swarm_sd_read_failure_reasons_total{reason=")" + word + R"("})";
}

const std::string html =
    "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>";

/// An answer to one list that carries no information.
struct no_information {
    const char* name;
    toxic how;
    const char* reason;
};

std::string name_of(const testing::TestParamInfo<no_information>& info)
{
    return info.param.name;
}

class BadAnswer : public engine_faults, public testing::WithParamInterface<no_information> {};

TEST_P(BadAnswer, ToAnyListKeepsTheTargetsUntilAGoodOneComes)
{
    start_ready();
    for (const auto* path : three_lists) {
        SCOPED_TRACE(path);
        const auto before = file();
        auto how = GetParam().how;
        how.path = path;
        engine().poison(how);
        scale(3 - static_cast<unsigned>(engine().state.tasks.size()));
        ASSERT_TRUE(until_lists_fail());
        EXPECT_EQ(file(), before);
        EXPECT_GE(metric(reason(GetParam().reason)), 1);
        engine().cure();
        EXPECT_TRUE(until_right()) << "it recovers";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadAnswer,
    testing::Values(
        no_information{"F15_without_leader",
                       {.status = 500, .body = R"({"message":"rpc error: The swarm does not have a leader."})"},
                       "engine_error"},
        no_information{
            "F20_refused_by_a_proxy", {.status = 403, .body = html, .content_type = "text/html"}, "forbidden"},
        no_information{"F22_bad_gateway", {.status = 502, .body = html, .content_type = "text/html"}, "engine_error"},
        no_information{"F23_redirect", {.status = 301, .headers = {{"Location", "/elsewhere"}}}, "rejected"},
        no_information{"F23_redirect_that_keeps_the_method",
                       {.status = 307, .headers = {{"Location", "http://127.0.0.1:1/"}}},
                       "rejected"},
        no_information{"F25_error_without_body", {.status = 500, .body = ""}, "engine_error"},
        no_information{"F25_error_that_is_no_json",
                       {.status = 500, .body = "level=error\nmsg=\x1b[31m\xff\r\n", .content_type = "text/plain"},
                       "engine_error"},
        no_information{"F25_huge_error", {.status = 500, .body = std::string(1'000'000, 'x')}, "engine_error"},
        no_information{"F25_not_found", {.status = 404, .body = "page not found"}, "rejected"},
        no_information{"F25_no_content", {.status = 204, .body = ""}, "rejected"},
        no_information{"F26_cut_list", {.body = R"([{"ID":"s1"},{)"}, "broken"},
        no_information{"F26_cut_connection", {.cut_at = 150, .then = toxic::ending::close}, "closed"},
        no_information{"F26_reset_connection", {.cut_at = 150, .then = toxic::ending::reset}, "closed"},
        no_information{"F26_empty_body", {.body = ""}, "broken"},
        no_information{"F35_null", {.body = "null"}, "broken"},
        no_information{"F35_an_object", {.body = "{}"}, "broken"},
        no_information{"F35_an_element_without_id", {.body = R"([{"Name":"no ID"}])"}, "broken"}),
    name_of);

TEST_F(EngineAnswers, F20_WithoutAStreamListsGoOn)
{
    engine().poison({.path = "/events", .status = 403, .body = html, .content_type = "text/html"});
    start_ready();
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_GE(metric(R"(swarm_sd_stream_losses_total{cause="rejected"})"), 1);
}

TEST_F(EngineAnswers, F23_ARedirectIsNotFollowed)
{
    start_ready();
    for (const auto* path : three_lists)
        engine().poison({.path = path, .status = 302, .body = "", .headers = {{"Location", "/elsewhere"}}});
    ASSERT_TRUE(until_lists_fail(2));
    EXPECT_EQ(engine().count("/elsewhere"), 0U);
}

/// Why an engine of a swarm answers 503: what `/_ping` says, and what the agent counts.
struct unavailable {
    const char* name;
    const char* swarm;
    const char* message;
    const char* reason;
};

std::string unavailable_name(const testing::TestParamInfo<unavailable>& info)
{
    return info.param.name;
}

class UnavailableSwarm : public engine_faults, public testing::WithParamInterface<unavailable> {};

TEST_P(UnavailableSwarm, KeepsTheFileSaysWhyAndIsFollowedAgainAfterwards)
{
    start_ready();
    const auto before = file();
    engine().swarm = GetParam().swarm;
    for (const auto* path : three_lists)
        engine().poison(
            {.path = path, .status = 503, .body = R"({"message":")" + std::string(GetParam().message) + R"("})"});
    scale(2);
    ASSERT_TRUE(until_lists_fail(2));
    EXPECT_EQ(file(), before);
    EXPECT_GE(metric(reason(GetParam().reason)), 2);

    engine().cure();
    engine().swarm = "active/manager";
    EXPECT_TRUE(until_right());
}

INSTANTIATE_TEST_SUITE_P(
    Because, UnavailableSwarm,
    testing::Values(unavailable{"F17_demoted", "active/worker", "This node is not a swarm manager.", "not_a_manager"},
                    unavailable{"F18_left", "inactive", "This node is not a swarm manager. Use docker swarm init.",
                                "not_in_a_swarm"},
                    unavailable{"F18_locked", "locked",
                                "Swarm is encrypted and needs to be unlocked before it can be used.", "swarm_locked"},
                    unavailable{"F18_starting", "pending", "The swarm is being started.", "swarm_starting"},
                    unavailable{"F18_certificates_expired", "error", "Swarm certificates have expired.",
                                "swarm_failed"}),
    unavailable_name);

// --- Versions ---

TEST_F(EngineAnswers, F24_AnEngineThatIsTooOldEndsTheAgent)
{
    engine().api_version = "1.39";
    start();
    EXPECT_TRUE(until([this] { return !harness->running; }));
    EXPECT_EQ(file(), "");
}

TEST_F(EngineAnswers, F24_AnUpgradeBesideAnOpenStreamCostsNoRead)
{
    start_ready();
    // As a proxy does that keeps the stream open while the engine behind it is another one.
    engine().api_version = "1.52";
    engine().oldest_api = "1.44";
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric(R"(swarm_sd_read_failures_total{what="everything"})"), 0);
    EXPECT_TRUE(engine().requests.back().target.starts_with("/v1.51/")) << engine().requests.back().target;
}

// --- Nothing there ---

TEST_F(EngineAnswers, F38_AnEmptySwarmIsWrittenOnceItIsListed)
{
    engine().state = {};
    engine().state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
    remove_task("t1");
    engine().hanging = {"/tasks"};
    start();
    ASSERT_TRUE(until([this] { return engine().count("/tasks") > 0; }));
    EXPECT_FALSE(std::filesystem::exists(harness->output())) << "it is not known yet";
    engine().hanging.clear();
    engine().drop_connections();
    EXPECT_TRUE(until_file_is("[]\n"));
}

TEST_F(EngineAnswers, F39_ASuddenEndOfAllTargetsIsBelievedAtOnceWhereThatIsWanted)
{
    settings().confirm_empty = false;
    start_ready();
    scale(0);
    EXPECT_TRUE(until_file_is("[]\n"));
}

TEST_F(EngineAnswers, F40_AnEmptyListOfAManagerThatCatchesUpDropsNothing)
{
    start_ready();
    const auto before = file();
    for (const auto* path : {"/services", "/tasks"})
        engine().poison({.path = path, .body = "[]"});
    ASSERT_TRUE(until([this] { return harness->agent->state().holds_back(); }));
    EXPECT_EQ(file(), before);
    engine().cure();
    EXPECT_TRUE(until([this] { return !harness->agent->state().holds_back(); }));
    EXPECT_EQ(file(), before);
    EXPECT_EQ(seen.versions.size(), 1U);
}

} // namespace
} // namespace faults
