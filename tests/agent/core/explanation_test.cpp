#include "agent/core/explanation.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Explanation : public ::testing::Test {
protected:
    Explanation()
    {
        shop.ports = {tcp(8080, 80)};
        world.replace({{shop, service_named("stack_web")},
                       {},
                       {task_of(shop, "t1", {on("back", {"10.0.1.3/24"})})},
                       {overlay("back")}});
    }

    /// The first rule that left the only task out.
    rule_step rejection()
    {
        const auto found = explain("shop", world, rules);
        for (const auto& step : found.tasks.at(0).steps)
            if (step.rejects)
                return step;
        return {};
    }

    endpoint_rules rules;
    service shop = service_named("shop");
    swarm world;
};

TEST_F(Explanation, GivesEachRuleInOrderWithWhatItSaw)
{
    const auto found = explain("shop", world, rules);
    EXPECT_EQ(found.service_id, "id-shop");
    ASSERT_EQ(found.tasks.size(), 1U);
    EXPECT_THAT(found.tasks[0].steps,
                ElementsAre(rule_step{"state", "running, desired running"}, rule_step{"ignore-services", "none"},
                            rule_step{"select", "--select=all, no label prometheus.scrape"},
                            rule_step{"port", "the service's 1 TCP ports: 8080"},
                            rule_step{"network", "its own overlay networks; the task is on: back"},
                            rule_step{"address", "10.0.1.3:8080 on network back"}));
    EXPECT_THAT(found.tasks[0].targets, ElementsAre("10.0.1.3:8080"));
}

TEST_F(Explanation, NamesTheRuleThatLeftATaskOut)
{
    rules.networks = {"front"};
    EXPECT_EQ(rejection().rule, "address");
    rules.networks.clear();
    shop.ports.clear();
    world.put(shop);
    EXPECT_EQ(rejection(), (rule_step{"port", "the service's 0 TCP ports: none", true}));
    shop.labels = {{"prometheus.scrape", "no"}};
    world.put(shop);
    EXPECT_EQ(rejection(), (rule_step{"select", "--select=all, label prometheus.scrape=no", true}));
    rules.ignore_services = {"sh*"};
    EXPECT_EQ(rejection(), (rule_step{"ignore-services", "sh*", true}));
    auto down = task_of(shop, "t1");
    down.desired = task_state::shutdown;
    world.put(down);
    EXPECT_EQ(rejection(), (rule_step{"state", "running, desired shutdown", true}));
}

TEST_F(Explanation, GoesThroughEachNamedEndpoint)
{
    shop.labels = {{"prometheus.endpoints.a.port", "9100"}, {"prometheus.endpoints.b.port", "x"}};
    world.put(shop);
    const auto task = explain("id-shop", world, rules).tasks.at(0);
    EXPECT_THAT(task.targets, ElementsAre("10.0.1.3:9100"));
    EXPECT_THAT(task.steps, ::testing::Contains(rule_step{"endpoint", "b"}));
    EXPECT_THAT(task.steps,
                ::testing::Contains(rule_step{"port", "label prometheus.port: none, 1 that is no port", true}));
}

TEST_F(Explanation, NamesWhatIsNearestToAServiceThatIsNotThere)
{
    const auto found = explain("web", world, rules);
    EXPECT_EQ(found.service_id, "");
    EXPECT_THAT(found.nearest, ElementsAre("stack_web", "shop"));
    EXPECT_THAT(explain("shpo", world, rules).nearest.front(), "shop");
    EXPECT_THAT(to_text(found), HasSubstr("there is no service \"web\"\n  perhaps stack_web\n"));
    EXPECT_THAT(explain("", swarm{}, rules).nearest, IsEmpty());
}

TEST_F(Explanation, IsATextForAPerson)
{
    shop.labels = {{"prometheus.path", "metrics"}};
    world.put(shop);
    const auto text = to_text(explain("shop", world, rules));
    EXPECT_THAT(text,
                HasSubstr("service shop (id-shop)\ntask t1 on node node-1\n    state: running, desired running\n"));
    EXPECT_THAT(text, HasSubstr("\n  = 10.0.1.3:8080\n"));
    EXPECT_THAT(text, HasSubstr("label without effect, bad_path: prometheus.path=metrics\n"));
}

TEST_F(Explanation, LetsNoTextFromOutsideEndALineOrMoveACursor)
{
    auto odd = service_named("a\nb\x1b[2J\u009b1A\x7f");
    odd.labels = {{"prometheus.path", "x\ny"}};
    world.put(odd);
    world.put(task_of(odd, "t\r\n2"));
    const auto text = to_text(explain(odd.name, world, rules));
    EXPECT_THAT(text, HasSubstr("service a?b?[2J?1A? (id-a?b?[2J?1A?)\ntask t??2 on node node-1\n"));
    EXPECT_THAT(text, HasSubstr("prometheus.path=x?y\n"));
    EXPECT_THAT(to_text(explain("no\nsuch", world, rules)), HasSubstr("there is no service \"no?such\"\n"));
    EXPECT_THAT(to_text(explain("a\nc", world, rules)), HasSubstr("  perhaps a?b?[2J?1A?\n"));
}

TEST_F(Explanation, CutsLongTextBetweenCharacters)
{
    shop.labels = {{"prometheus.path", std::string(251, '-')},
                   {"prometheus.scheme", "\u00f6" + std::string(197, '-') + "\u00f6"}};
    world.put(shop);
    const auto text = to_text(explain("shop", world, rules));
    EXPECT_THAT(text, HasSubstr("prometheus.path=" + std::string(200, '-') + "... (251 bytes)\n"));
    EXPECT_THAT(text, HasSubstr("prometheus.scheme=\u00f6" + std::string(197, '-') + "... (201 bytes)\n"));
}

TEST_F(Explanation, ComparesNoMoreOfALongQuestionThanANameHas)
{
    world.put(service_named(std::string(63, 'x'))); // which the whole question is more like
    const auto asked = "shop" + std::string(60, '-') + std::string(1'000, 'x');
    EXPECT_EQ(explain(asked, world, rules).nearest.front(), "shop");
}

TEST_F(Explanation, DoesNotChangeWhatComesOut)
{
    rule_trace trace;
    EXPECT_EQ(endpoints_of(shop, world, rules, &trace), endpoints_of(shop, world, rules));
}

} // namespace
} // namespace agent::core
