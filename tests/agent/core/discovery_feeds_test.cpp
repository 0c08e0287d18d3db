#include "agent/core/discovery.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::VariantWith;
using actions = std::vector<action>;

/// The machine with both feeds, and a swarm that both tell the same of: service `shop` with one task.
class DiscoveryFeeds : public ::testing::Test {
protected:
    DiscoveryFeeds()
    {
        settings.task_watch = true;
        settings.rules.endpoints.meta = meta_labels::none;
        shop.ports = {tcp(8080)};
        lists.services = {shop};
        lists.nodes = {node_at("node-1", "192.168.0.1")};
        lists.tasks = {task_at("t1", "10.0.1.3")};
        lists.networks = {overlay("back")};
    }

    task task_at(const std::string& id, const std::string& address) const
    {
        auto made = task_of(shop, id, {on("back", {address + "/24"})});
        made.version = {100};
        return made;
    }

    snapshot engine_list() const { return {lists.services, lists.nodes, lists.tasks, lists.networks}; }

    discovery& machine()
    {
        if (!machine_)
            machine_.emplace(settings);
        return *machine_;
    }

    actions handle(event what) { return machine().handle(std::move(what), now); }

    actions tick()
    {
        now = std::max(now, machine().deadline().value());
        return handle(core::tick{});
    }

    actions change(object_change::kind what, task value)
    {
        value.version = {++version};
        return handle(watch_changed{{{what, std::move(value)}}});
    }

    /// Up to the moment at which the watch carries.
    void follow()
    {
        (void)machine().start(now);
        (void)handle(stream_opened{});
        (void)handle(watch_armed{});
        (void)handle(swarm_listed{lists});
        ASSERT_EQ(machine().carrier(), feed::watch);
    }

    /// All that is wanted over some time in which the leader and all lists answer.
    actions live_for(duration span)
    {
        actions all;
        for (const auto until = now + span; machine().deadline().value_or(until) < until;) {
            for (const auto& wanted : tick()) {
                all.push_back(wanted);
                if (wanted == action{ask_leader{}})
                    (void)handle(leader_answered{lists.nodes});
                if (wanted == action{list_swarm{}})
                    (void)handle(swarm_listed{lists});
            }
        }
        return all;
    }

    std::vector<std::string> targets()
    {
        std::vector<std::string> all;
        if (machine().believed(role::endpoints))
            for (const auto& group : *machine().believed(role::endpoints))
                all.insert(all.end(), group.targets.begin(), group.targets.end());
        return all;
    }

    discovery_settings settings;
    service shop = service_named("shop");
    swarm_lists lists;
    time_point now{1h};
    std::uint64_t version = 100;

private:
    std::optional<discovery> machine_;
};

const action full_list{start_read{read_everything{}}};

TEST_F(DiscoveryFeeds, TriesBothAtOnce)
{
    EXPECT_THAT(machine().start(now), ElementsAre(action{open_stream{}}, action{open_watch{}}));
}

TEST_F(DiscoveryFeeds, ListsNothingTwiceWhereTheWatchCarries)
{
    (void)machine().start(now);
    EXPECT_THAT(handle(stream_opened{}), IsEmpty());
    EXPECT_THAT(handle(watch_armed{}), ElementsAre(action{list_swarm{}}));
    EXPECT_THAT(handle(swarm_listed{lists}),
                ElementsAre(action{publish{std::nullopt, true}}, VariantWith<carried_by>(_)));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(DiscoveryFeeds, GoOnWithTheEngineAtOnceWhereThereIsNoControlSocket)
{
    (void)machine().start(now);
    EXPECT_THAT(handle(watch_lost{}), IsEmpty()) << "listed before it subscribed";
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(full_list));
    EXPECT_THAT(handle(everything_read{engine_list(), {}, {}}), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_EQ(machine().carrier(), feed::engine);
}

TEST_F(DiscoveryFeeds, GoOnWithTheEngineAtOnceWhereTheWatchFailsLater)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    now += 100ms;
    EXPECT_THAT(handle(watch_lost{}), ElementsAre(full_list));
}

TEST_F(DiscoveryFeeds, WaitTwoSecondsForAWatchThatDoesNotArm)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    const auto since = now;
    EXPECT_THAT(tick(), ElementsAre(full_list));
    EXPECT_EQ(now - since, 2s);
}

TEST_F(DiscoveryFeeds, AskTheEngineForNothingWhileTheWatchCarries)
{
    follow();
    const auto wanted = live_for(10min);
    EXPECT_THAT(wanted, Not(Contains(VariantWith<start_read>(_))));
    EXPECT_THAT(wanted, Contains(action{ask_leader{}}));
}

TEST_F(DiscoveryFeeds, PassOverTheEnginesHintsWhileTheWatchCarries)
{
    follow();
    EXPECT_THAT(handle(hint{hint::subject::service, hint::change::object, shop.id, {}, {}, {}}), IsEmpty());
    EXPECT_THAT(handle(hint{hint::subject::node, hint::change::object, "node-1", {}, {}, {}}), IsEmpty());
    EXPECT_THAT(handle(hint{hint::subject::container, hint::change::died, {}, "t1", shop.id, "node-1"}), IsEmpty());
    EXPECT_THAT(handle(hints_lost{}), IsEmpty());
    EXPECT_FALSE(machine().busy(now));
    EXPECT_THAT(live_for(1min), Not(Contains(VariantWith<start_read>(_))));
}

TEST_F(DiscoveryFeeds, PublishAChangeOfTheWatchWithTheMomentItWasHeardOf)
{
    follow();
    now += 1s;
    EXPECT_THAT(change(object_change::kind::created, task_at("t2", "10.0.1.4")),
                ElementsAre(action{publish{now, false}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(DiscoveryFeeds, KeepWhatIsKnownAndListWhenTheWatchEnds)
{
    follow();
    EXPECT_THAT(handle(watch_lost{}), ElementsAre(action{carried_by{feed::engine, "it ended"}}, full_list));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_TRUE(machine().synced_at());
}

TEST_F(DiscoveryFeeds, ReturnToTheWatchByThemselves)
{
    follow();
    (void)handle(watch_lost{});
    (void)handle(everything_read{engine_list(), {}, {}});
    EXPECT_THAT(tick(), Contains(action{open_watch{}}));
    (void)handle(watch_armed{});
    lists.tasks.push_back(task_at("t2", "10.0.1.4"));
    EXPECT_THAT(handle(swarm_listed{lists}), Contains(VariantWith<carried_by>(_)));
    EXPECT_EQ(machine().carrier(), feed::watch);
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(DiscoveryFeeds, PassOverAnEnginesListThatIsOlderThanTheWatch)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    ASSERT_THAT(tick(), ElementsAre(full_list)); // the watch took too long
    (void)handle(watch_armed{});
    auto older = engine_list();
    lists.tasks.push_back(task_at("t2", "10.0.1.4"));
    (void)handle(swarm_listed{lists});
    EXPECT_THAT(handle(everything_read{older, {}, {}}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(DiscoveryFeeds, PassOverSingleAnswersThatAreOlderThanTheWatch)
{
    (void)machine().start(now);
    (void)handle(watch_lost{});
    (void)handle(stream_opened{});
    (void)handle(everything_read{engine_list(), {}, {}});
    (void)handle(hint{hint::subject::service, hint::change::object, shop.id, {}, {}, {}});
    now += 10ms;
    ASSERT_THAT(handle(core::tick{}), Contains(action{start_read{read_service{shop.id}}}));
    now += 1s;
    (void)handle(core::tick{});
    (void)handle(watch_armed{});
    (void)handle(swarm_listed{lists});
    ASSERT_EQ(machine().carrier(), feed::watch);
    EXPECT_THAT(handle(service_read{shop.id, std::nullopt}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(DiscoveryFeeds, CallThemselvesFreshByWhatTheLeaderAnswered)
{
    follow();
    EXPECT_EQ(machine().synced_at(), now);
    EXPECT_EQ(machine().stale_after(), 15s);
    ASSERT_THAT(tick(), Contains(action{ask_leader{}}));
    const auto asked_at = now;
    now += 40ms;
    (void)handle(leader_answered{lists.nodes});
    EXPECT_EQ(machine().synced_at(), asked_at);
}

TEST_F(DiscoveryFeeds, LetTheEngineTryWhereTheLeaderHasBeenSilentForHalfAMinute)
{
    follow();
    const auto since = now;
    actions all;
    while (now - since < 60s && machine().carrier() == feed::watch) {
        for (const auto& wanted : tick()) {
            all.push_back(wanted);
            if (wanted == action{ask_leader{}}) {
                now += 3s;
                for (const auto& more : handle(leader_silent{}))
                    all.push_back(more);
            }
        }
    }
    EXPECT_THAT(all, Contains(action{carried_by{feed::engine, "the leader does not answer"}}));
    EXPECT_THAT(all, Contains(full_list));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_GT(now - machine().synced_at().value(), machine().stale_after()) << "fresh by the change alone";
    (void)handle(everything_read{engine_list(), {}, {}});
    EXPECT_LT(now - machine().synced_at().value(), machine().stale_after());
}

TEST_F(DiscoveryFeeds, ConfirmOnTheWatchThatAllTargetsAreGone)
{
    follow();
    auto ending = lists.tasks.front();
    ending.desired = task_state::remove;
    EXPECT_THAT(change(object_change::kind::updated, ending), ElementsAre(action{hold_back{}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    lists.tasks.clear();
    const auto since = now;
    const auto wanted = live_for(11s);
    EXPECT_THAT(wanted, Contains(action{list_swarm{}}));
    EXPECT_THAT(wanted, Not(Contains(VariantWith<start_read>(_))));
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_GE(now - since, 5s);
}

TEST_F(DiscoveryFeeds, StillAskTheEngineForItsOwnContainers)
{
    settings.roles = {role::endpoints, role::containers};
    follow();
    const action containers{start_read{read_everything{.swarm = false, .networks = true, .containers = true}}};
    const auto wanted = live_for(3s);
    EXPECT_THAT(wanted, Contains(containers));
    EXPECT_THAT(wanted, Not(Contains(full_list)));
    container one;
    one.id = "c1";
    snapshot local;
    local.containers = {one};
    local.swarm_listed = false;
    EXPECT_THAT(handle(everything_read{local, {}, {}}),
                Contains(action{publish{std::nullopt, true, role::containers}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_TRUE(machine().world().find_service(shop.id));

    (void)handle(hint{hint::subject::container, hint::change::started, {}, {}, {}, {}});
    EXPECT_THAT(live_for(1s), Contains(action{start_read{read_containers{}}}));
}

} // namespace
} // namespace agent::core
