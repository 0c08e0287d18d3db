#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class StatusReport : public testing::Test {
protected:
    void add(const std::string& id, const std::string& name, unsigned port = 6767,
             std::map<std::string, std::string> labels = {}, const std::string& state = "running")
    {
        harness_.engine.state.services[id] = to_json(support::made_up_service{id, name, 1, port, std::move(labels)});
        const auto number = ++address_;
        const auto address = "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
        harness_.engine.state.tasks["t" + id] =
            to_json(support::made_up_task{.id = "t" + id, .service_id = id, .address = address, .state = state});
    }

    std::string json(const std::string& query = "") { return harness_.page("/api/v1/status" + query); }

    agent_harness harness_;
    int address_ = 0;
};

TEST_F(StatusReport, IsRightWhenTheFileIs)
{
    add("s1", "web");
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    const auto status = json();
    EXPECT_THAT(status, HasSubstr(R"("verdict":"right","ready":true,"not_ready_because":"","findings":[])"));
    EXPECT_THAT(status, HasSubstr(R"("engine_events":{"open":true,)"));
    EXPECT_THAT(status,
                HasSubstr(R"("services":[{"name":"web","state":"scraped","targets":1,"running":1,"wanted":1,)"));
    EXPECT_THAT(status, HasSubstr(R"("kind":"write","text":"endpoints: written with 1 target")"));
    EXPECT_THAT(harness_.page("/"), AllOf(HasSubstr("Targets are right"), HasSubstr("<bdi>web</bdi>")));
}

TEST_F(StatusReport, SaysWhyNothingIsKnown)
{
    harness_.engine.instead["/tasks"] = {500, R"({"message":"the swarm has no leader"})"};
    harness_.start();
    ASSERT_TRUE(harness_.until([this] { return json().find("has no leader") != std::string::npos; }));
    EXPECT_THAT(json(), HasSubstr(R"("verdict":"broken","ready":false)"));
    EXPECT_THAT(harness_.page("/"), AllOf(HasSubstr("Do not rely on the targets"), HasSubstr("docker node ls")));
}

TEST_F(StatusReport, SaysWhyAFileCannotBeWritten)
{
    add("s1", "web");
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    std::filesystem::remove_all(harness_.output().parent_path());
    harness_.engine.state.services.erase("s1");
    add("s2", "db");
    harness_.engine.emit(support::object_event("service", "remove", "s1"));
    harness_.engine.emit(support::object_event("service", "create", "s2"));
    ASSERT_TRUE(harness_.until([this] { return harness_.agent->not_ready_because().has_value(); }));
    EXPECT_THAT(json(), AllOf(HasSubstr(R"("verdict":"broken")"), HasSubstr("No such file or directory")));
    EXPECT_THAT(harness_.page("/"), HasSubstr("cannot be written"));
}

TEST_F(StatusReport, PutsServicesFirstThatNeedALook)
{
    add("s1", "a-fine-one");
    add("s2", "no-port", 0);
    add("s3", "wrong-network", 80, {{"prometheus.network", "elsewhere"}});
    add("s4", "bad-label", 80, {{"prometheus.path", "x"}});
    add("s5", "switched-off", 80, {{"prometheus.scrape", "false"}});
    add("s6", "stopped", 80, {}, "failed");
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    const auto status = json();
    EXPECT_THAT(status, HasSubstr(R"("verdict":"look","ready":true)"));
    EXPECT_THAT(status, HasSubstr("2 services need a look"));
    const auto at = [&status](const std::string& name, const std::string& state) {
        const auto found = status.find(R"({"name":")" + name + R"(","state":")" + state + "\"");
        EXPECT_NE(found, std::string::npos) << name << " is not " << state << " in " << status;
        return found;
    };
    EXPECT_LT(at("wrong-network", "not_scraped"), at("bad-label", "partly"));
    EXPECT_LT(at("bad-label", "partly"), at("a-fine-one", "scraped"));
    EXPECT_LT(at("a-fine-one", "scraped"), at("no-port", "left_out"));
    EXPECT_LT(at("no-port", "left_out"), at("stopped", "idle"));
    EXPECT_LT(at("stopped", "idle"), at("switched-off", "left_out"));
}

TEST_F(StatusReport, FindsServicesByAPartOfTheirName)
{
    add("s1", "web-front");
    add("s2", "web-back");
    add("s3", "db");
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    EXPECT_THAT(json("?service=WEB"), AllOf(HasSubstr("web-front"), HasSubstr("web-back"),
                                            HasSubstr(R"("matching_services":2)"), Not(HasSubstr(R"("name":"db")"))));
    EXPECT_THAT(harness_.page("/?service=nothing"), HasSubstr("No service has that in its name."));
    const auto one = harness_.page("/?service=db");
    EXPECT_THAT(one, AllOf(HasSubstr("<pre"), HasSubstr("service db (s3)"))) << "and explains the one that is named";
    EXPECT_THAT(harness_.page("/?service=web"), Not(HasSubstr("<pre")));
}

TEST_F(StatusReport, ShowsSomeOfVeryManyServices)
{
    for (int number = 0; number < 1'000; ++number)
        add("s" + std::to_string(number), "service-" + std::to_string(number));
    add("x", "zzz-in-trouble", 80, {{"prometheus.network", "elsewhere"}});
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    const auto page = harness_.page("/");
    EXPECT_TRUE(page.find("200 of 1,001 services are shown") != std::string::npos);
    EXPECT_TRUE(page.find("zzz-in-trouble") != std::string::npos) << "the one that needs a look is there";
    EXPECT_LT(page.size(), 200'000U);
    EXPECT_THAT(harness_.page("/?service=service-999"), HasSubstr("<bdi>service-999</bdi>"));
}

TEST_F(StatusReport, SaysThatTheLastTargetsAreHeldOn)
{
    add("s1", "web");
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    harness_.engine.state.services.clear();
    harness_.engine.state.tasks.clear();
    harness_.engine.emit(support::object_event("service", "remove", "s1"));
    ASSERT_TRUE(harness_.until([this] { return harness_.agent->state().holds_back(); }));
    EXPECT_THAT(json(), AllOf(HasSubstr(R"("empty_held_back":true)"), HasSubstr("Every target seems to be gone"),
                              HasSubstr(R"("kind":"held_back")")));
}

} // namespace
