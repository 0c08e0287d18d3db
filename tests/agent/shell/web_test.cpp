#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::HasSubstr;

class Web : public testing::Test {
protected:
    agent_harness harness_;
};

TEST_F(Web, ServesTheFilesBytesForHttpSd)
{
    harness_.engine.state.services["s1"] = to_json(support::made_up_service{"s1", "accountservice", 1, 6767});
    harness_.engine.state.tasks["t1"] = to_json(support::made_up_task{"t1", "s1"});
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    EXPECT_THAT(harness_.file(), HasSubstr("10.0.1.2:6767"));
    EXPECT_EQ(harness_.page("/sd/endpoints"), harness_.file());
}

TEST_F(Web, HasNoTargetsBeforeTheFirstCompleteList)
{
    harness_.engine.instead["/tasks"] = {500, "{}"};
    harness_.start();
    EXPECT_THAT(harness_.page("/sd/endpoints"), HasSubstr("no complete list"));
    EXPECT_THAT(harness_.page("/-/ready"), HasSubstr("not ready: no complete list"));
    EXPECT_EQ(harness_.page("/-/healthy"), "healthy\n");
}

TEST_F(Web, LinksItsPages)
{
    harness_.start();
    const auto page = harness_.page("/");
    for (const auto* path : {"/sd/endpoints", "/api/v1/targets", "/api/v1/status", "/metrics", "/-/ready"})
        EXPECT_THAT(page, HasSubstr("href=\"" + std::string(path) + "\""));
}

} // namespace
