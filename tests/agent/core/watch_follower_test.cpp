#include "agent/core/watch_follower.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using actions = std::vector<action>;
using kind = object_change::kind;

constexpr std::uint64_t listed_version = 100;

template <class Value>
Value at_version(Value value, std::uint64_t version)
{
    value.version = {version};
    return value;
}

/// A follower with a clock of its own, and a swarm to list: service `shop` with task `t1`, as of version 100.
class WatchFollower : public ::testing::Test {
protected:
    WatchFollower()
    {
        auto manager = node_at("node-1", "192.168.0.1");
        manager.manager = manager_status{"192.168.0.1:2377", true, "reachable"};
        truth.nodes = {at_version(manager, 10)};
        truth.networks = {at_version(overlay("back"), 20)};
        truth.services = {at_version(shop, 30)};
        truth.tasks = {task_at("t1", listed_version)};
    }

    task task_at(const std::string& id, std::uint64_t version) const { return at_version(task_of(shop, id), version); }

    actions step()
    {
        follower.advance(now);
        return follower.take_actions();
    }

    /// Goes to the next deadline.
    actions tick()
    {
        now = std::max(now, follower.deadline().value());
        return step();
    }

    actions tick_until(const action& wanted)
    {
        for (int tries = 0; tries < 100; ++tries)
            if (const auto wants = tick(); std::find(wants.begin(), wants.end(), wanted) != wants.end())
                return wants;
        ADD_FAILURE() << "never wanted";
        return {};
    }

    model_changes tell(kind what, task value) { return tell({{what, std::move(value)}}); }

    model_changes tell(std::vector<object_change> changes)
    {
        auto change = follower.changed(std::move(changes), world, now);
        done = step();
        return change;
    }

    model_changes answer_lists()
    {
        auto change = world.replace(follower.take_lists(truth).value());
        change += follower.listed(change, world, now);
        done = step();
        return change;
    }

    void answer_leader()
    {
        changed = follower.leader_answered(truth.nodes, world, now);
        done = step();
    }

    void leader_is_silent()
    {
        tick_until(ask_leader{});
        now += 3s;
        follower.leader_silent(now);
        done = step();
    }

    void open()
    {
        follower.start(now);
        EXPECT_THAT(step(), ElementsAre(action{open_watch{}}));
        follower.armed(now);
        EXPECT_THAT(step(), ElementsAre(action{list_swarm{}}));
    }

    void follow()
    {
        open();
        now += 2ms;
        answer_lists();
    }

    std::vector<std::string> known_tasks() const
    {
        std::vector<std::string> ids;
        for (const auto* known : world.tasks_of(shop.id))
            ids.emplace_back(known->id);
        return ids;
    }

    time_point now{100h};
    service shop = service_named("shop");
    swarm_lists truth;
    swarm world;
    watch_follower follower{true, 1};
    model_changes changed; ///< by the leader's latest answer
    actions done;          ///< what the latest step wanted
};

TEST_F(WatchFollower, DoesNothingWhereItIsOff)
{
    watch_follower off{false, 1};
    off.start(now);
    off.advance(now);
    EXPECT_THAT(off.take_actions(), IsEmpty());
    EXPECT_EQ(off.deadline(), std::nullopt);
    EXPECT_FALSE(off.carries(now));
    EXPECT_FALSE(off.is_promising());
}

TEST_F(WatchFollower, CarriesOnceTheListsAreIn)
{
    open();
    EXPECT_FALSE(follower.carries(now));
    EXPECT_TRUE(follower.is_promising());
    const auto change = answer_lists();
    EXPECT_TRUE(follower.carries(now));
    EXPECT_FALSE(follower.is_promising());
    EXPECT_THAT(change.concerned, ElementsAre("id-shop"));
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));
}

TEST_F(WatchFollower, ProvesNothingToBeFreshBeforeTheLeaderAnswered)
{
    open();
    EXPECT_EQ(follower.answered_at(), std::nullopt);
    const auto asked_at = now;
    now += 7ms;
    answer_lists();
    EXPECT_EQ(follower.answered_at(), asked_at);
}

TEST_F(WatchFollower, AppliesWhatCameDuringTheListsOnTopOfThem)
{
    open();
    tell(kind::created, task_at("t2", 101));
    tell(kind::removed, task_at("t1", listed_version));
    EXPECT_THAT(known_tasks(), IsEmpty());
    const auto change = answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t2"));
    EXPECT_THAT(change.concerned, ElementsAre("id-shop"));
}

TEST_F(WatchFollower, AppliesAMessageInOneGo)
{
    follow();
    auto ending = task_at("t1", 101);
    ending.desired = task_state::shutdown;
    const auto change = tell({{kind::updated, ending}, {kind::created, task_at("t2", 101)}});
    EXPECT_EQ(change.flipped.size(), 2U);
    EXPECT_FALSE(is_serving(*world.find_task("t1")));
    EXPECT_TRUE(world.find_task("t2"));
}

TEST_F(WatchFollower, PassesOverWhatIsOlderThanWhatIsKnown)
{
    follow();
    auto older = task_at("t1", listed_version - 1);
    older.state = task_state::starting;
    EXPECT_TRUE(tell(kind::updated, older).empty());
    EXPECT_TRUE(is_serving(*world.find_task("t1")));
}

TEST_F(WatchFollower, TakesAgainWhatIsOfTheVersionThatIsKnown)
{
    follow();
    auto same = task_at("t1", listed_version);
    same.desired = task_state::remove;
    EXPECT_FALSE(tell(kind::updated, same).empty());
    EXPECT_FALSE(is_serving(*world.find_task("t1")));
}

TEST_F(WatchFollower, TakesNoHistoryForLife)
{
    follow();
    EXPECT_TRUE(tell(kind::created, task_at("dead", listed_version)).empty());
    EXPECT_TRUE(tell(kind::updated, task_at("dead", listed_version - 3)).empty());
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));
    EXPECT_FALSE(tell(kind::created, task_at("t2", listed_version + 1)).empty());
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t2"));
}

TEST_F(WatchFollower, MissesNoServiceThatWasMadeBetweenTwoLists)
{
    // Listed before the tasks: a service of version 50 was made after its list, and before theirs.
    open();
    tell({{kind::created, at_version(service_named("new"), 50)}});
    answer_lists();
    EXPECT_TRUE(world.find_service("id-new"));
}

TEST_F(WatchFollower, RemovesByIdWhateverTheVersion)
{
    follow();
    tell(kind::removed, task_at("t1", 1));
    EXPECT_THAT(known_tasks(), IsEmpty());
    tell({{kind::removed, at_version(shop, 1)}});
    EXPECT_FALSE(world.find_service("id-shop"));
    tell({{kind::removed, at_version(overlay("back"), 1)}});
    EXPECT_FALSE(world.find_network("id-back"));
    tell({{kind::removed, at_version(node_at("node-1", ""), 1)}});
    EXPECT_FALSE(world.find_node("node-1"));
}

TEST_F(WatchFollower, KeepsAManagersStatusThatOnlyListsTell)
{
    follow();
    auto drained = at_version(node_at("node-1", "192.168.0.1"), 101);
    drained.availability = "drain";
    tell({{kind::updated, drained}});
    EXPECT_EQ(world.find_node("node-1")->availability, "drain");
    EXPECT_TRUE(world.find_node("node-1")->manager.has_value());
}

TEST_F(WatchFollower, AsksWhoLeadsSoonAfterANodeChanged)
{
    follow();
    tell({{kind::updated, at_version(node_at("node-1", "192.168.0.1"), 101)}});
    const auto changed_at = now;
    EXPECT_THAT(tick(), ElementsAre(action{ask_leader{}}));
    EXPECT_LE(now - changed_at, 200ms);

    truth.nodes.front().version = {101};
    truth.nodes.front().manager->leader = false;
    answer_leader();
    EXPECT_FALSE(world.find_node("node-1")->manager->leader);
}

TEST_F(WatchFollower, TakesAManagersStatusAwayFromANodeThatWasDemoted)
{
    follow();
    truth.nodes.front().version = {101};
    truth.nodes.front().manager.reset();
    tell({{kind::updated, truth.nodes.front()}});
    EXPECT_TRUE(world.find_node("node-1")->manager.has_value()) << "changes do not tell";
    EXPECT_THAT(tick(), ElementsAre(action{ask_leader{}}));
    answer_leader();
    EXPECT_FALSE(world.find_node("node-1")->manager.has_value());
}

TEST_F(WatchFollower, TakesNoNodeFromAnAnswerThatIsOlderThanItsRemoval)
{
    follow();
    const auto other = at_version(node_at("node-2", "192.168.0.2"), listed_version + 1);
    tell({{kind::created, other}});
    EXPECT_THAT(tick(), ElementsAre(action{ask_leader{}}));
    truth.nodes.push_back(other); // as the leader knew them when it was asked
    tell({{kind::removed, other}});
    answer_leader();
    EXPECT_EQ(world.find_node("node-2"), nullptr);
}

TEST_F(WatchFollower, AsksTheLeaderForASignOfLifeEveryFiveSeconds)
{
    follow();
    const auto since = now;
    EXPECT_THAT(tick(), ElementsAre(action{ask_leader{}}));
    EXPECT_LE(now - since, 5s);
    EXPECT_THAT(step(), IsEmpty()) << "asked once more while it is asked";
    answer_leader();
    EXPECT_EQ(follower.answered_at(), now);
}

TEST_F(WatchFollower, ReconcilesByListsEveryMinute)
{
    follow();
    const auto since = now;
    int lists = 0;
    while (now - since < 10min) {
        for (const auto& wanted : tick()) {
            if (wanted == action{list_swarm{}}) {
                ++lists;
                answer_lists();
            } else {
                answer_leader();
            }
        }
    }
    EXPECT_GE(lists, 9);
    EXPECT_LE(lists, 12);
}

// --- A leader that does not answer ---

TEST_F(WatchFollower, DropsNothingWhileTheLeaderIsSilent)
{
    follow();
    leader_is_silent();
    EXPECT_TRUE(follower.holds_changes());
    EXPECT_TRUE(follower.carries(now));
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));
}

TEST_F(WatchFollower, AsksASilentLeaderAgainSoon)
{
    follow();
    leader_is_silent();
    const auto since = now;
    tick_until(ask_leader{});
    EXPECT_LE(now - since, 1s);
}

TEST_F(WatchFollower, LetsAnotherFeedCarryAfterHalfAMinuteOfSilence)
{
    follow();
    while (now - *follower.answered_at() < 40s && follower.carries(now))
        leader_is_silent();
    EXPECT_FALSE(follower.carries(now));
    EXPECT_GE(now - *follower.answered_at(), 30s);
    EXPECT_EQ(follower.trouble(), "the leader does not answer");
}

TEST_F(WatchFollower, ListsBeforeItBelievesWhatComesAfterASilence)
{
    follow();
    leader_is_silent();
    // What the manager missed comes in its order, long after it happened: t2 lived and died meanwhile.
    tell(kind::created, task_at("t2", 110));
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));

    tick_until(ask_leader{});
    const auto true_as_of = follower.answered_at();
    answer_leader();
    EXPECT_THAT(done, Contains(action{list_swarm{}}));
    EXPECT_EQ(follower.answered_at(), true_as_of) << "what is known is no fresher for that";
    tell(kind::updated, task_at("t2", 111));
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));

    truth.tasks.push_back(task_at("t3", 130));
    answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t3"));
    tell(kind::removed, task_at("t2", 111));
    tell(kind::created, task_at("t4", 131));
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t3", "t4"));
    EXPECT_FALSE(follower.holds_changes());
}

TEST_F(WatchFollower, TakesAListForASignOfLife)
{
    follow();
    tick_until(list_swarm{});
    const auto asked_at = now;
    follower.leader_silent(now);
    now += 1s;
    answer_lists();
    EXPECT_FALSE(follower.holds_changes());
    EXPECT_EQ(follower.answered_at(), asked_at);
}

// --- A stream that is behind the lists ---

TEST_F(WatchFollower, TrustsListsWhileTheStreamTellsHistory)
{
    follow();
    now += 3s;
    // The log of a manager that was just made: far behind what the leader's lists have shown.
    tell(kind::created, task_at("old", 40));
    EXPECT_THAT(done, Contains(action{list_swarm{}}));
    EXPECT_TRUE(follower.holds_changes());
    tell(kind::created, task_at("older-than-it-looks", 41));
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));

    truth.tasks = {task_at("t1", listed_version), task_at("t5", 150)};
    answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t5"));
    EXPECT_TRUE(follower.holds_changes());
    const auto since = now;
    tick_until(list_swarm{});
    EXPECT_LE(now - since, 1500ms);
    answer_lists();

    // The stream has come to what the lists have shown: it is believed again.
    tell({{kind::updated, task_at("t5", 150)}, {kind::created, task_at("t6", 151)}});
    EXPECT_FALSE(follower.holds_changes());
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t5", "t6"));
}

TEST_F(WatchFollower, DoubtsAStreamThatDoesNotTellWhatAListShows)
{
    follow();
    tick_until(list_swarm{});
    truth.tasks.push_back(task_at("t2", 120));
    answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t2"));
    EXPECT_FALSE(follower.holds_changes());
    const auto wanted = tick_until(report_missed{1, 0});
    EXPECT_THAT(wanted, Contains(action{list_swarm{}}));
    EXPECT_TRUE(follower.holds_changes());
}

TEST_F(WatchFollower, LetsAListBeAheadOfTheStreamByAMoment)
{
    follow();
    tick_until(list_swarm{});
    truth.tasks.push_back(task_at("t2", 120));
    answer_lists();
    now += 10ms;
    tell(kind::created, task_at("t2", 120));
    now += 3s;
    EXPECT_THAT(step(), Not(Contains(action{report_missed{1, 0}})));
    EXPECT_FALSE(follower.holds_changes());
}

TEST_F(WatchFollower, OpensAnotherStreamWhereThisOneStaysBehindAndSilent)
{
    follow();
    tick_until(list_swarm{});
    truth.tasks.push_back(task_at("t2", 120));
    answer_lists();
    const auto since = now;
    bool closed = false;
    while (!closed && now - since < 2min) {
        for (const auto& wanted : tick()) {
            closed |= wanted == action{close_watch{}};
            if (wanted == action{list_swarm{}})
                answer_lists();
            if (wanted == action{ask_leader{}})
                answer_leader();
        }
    }
    EXPECT_TRUE(closed);
}

// --- Ends and beginnings ---

TEST_F(WatchFollower, OpensAgainWithGrowingPauses)
{
    follower.start(now);
    step();
    std::vector<duration> pauses;
    for (int failures = 0; failures < 8; ++failures) {
        const auto since = now;
        follower.lost(now);
        EXPECT_THAT(tick_until(open_watch{}), ElementsAre(action{open_watch{}}));
        pauses.push_back(now - since);
    }
    EXPECT_LE(pauses.front(), 300ms);
    EXPECT_GE(pauses.back(), 5s);
    EXPECT_LE(pauses.back(), 7500ms);
    EXPECT_FALSE(follower.is_promising()) << "others wait in vain for one that fails";
}

TEST_F(WatchFollower, PromisesForTwoSecondsOnly)
{
    follower.start(now);
    step();
    EXPECT_TRUE(follower.is_promising());
    now += 2s;
    step();
    EXPECT_FALSE(follower.is_promising());
    EXPECT_EQ(follower.deadline(), std::nullopt);
}

TEST_F(WatchFollower, DropsNothingWhenTheStreamEnds)
{
    follow();
    EXPECT_EQ(follower.trouble(), "it was not opened yet");
    follower.lost(now);
    EXPECT_FALSE(follower.carries(now));
    EXPECT_EQ(follower.trouble(), "it ended");
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));
}

TEST_F(WatchFollower, PassesOverAnswersOfAStreamThatIsNoMore)
{
    open();
    follower.lost(now);
    EXPECT_THAT(tick_until(open_watch{}), ElementsAre(action{open_watch{}}));
    follower.armed(now);
    // Armed, and not asked for a list yet.
    EXPECT_FALSE(follower.take_lists(truth));
    EXPECT_FALSE(follower.carries(now));
}

TEST_F(WatchFollower, GivesUpAStreamThatNobodyReadForLong)
{
    follow();
    now += 60s; // stopped by somebody, and continued
    EXPECT_THAT(step(), ElementsAre(action{close_watch{}}, action{open_watch{}}));
    EXPECT_TRUE(follower.is_promising());
    EXPECT_THAT(known_tasks(), ElementsAre("t1"));

    follower.armed(now);
    EXPECT_THAT(step(), ElementsAre(action{list_swarm{}}));
    truth.tasks = {task_at("t9", 500)};
    answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t9"));
}

TEST_F(WatchFollower, OpensNoStreamTwiceWhereTheOneGivenUpIsToldAsLost)
{
    follow();
    now += 15s; // this program stood still
    EXPECT_THAT(step(), ElementsAre(action{close_watch{}}, action{open_watch{}}));
    follower.lost(now); // the one that was given up
    step();
    follower.armed(now);
    EXPECT_THAT(step(), ElementsAre(action{list_swarm{}}));
    answer_lists();
    for (int seconds = 0; seconds < 8; ++seconds) {
        now += 1s;
        EXPECT_THAT(step(), Not(Contains(action{open_watch{}})));
    }
    EXPECT_TRUE(follower.carries(now));
}

TEST(Swarms, AreOneWhereTheyHaveANodeInCommon)
{
    const auto a = node_at("a", "192.168.0.1");
    const auto b = node_at("b", "192.168.0.1"); // an address may be used twice
    EXPECT_TRUE(are_of_one_swarm({a, b}, {b}));
    EXPECT_FALSE(are_of_one_swarm({a}, {b}));
    EXPECT_FALSE(are_of_one_swarm({}, {b}));
}

TEST_F(WatchFollower, AsksAgainAfterAListThatFailed)
{
    open();
    follower.list_failed(now);
    step();
    EXPECT_FALSE(follower.carries(now));
    tell(kind::created, task_at("t2", 101));
    EXPECT_THAT(tick_until(list_swarm{}), Contains(action{list_swarm{}}));
    truth.tasks.push_back(task_at("t2", 101));
    answer_lists();
    EXPECT_THAT(known_tasks(), ElementsAre("t1", "t2"));
}

TEST_F(WatchFollower, GivesUpAStreamThatBringsMoreThanCanBeKept)
{
    open();
    const std::vector<object_change> many(200'001, {kind::updated, task_at("t1", 101)});
    tell(many);
    EXPECT_THAT(done, ElementsAre(action{close_watch{}}, action{open_watch{}}));
}

} // namespace
} // namespace agent::core
