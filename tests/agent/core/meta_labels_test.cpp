#include "agent/core/meta_labels.hpp"

#include "agent/core/label_builder.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

/// Where nobody asks what is left out.
skip_log unlogged()
{
    static skip_counts counts;
    return {counts};
}

TEST(MetaLabels, AreTheTaskAloneWithoutMeta)
{
    auto shop = service_named("shop");
    shop.labels = {{"team", "a"}};
    EXPECT_THAT(service_meta_labels(shop, meta_labels::none, unlogged()), ElementsAre(Pair("task", "shop")));
}

TEST(MetaLabels, TellOfTheServiceInBytewiseOrder)
{
    auto shop = service_named("shop");
    shop.labels = {{"Team", "b"}, {"com.docker.stack.namespace", "demo"}, {"com.example.team", "a"}};
    EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                ElementsAre(Pair("__meta_dockerswarm_service_id", "id-shop"),
                            Pair("__meta_dockerswarm_service_image", "image:1"),
                            Pair("__meta_dockerswarm_service_label_Team", "b"),
                            Pair("__meta_dockerswarm_service_label_com_docker_stack_namespace", "demo"),
                            Pair("__meta_dockerswarm_service_label_com_example_team", "a"),
                            Pair("__meta_dockerswarm_service_mode", "replicated"),
                            Pair("__meta_dockerswarm_service_name", "shop"),
                            Pair("__meta_dockerswarm_service_stack", "demo"), Pair("task", "shop")));
}

TEST(MetaLabels, HaveNoStackOutsideStacks)
{
    EXPECT_THAT(service_meta_labels(service_named("shop"), meta_labels::service, unlogged()),
                Not(Contains(Key("__meta_dockerswarm_service_stack"))));
}

TEST(MetaLabels, CallTheModesAsPrometheusDoes)
{
    auto shop = service_named("shop");
    shop.mode = service_mode::global;
    EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                Contains(Pair("__meta_dockerswarm_service_mode", "global")));
    for (const auto mode : {service_mode::unknown, service_mode::replicated_job, service_mode::global_job}) {
        shop.mode = mode;
        EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                    Not(Contains(Key("__meta_dockerswarm_service_mode"))));
    }
}

TEST(MetaLabels, LeaveOutEmptyValues)
{
    auto shop = service_named("shop");
    shop.image.clear();
    shop.labels = {{"flag", ""}};
    EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                ElementsAre(Pair("__meta_dockerswarm_service_id", "id-shop"),
                            Pair("__meta_dockerswarm_service_mode", "replicated"),
                            Pair("__meta_dockerswarm_service_name", "shop"), Pair("task", "shop")));
}

TEST(MetaLabels, F34_GiveACollidingNameTheValueOfTheKeyThatSortsFirst)
{
    auto shop = service_named("shop");
    shop.labels = {{"a-b", "minus"}, {"a.b", "dot"}, {"a/b", "slash"}};
    EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                Contains(Pair("__meta_dockerswarm_service_label_a_b", "minus")));
}

TEST(MetaLabels, LetAnEmptyValueThatSortsFirstWinACollision)
{
    auto shop = service_named("shop");
    shop.labels = {{"a-b", ""}, {"a.b", "dot"}};
    EXPECT_THAT(service_meta_labels(shop, meta_labels::service, unlogged()),
                Not(Contains(Key("__meta_dockerswarm_service_label_a_b"))));
}

TEST(MetaLabels, KeepAServicesOwnLabelsApartFromTheFixedOnes)
{
    auto shop = service_named("shop");
    shop.labels = {{"id", "mine"}, {"name", "mine"}};
    const auto labels = service_meta_labels(shop, meta_labels::service, unlogged());
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_service_id", "id-shop")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_service_label_id", "mine")));
}

TEST(MetaLabels, ReplaceEachForeignCharacterByOneUnderscore)
{
    EXPECT_EQ(sanitized_label_name("com.example-x/y"), "com_example_x_y");
    EXPECT_EQ(sanitized_label_name("Upper_1"), "Upper_1");
    EXPECT_EQ(sanitized_label_name("9lives"), "9lives");
    EXPECT_EQ(sanitized_label_name("..."), "___");
    EXPECT_EQ(sanitized_label_name(""), "");
}

TEST(MetaLabels, CountCharactersNotBytes)
{
    EXPECT_EQ(sanitized_label_name("gr\xC3\xB6\xC3\x9F"
                                   "e"),
              "gr__e");
    EXPECT_EQ(sanitized_label_name("\xE5\x90\x8D\xE5\x89\x8D"), "__");
    EXPECT_EQ(sanitized_label_name("\xF0\x9F\x90\xB3"), "_");
}

TEST(TaskMetaLabels, SayWhereATargetIs)
{
    const auto shop = service_named("shop");
    auto one = task_of(shop, "t1");
    one.slot = 2;
    const auto back = overlay("back");
    const auto labels = task_meta_labels(
        one, shop, {.host = nullptr, .where = &back, .target_port = 8080, .mode = publish_mode::ingress}, unlogged());
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_task_name", "shop.2")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_task_target_port", "8080")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_task_port_publish_mode", "ingress")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_network_name", "back")));
    EXPECT_THAT(labels, Not(Contains(Key("__meta_dockerswarm_node_id"))));
}

TEST(TaskMetaLabels, NameATaskWithoutSlotAfterItsNode)
{
    const auto exporter = service_named("exporter");
    const auto host = node_at("node-1", "192.168.0.1");
    const auto labels = task_meta_labels(
        task_of(exporter, "t1"), exporter,
        {.host = &host, .where = nullptr, .target_port = 9100, .mode = publish_mode::host}, unlogged());
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_task_name", "exporter.node-1")));
    EXPECT_THAT(labels, Contains(Pair("__meta_dockerswarm_node_address", "192.168.0.1")));
    EXPECT_THAT(labels, Not(Contains(Key(::testing::StartsWith("__meta_dockerswarm_network_")))));
}

} // namespace
} // namespace agent::core
