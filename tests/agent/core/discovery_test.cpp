#include "agent/core/discovery.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;
using ::testing::VariantWith;
using actions = std::vector<action>;

const start_read list{read_everything{}};

start_read reading(read_request what)
{
    return {std::move(what)};
}

hint service_hint(std::string id)
{
    return {hint::subject::service, hint::change::object, std::move(id), {}, {}, {}};
}

hint node_hint(std::string id)
{
    return {hint::subject::node, hint::change::object, std::move(id), {}, {}, {}};
}

hint container_hint(hint::change what, std::string task_id, std::string service_id)
{
    return {hint::subject::container, what, {}, std::move(task_id), std::move(service_id), "node-1"};
}

/// The machine with a clock of its own and a swarm to answer from: service `shop` with task `t1` at 10.0.1.3:8080.
class Discovery : public ::testing::Test {
protected:
    Discovery()
    {
        settings.rules.endpoints.meta = meta_labels::none;
        shop.ports = {tcp(8080)};
        data.services = {shop};
        data.nodes = {node_at("node-1", "192.168.0.1")};
        data.tasks = {task_at("t1", "10.0.1.3")};
        data.networks = {overlay("back")};
    }

    task task_at(const std::string& id, const std::string& address) const
    {
        return task_of(shop, id, {on("back", {address + "/24"})});
    }

    task starting_task(const std::string& id, const std::string& address) const
    {
        auto made = task_at(id, address);
        made.state = task_state::starting;
        return made;
    }

    actions handle(event what) { return machine().handle(std::move(what), now); }

    /// Goes to the next deadline.
    actions tick()
    {
        now = std::max(now, machine().deadline().value());
        return handle(core::tick{});
    }

    /// Time until the next deadline.
    duration wait() { return machine().deadline().value() - now; }

    actions answer_list(duration took = 1ms, duration cpu = {}) { return handle(everything_read{data, took, cpu}); }
    actions answer_tasks() { return handle(tasks_read{shop.id, data.tasks, data.networks}); }

    /// Up to the moment at which the stream is open and everything is listed.
    void sync()
    {
        (void)machine().start(now);
        (void)handle(stream_opened{});
        (void)answer_list();
    }

    /// Goes to the next full list and answers it. There must be nothing to read before.
    actions resync()
    {
        EXPECT_THAT(tick(), ElementsAre(action{list}));
        return answer_list();
    }

    /// Answers all reads that a hint about `shop` causes.
    void finish_reading_shop()
    {
        EXPECT_THAT(tick(), ElementsAre(action{reading(read_service{shop.id})}));
        EXPECT_THAT(handle(service_read{shop.id, shop}), ElementsAre(action{reading(read_tasks_of{shop.id})}));
        (void)answer_tasks();
        (void)tick();
        (void)answer_tasks();
    }

    std::vector<std::string> targets()
    {
        std::vector<std::string> all;
        if (machine().believed(role::endpoints))
            for (const auto& group : *machine().believed(role::endpoints))
                all.insert(all.end(), group.targets.begin(), group.targets.end());
        return all;
    }

    discovery& machine()
    {
        if (!machine_)
            machine_.emplace(settings);
        return *machine_;
    }

    discovery_settings settings;
    service shop = service_named("shop");
    snapshot data;
    time_point now{1h};

private:
    std::optional<discovery> machine_;
};

// --- The beginning ---

TEST_F(Discovery, OpensTheStreamFirst)
{
    EXPECT_THAT(machine().start(now), ElementsAre(action{open_stream{}}));
}

TEST_F(Discovery, ListsEverythingOnceTheStreamIsOpen)
{
    (void)machine().start(now);
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(action{list}));
}

TEST_F(Discovery, PublishesTheFirstListAtOnce)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    EXPECT_EQ(machine().synced_at(), std::nullopt);
    EXPECT_EQ(machine().believed(role::endpoints), nullptr);
    now += 30ms;
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_EQ(machine().synced_at(), now);
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, ListsAllTheSameWhenTheStreamDoesNotOpen)
{
    (void)machine().start(now);
    EXPECT_EQ(wait(), 2s);
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}));
}

TEST_F(Discovery, ListsAgainWhenTheStreamOpensDuringAList)
{
    (void)machine().start(now);
    (void)tick();
    now += 5ms;
    EXPECT_THAT(handle(stream_opened{}), IsEmpty());
    now += 5ms;
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}, action{list}));
}

TEST_F(Discovery, PublishesNothingBeforeTheFirstList)
{
    (void)machine().start(now);
    (void)handle(service_hint(shop.id));
    now += 10ms;
    ASSERT_THAT(handle(core::tick{}), ElementsAre(action{reading(read_service{shop.id})}));
    EXPECT_THAT(handle(service_read{shop.id, shop}), ElementsAre(action{reading(read_tasks_of{shop.id})}));
    EXPECT_THAT(answer_tasks(), IsEmpty());
    EXPECT_EQ(machine().believed(role::endpoints), nullptr);
}

TEST_F(Discovery, F38_PublishesAnEmptyFirstListWhereNoFileHadTargets)
{
    data = {};
    (void)machine().start(now);
    (void)handle(stream_opened{});
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_THAT(*machine().believed(role::endpoints), IsEmpty());
}

// --- Large lists ---

/// Many tasks, each with an address of its own.
class LargeDiscovery : public Discovery {
protected:
    static constexpr int count = 5'000;

    LargeDiscovery()
    {
        data.tasks.clear();
        for (int number = 0; number < count; ++number)
            data.tasks.push_back(task_at("t" + std::to_string(number), "10.1." + std::to_string(number / 200) + "." +
                                                                           std::to_string(number % 200 + 1)));
    }

    /// Ticks, all of them at once, until something comes of it.
    actions work()
    {
        for (int ticks = 0; ticks < count; ++ticks) {
            EXPECT_EQ(wait(), 0s);
            if (auto wanted = tick(); !wanted.empty())
                return wanted;
        }
        return {};
    }
};

TEST_F(LargeDiscovery, TakesAListInParts)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    EXPECT_THAT(answer_list(), IsEmpty());
    EXPECT_LT(machine().world().task_count(), data.tasks.size());
    EXPECT_EQ(machine().synced_at(), std::nullopt);
    EXPECT_TRUE(machine().busy(now));
    EXPECT_THAT(work(), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_EQ(machine().synced_at(), now);
    EXPECT_FALSE(machine().busy(now));
    EXPECT_THAT(targets(), SizeIs(count));
    EXPECT_GT(wait(), 1s) << "nothing is left to do";
}

TEST_F(LargeDiscovery, PublishesNothingThatIsHalfDone)
{
    sync();
    (void)work();
    const auto before = targets();
    for (auto& one : data.tasks)
        one.state = task_state::failed;
    data.tasks.front().state = task_state::running;
    EXPECT_THAT(resync(), IsEmpty());
    for (actions wanted; wanted.empty(); wanted = tick())
        EXPECT_EQ(targets(), before);
    EXPECT_THAT(targets(), SizeIs(1));
}

TEST_F(LargeDiscovery, LetsEventsWaitForAListThatIsBeingTaken)
{
    sync();
    const auto deadline = machine().deadline();
    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    EXPECT_THAT(handle(stream_lost{}), IsEmpty());
    EXPECT_EQ(machine().deadline(), deadline);
    EXPECT_THAT(work(), ElementsAre(action{publish{std::nullopt, true}}));
    now += read_queue::after_hint;
    EXPECT_THAT(handle(core::tick{}), ElementsAre(action{reading(read_service{shop.id})}));
}

TEST_F(Discovery, HoldsBackWhatWasNewest)
{
    sync();
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t2"})}));
    EXPECT_THAT(handle(task_read{"t2", task_at("t2", "10.0.1.4"), {}}),
                Contains(action{publish{now - read_queue::after_start}}));
    // Nobody asked for what was new, and now all of it seems to be gone.
    data.tasks.clear();
    EXPECT_THAT(resync(), Contains(action{hold_back{}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

// --- Hints ---

TEST_F(Discovery, ReadsAServiceAndItsTasksAfterAHint)
{
    sync();
    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    EXPECT_EQ(wait(), 10ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_service{shop.id})}));
    EXPECT_THAT(handle(service_read{shop.id, shop}), ElementsAre(action{reading(read_tasks_of{shop.id})}));
    EXPECT_THAT(answer_tasks(), IsEmpty()) << "nothing changed";
}

TEST_F(Discovery, PublishesWhatAHintBroughtWithTheTimeOfTheHint)
{
    sync();
    const auto heard = now;
    (void)handle(service_hint(shop.id));
    (void)tick();
    now += 3ms;
    shop.ports = {tcp(9090)};
    EXPECT_THAT(handle(service_read{shop.id, shop}),
                ElementsAre(action{publish{heard, false}}, action{reading(read_tasks_of{shop.id})}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9090"));
}

TEST_F(Discovery, ReadsATaskAfterItsContainerStarted)
{
    sync();
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    EXPECT_EQ(wait(), 50ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t2"})}));
    EXPECT_THAT(handle(task_read{"t2", task_at("t2", "10.0.1.4"), {}}), ElementsAre(VariantWith<publish>(_)));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(Discovery, TakesTheNetworksThatATaskBrings)
{
    sync();
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    (void)tick();
    (void)handle(task_read{"t2", task_of(shop, "t2", {on("new", {"10.0.7.4/24"})}), {overlay("new")}});
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.7.4:8080"));
}

TEST_F(Discovery, FollowsANetworkThatTheTasksOfAnotherServiceShowChanged)
{
    auto other = service_named("other");
    other.ports = {tcp(9000)};
    data.services.push_back(other);
    data.tasks.push_back(task_of(other, "t9", {on("back", {"10.0.1.9/24"})}));
    data.networks.front().driver.clear(); // not made yet
    sync();
    EXPECT_THAT(targets(), IsEmpty());
    (void)handle(container_hint(hint::change::started, "t1", shop.id));
    (void)tick();
    (void)handle(task_read{"t1", data.tasks.front(), {overlay("back")}});
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.9:9000"));
}

TEST_F(Discovery, ReadsATaskWhoseContainerDiedUntilItHasEndedAndThenItsService)
{
    settings.confirm_empty = false;
    sync();
    auto t1 = data.tasks.front();
    ASSERT_EQ(t1.id, "t1");
    (void)handle(container_hint(hint::change::died, "t1", shop.id));
    for (const auto delay : {150ms, 100ms, 200ms, 400ms}) {
        EXPECT_EQ(wait(), delay);
        EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t1"})}));
        EXPECT_THAT(handle(task_read{"t1", t1, {}}), IsEmpty()) << "the engine is behind its own event";
    }
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t1"})}));
    t1.state = task_state::failed;
    EXPECT_THAT(handle(task_read{"t1", t1, {}}), ElementsAre(VariantWith<publish>(_)));
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_tasks_of{shop.id})}));
}

TEST_F(Discovery, IsNotConcernedByContainersOutsideTheSwarm)
{
    sync();
    const auto before = machine().deadline();
    (void)handle(container_hint(hint::change::started, "", ""));
    (void)handle(container_hint(hint::change::died, "t1", ""));
    EXPECT_EQ(machine().deadline(), before);
}

TEST_F(Discovery, ReadsAServiceItDoesNotKnowWhenOneOfItsContainersShowsUp)
{
    sync();
    (void)handle(container_hint(hint::change::started, "t9", "id-new"));
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_service{"id-new"})}));
}

TEST_F(Discovery, ReadsANodeAndThenTheTasksOnItWhenItChanged)
{
    sync();
    (void)handle(node_hint("node-1"));
    EXPECT_EQ(wait(), 10ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_node{"node-1"})}));
    auto drained = node_at("node-1", "192.168.0.1");
    drained.availability = "drain";
    (void)handle(node_read{"node-1", drained});
    EXPECT_EQ(wait(), 10ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_tasks_of{shop.id})}));
}

TEST_F(Discovery, LeavesTasksAloneWhenANodeDidNotChange)
{
    sync();
    (void)handle(node_hint("node-1"));
    (void)tick();
    EXPECT_THAT(handle(node_read{"node-1", data.nodes.front()}), IsEmpty());
    EXPECT_GE(wait(), 10s);
}

TEST_F(Discovery, ReadsOneThingAtATime)
{
    sync();
    (void)handle(service_hint(shop.id));
    (void)handle(service_hint("id-other"));
    (void)tick();
    now += 1s;
    EXPECT_THAT(handle(core::tick{}), IsEmpty());
    EXPECT_THAT(handle(node_hint("node-1")), IsEmpty());
    EXPECT_THAT(handle(hints_lost{}), IsEmpty());
    EXPECT_THAT(handle(stream_lost{}), IsEmpty());
}

TEST_F(Discovery, ReadsAgainWhenAHintComesDuringARead)
{
    sync();
    (void)handle(container_hint(hint::change::started, "t1", shop.id));
    (void)tick();
    (void)handle(container_hint(hint::change::started, "t1", shop.id));
    EXPECT_THAT(handle(task_read{"t1", data.tasks.front(), {}}), IsEmpty());
    EXPECT_EQ(wait(), 50ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t1"})}));
}

TEST_F(Discovery, F13_ReadsAgainWhenAHintComesDuringAList)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    (void)handle(service_hint(shop.id));
    now += 20ms;
    EXPECT_THAT(answer_list(),
                ElementsAre(action{publish{std::nullopt, true}}, action{reading(read_service{shop.id})}));
}

TEST_F(Discovery, ListsEverythingWhenHintsWereLost)
{
    sync();
    now += 1s;
    EXPECT_THAT(handle(hints_lost{}), ElementsAre(action{list}));
}

TEST_F(Discovery, ListsAgainWhenHintsWereLostDuringAList)
{
    sync();
    now += 1s;
    (void)handle(hints_lost{});
    (void)handle(hints_lost{});
    EXPECT_TRUE(machine().busy(now));
    EXPECT_THAT(answer_list(20ms), IsEmpty());
    EXPECT_TRUE(machine().busy(now));
    EXPECT_EQ(wait(), 60ms) << "a quarter of the engine's time at most";
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    (void)answer_list(20ms);
    EXPECT_FALSE(machine().busy(now));
    EXPECT_GE(wait(), 10s);
}

TEST_F(Discovery, ListsOnceInsteadOfManyReads)
{
    sync();
    now += 1s;
    for (int i = 0; i < 20; ++i)
        (void)handle(service_hint("id-" + std::to_string(i)));
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), IsEmpty());
    EXPECT_GE(wait(), 10s) << "nothing is left to read";
}

TEST_F(Discovery, ReadsOneByOneWhereListsAreStillDear)
{
    sync();
    now += 1s;
    (void)handle(hints_lost{});
    (void)answer_list(1s);
    for (int i = 0; i < 20; ++i)
        (void)handle(node_hint("n" + std::to_string(i)));
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_node{"n0"})}));
    now += 3s;
    EXPECT_THAT(handle(node_read{"n0", std::nullopt}), ElementsAre(action{list}));
}

TEST_F(Discovery, IsBusyWhileChangesAreBeingRead)
{
    sync();
    EXPECT_FALSE(machine().busy(now));
    (void)handle(container_hint(hint::change::started, "t1", shop.id));
    EXPECT_FALSE(machine().busy(now)) << "not yet";
    (void)tick();
    EXPECT_TRUE(machine().busy(now));
    (void)handle(task_read{"t1", data.tasks.front(), {}});
    EXPECT_FALSE(machine().busy(now));
}

// --- Until tasks settle ---

TEST_F(Discovery, ReadsTasksAtGrowingDelaysUntilTheySettle)
{
    sync();
    data.tasks.push_back(starting_task("t2", "10.0.1.4"));
    (void)handle(service_hint(shop.id));
    (void)tick();
    ASSERT_THAT(handle(service_read{shop.id, shop}), ElementsAre(action{reading(read_tasks_of{shop.id})}));
    (void)answer_tasks();
    for (const auto delay : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms}) {
        EXPECT_EQ(wait(), delay);
        EXPECT_THAT(tick(), ElementsAre(action{reading(read_tasks_of{shop.id})}));
        EXPECT_THAT(answer_tasks(), IsEmpty());
    }
    EXPECT_EQ(wait(), 5s);
}

TEST_F(Discovery, StopsReadingTasksOnceTheySettled)
{
    sync();
    data.tasks = {starting_task("t2", "10.0.1.4")};
    (void)handle(service_hint(shop.id));
    (void)tick();
    (void)handle(service_read{shop.id, shop});
    (void)answer_tasks();
    const auto looked = now;
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080")) << "held: it was the only one";

    data.tasks = {task_at("t2", "10.0.1.4")};
    (void)tick();
    EXPECT_THAT(answer_tasks(), ElementsAre(action{publish{looked, false}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.4:8080"));
    EXPECT_GE(wait(), 10s);
}

TEST_F(Discovery, GoesOnWithTasksInMotionAfterAFullList)
{
    sync();
    (void)handle(service_hint(shop.id));
    now += 1s;
    data.tasks.push_back(starting_task("t2", "10.0.1.4"));
    EXPECT_THAT(handle(hints_lost{}), ElementsAre(action{list}));
    (void)answer_list();
    EXPECT_EQ(wait(), 100ms);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_tasks_of{shop.id})}));
}

TEST_F(Discovery, LooksAtATaskThatDoesNotComeUpThroughItsService)
{
    sync();
    data.tasks.push_back(starting_task("t2", "10.0.1.4"));
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    for (int looks = 0; looks < 3; ++looks) {
        EXPECT_THAT(tick(), ElementsAre(action{reading(read_task{"t2"})}));
        (void)handle(task_read{"t2", data.tasks.back(), {}});
    }
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_tasks_of{shop.id})}));
}

// --- What is gone ---

TEST_F(Discovery, DropsTheTargetsOfAServiceThatIsGone)
{
    settings.confirm_empty = false;
    sync();
    (void)handle(service_hint(shop.id));
    (void)tick();
    EXPECT_THAT(handle(service_read{shop.id, std::nullopt}), ElementsAre(VariantWith<publish>(_)));
    EXPECT_THAT(targets(), IsEmpty());
    EXPECT_GE(wait(), 10s) << "its tasks are not asked for any more";
}

TEST_F(Discovery, DropsATaskThatIsGone)
{
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    sync();
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    (void)tick();
    EXPECT_THAT(handle(task_read{"t2", std::nullopt, {}}), ElementsAre(VariantWith<publish>(_)));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, DropsATargetAsSoonAsItsTaskIsMeantToStop)
{
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    sync();
    data.tasks.back().desired = task_state::shutdown;
    (void)handle(service_hint(shop.id));
    (void)tick();
    (void)handle(service_read{shop.id, shop});
    (void)answer_tasks();
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, KeepsTasksOfAServiceThatTheEngineDoesNotFindAndLists)
{
    sync();
    (void)handle(container_hint(hint::change::died, "t1", shop.id));
    (void)tick();
    EXPECT_THAT(handle(tasks_read{shop.id, std::nullopt, {}}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(wait(), 100ms);
    EXPECT_THAT(tick(), ElementsAre(action{list}));
}

TEST_F(Discovery, KeepsTheTargetsOfANodeThatIsGoneWhileItsTasksServe)
{
    sync();
    (void)handle(node_hint("node-1"));
    (void)tick();
    EXPECT_THAT(handle(node_read{"node-1", std::nullopt}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, CountsTasksOfUnknownServicesAsSkipped)
{
    data.tasks.push_back(task_of(service_named("removed-job"), "t9", {on("back", {"10.0.1.9/24"})}));
    sync();
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(machine().skipped(role::endpoints).tasks.at(static_cast<std::size_t>(skip_reason::unknown_service)), 1U);
}

// --- Failed reads ---

TEST_F(Discovery, PublishesNothingFromAFailedRead)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    EXPECT_THAT(handle(read_failed{}), IsEmpty());
    EXPECT_EQ(machine().believed(role::endpoints), nullptr);
}

TEST_F(Discovery, KeepsTheTargetsWhenReadsFail)
{
    sync();
    for (int i = 0; i < 10; ++i) {
        EXPECT_THAT(tick(), ElementsAre(action{list}));
        EXPECT_THAT(handle(read_failed{}), IsEmpty());
        EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    }
}

TEST_F(Discovery, TriesAFailedListAgainEverLessOften)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    for (const auto delay : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 5000ms, 5000ms}) {
        (void)handle(read_failed{});
        EXPECT_THAT(wait(), AllOf(Ge(delay), Le(delay * 3 / 2)));
        EXPECT_THAT(tick(), ElementsAre(action{list}));
    }
}

TEST_F(Discovery, StartsTheDelaysAnewAfterAGoodRead)
{
    sync();
    for (int i = 0; i < 5; ++i) {
        (void)tick();
        (void)handle(read_failed{});
    }
    (void)tick();
    (void)answer_list();
    (void)tick();
    (void)handle(read_failed{});
    EXPECT_THAT(wait(), AllOf(Ge(250ms), Le(375ms)));
}

TEST_F(Discovery, ListsEverythingAfterASingleReadFailed)
{
    sync();
    (void)handle(service_hint(shop.id));
    (void)tick();
    (void)handle(read_failed{});
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    shop.ports = {tcp(9090)};
    data.services = {shop};
    (void)answer_list();
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:9090"));
}

TEST_F(Discovery, DoesNotLetHintsShortenTheWaitAfterAFailure)
{
    sync();
    (void)tick();
    (void)handle(read_failed{});
    const auto retry = machine().deadline();
    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    EXPECT_THAT(handle(hints_lost{}), IsEmpty());
    now += 100ms;
    EXPECT_THAT(handle(core::tick{}), IsEmpty());
    EXPECT_EQ(machine().deadline(), retry);
}

TEST_F(Discovery, DoesNotWaitAfterAFailureWhenTheStreamOpens)
{
    (void)machine().start(now);
    (void)tick();
    (void)handle(read_failed{});
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(action{list}));
}

// --- The stream ---

TEST_F(Discovery, OpensALostStreamAgainEverLessOften)
{
    (void)machine().start(now);
    auto before = 0ms;
    for (const auto delay : {250ms, 500ms, 1000ms, 2000ms}) {
        (void)handle(stream_lost{});
        const auto lost = now;
        while (tick() != actions{open_stream{}})
            (void)handle(read_failed{});
        EXPECT_THAT(now - lost, AllOf(Ge(delay), Le(delay * 3 / 2)));
        EXPECT_GT(now - lost, before);
        before = delay;
    }
}

TEST_F(Discovery, F21_OpensAStreamThatLastedAgainAtOnceAndStartsTheDelaysAnew)
{
    sync();
    for (int i = 0; i < 6; ++i)
        (void)handle(stream_lost{});
    (void)handle(stream_opened{});
    (void)answer_list();
    now += 30s;
    EXPECT_THAT(handle(stream_lost{}), Contains(action{open_stream{}}));
    (void)handle(stream_lost{});
    (void)answer_list();
    EXPECT_THAT(wait(), AllOf(Ge(250ms), Le(375ms)));
}

TEST_F(Discovery, DoesNotTakeAStreamThatBreaksAtOnceForAGoodOne)
{
    sync();
    for (int i = 0; i < 6; ++i)
        (void)handle(stream_lost{});
    (void)handle(stream_opened{});
    now += 29s;
    (void)handle(stream_lost{});
    (void)answer_list();
    EXPECT_GE(wait(), 5s);
}

TEST_F(Discovery, KeepsTheTargetsWhenTheStreamIsLost)
{
    sync();
    EXPECT_THAT(handle(stream_lost{}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, ListsEverythingWhenTheStreamIsOpenAgain)
{
    sync();
    (void)handle(stream_lost{});
    EXPECT_THAT(tick(), ElementsAre(action{open_stream{}}));
    now += 1ms;
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(action{list}));
    data.tasks = {task_at("t2", "10.0.1.4")};
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, false}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.4:8080"));
}

TEST_F(Discovery, GoesOnListingWithoutAStream)
{
    sync();
    (void)handle(stream_lost{});
    EXPECT_THAT(tick(), ElementsAre(action{open_stream{}}));
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    (void)resync();
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

// --- Resync ---

TEST_F(Discovery, ListsEverythingAtIntervals)
{
    sync();
    for (int i = 0; i < 50; ++i) {
        EXPECT_THAT(wait(), AllOf(Ge(13500ms), Le(16500ms)));
        EXPECT_THAT(resync(), IsEmpty()) << "nothing changed";
    }
}

TEST_F(Discovery, SpreadsItsListsDifferentlyWithEachSeed)
{
    std::vector<duration> waits;
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        settings.seed = seed * 7919;
        discovery other(settings);
        (void)other.start(now);
        (void)other.handle(stream_opened{}, now);
        (void)other.handle(everything_read{data, 1ms, {}}, now);
        waits.push_back(*other.deadline() - now);
    }
    std::sort(waits.begin(), waits.end());
    EXPECT_EQ(std::adjacent_find(waits.begin(), waits.end()), waits.end());
}

TEST_F(Discovery, F10_RepairsWhatNoHintTold)
{
    sync();
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    EXPECT_THAT(resync(), ElementsAre(action{publish{std::nullopt, false}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080", "10.0.1.4:8080"));
}

TEST_F(Discovery, ListsLessOftenWhereListsCostMuchHere)
{
    sync();
    (void)tick();
    (void)answer_list(1ms, 1s);
    EXPECT_EQ(machine().resync_interval(), 200s) << "0.5 % of a core";
    EXPECT_THAT(wait(), AllOf(Ge(180s), Le(220s)));
}

TEST_F(Discovery, ListsLessOftenWhereListsCostTheEngineMuch)
{
    sync();
    for (const auto took : {2s, 3s, 4s}) {
        (void)tick();
        (void)answer_list(took);
        EXPECT_EQ(machine().resync_interval(), 15s) << "one of the last four came fast";
    }
    (void)tick();
    (void)answer_list(5s);
    EXPECT_EQ(machine().resync_interval(), 40s) << "5 % of a core, by the fastest of four";
    (void)tick();
    (void)answer_list(10ms);
    EXPECT_EQ(machine().resync_interval(), 15s);
}

// --- Missed changes ---

TEST_F(Discovery, ReportsAServiceThatNoHintAnnouncedAndOpensAnotherStream)
{
    sync();
    shop.labels = {{"a", "b"}};
    data.services = {shop};
    (void)resync();
    EXPECT_EQ(wait(), 2s);
    EXPECT_THAT(tick(), ElementsAre(action{report_missed{1, 0}}, action{close_stream{}}, action{open_stream{}}));
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(action{list}));
}

TEST_F(Discovery, ReportsANodeThatNoHintAnnounced)
{
    sync();
    data.nodes.front().availability = "drain";
    (void)resync();
    EXPECT_THAT(tick(), Contains(action{report_missed{1, 0}}));
}

TEST_F(Discovery, ReportsTasksElsewhereWithoutBlamingTheStream)
{
    sync();
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    data.tasks.push_back(task_at("t3", "10.0.1.5"));
    (void)resync();
    EXPECT_THAT(tick(), ElementsAre(action{report_missed{0, 2}}));
}

TEST_F(Discovery, BlamesTheStreamForContainersOfTheEnginesOwnNode)
{
    const auto other = service_named("other");
    data.services.push_back(other);
    data.tasks.push_back(task_of(other, "t9"));
    sync();
    (void)handle(container_hint(hint::change::started, "t1", shop.id)); // tells that node-1 is the engine's own
    (void)tick();
    (void)handle(task_read{"t1", data.tasks.front(), {}});
    data.tasks.pop_back();
    (void)resync();
    EXPECT_THAT(tick(), ElementsAre(action{report_missed{1, 0}}, action{close_stream{}}, action{open_stream{}}));
}

TEST_F(Discovery, MissesNothingThatAHintAnnounced)
{
    sync();
    now += 1s;
    (void)handle(service_hint(shop.id));
    (void)handle(hints_lost{});
    shop.labels = {{"a", "b"}};
    data.services = {shop};
    (void)answer_list();
    finish_reading_shop();
    EXPECT_GE(wait(), 10s) << "no grace time runs";
}

TEST_F(Discovery, MissesNothingThatAHintAnnouncesShortlyAfterTheList)
{
    sync();
    shop.labels = {{"a", "b"}};
    data.services = {shop};
    (void)resync();
    now += 1s;
    (void)handle(service_hint(shop.id));
    finish_reading_shop();
    EXPECT_GE(wait(), 10s) << "no grace time runs";
}

TEST_F(Discovery, MissesNoTaskWhoseContainerWasAnnounced)
{
    sync();
    now += 1s;
    (void)handle(container_hint(hint::change::started, "t2", shop.id));
    (void)handle(hints_lost{});
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    (void)answer_list();
    ASSERT_THAT(tick(), ElementsAre(action{reading(read_task{"t2"})}));
    (void)handle(task_read{"t2", data.tasks.back(), {}});
    EXPECT_GE(wait(), 10s) << "no grace time runs";
}

TEST_F(Discovery, MissesNothingInTheListThatFollowsTheStreamsOpening)
{
    sync();
    (void)handle(stream_lost{});
    (void)tick();
    shop.labels = {{"a", "b"}};
    data.services = {shop};
    (void)handle(stream_opened{});
    (void)answer_list();
    EXPECT_GE(wait(), 10s) << "no grace time runs";
}

TEST_F(Discovery, MissesNothingWhileThereIsNoStream)
{
    sync();
    (void)handle(stream_lost{});
    (void)tick();
    data.tasks.push_back(task_at("t2", "10.0.1.4"));
    (void)resync();
    EXPECT_GE(wait(), 10s) << "no grace time runs";
}

// --- Everything gone ---

TEST_F(Discovery, F39_HoldsBackWhenAllTargetsVanish)
{
    sync();
    data.tasks.clear();
    EXPECT_THAT(resync(), ElementsAre(action{hold_back{}}));
    EXPECT_TRUE(machine().holds_back());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(wait(), 2s) << "the missed change";
}

TEST_F(Discovery, F39_BelievesThatAllTargetsVanishedWhenASecondListSaysSo)
{
    sync();
    (void)handle(service_hint(shop.id));
    (void)tick();
    EXPECT_THAT(handle(service_read{shop.id, std::nullopt}), ElementsAre(action{hold_back{}}));
    data.services.clear();
    data.tasks.clear();
    EXPECT_EQ(wait(), 5s);
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, false}}));
    EXPECT_FALSE(machine().holds_back());
    EXPECT_THAT(targets(), IsEmpty());
}

TEST_F(Discovery, HoldsBackOnlyOnceUntilItIsDecided)
{
    sync();
    data.tasks.clear();
    EXPECT_THAT(resync(), ElementsAre(action{hold_back{}}));
    now += 1s;
    ASSERT_THAT(handle(hints_lost{}), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), IsEmpty());
    EXPECT_TRUE(machine().holds_back());
}

TEST_F(Discovery, GoesOnAsIfNothingWasWhenTargetsComeBack)
{
    sync();
    const auto full = data;
    data.tasks.clear();
    (void)resync();
    now += 1s;
    data = full;
    (void)handle(hints_lost{});
    (void)answer_list();
    EXPECT_FALSE(machine().holds_back());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, KeepsHoldingBackWhileReadsFail)
{
    sync();
    (void)handle(service_hint(shop.id));
    (void)tick();
    (void)handle(service_read{shop.id, std::nullopt});
    (void)tick();
    (void)handle(read_failed{});
    EXPECT_TRUE(machine().holds_back());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_THAT(tick(), ElementsAre(action{list}));
}

TEST_F(Discovery, F38_HoldsBackAnEmptyFirstListWhereTheFileHadTargets)
{
    settings.had_targets = {role::endpoints};
    const auto full = data;
    data = {};
    (void)machine().start(now);
    (void)handle(stream_opened{});
    EXPECT_THAT(answer_list(), ElementsAre(action{hold_back{}}));
    EXPECT_EQ(machine().believed(role::endpoints), nullptr);
    EXPECT_EQ(wait(), 5s);
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_THAT(*machine().believed(role::endpoints), IsEmpty());
}

TEST_F(Discovery, PublishesAFullSecondListWhereTheFirstWasHeldBack)
{
    settings.had_targets = {role::endpoints};
    const auto full = data;
    data = {};
    (void)machine().start(now);
    (void)handle(stream_opened{});
    (void)answer_list();
    data = full;
    (void)tick();
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, BelievesAnythingAtOnceWhenToldSo)
{
    settings.confirm_empty = false;
    settings.had_targets = {role::endpoints};
    sync();
    data.tasks.clear();
    EXPECT_THAT(resync(), ElementsAre(action{publish{std::nullopt, false}}));
    EXPECT_THAT(targets(), IsEmpty());
}

// --- What only pages need ---

TEST_F(Discovery, FollowsARoleAtOnceWhoseListsAreReadAnyway)
{
    sync();
    EXPECT_THAT(handle(role_wanted{role::tasks}), ElementsAre(action{publish{std::nullopt, true, role::tasks}}));
    EXPECT_THAT(handle(role_wanted{role::tasks}), IsEmpty());
    EXPECT_NE(machine().believed(role::tasks), nullptr);
}

TEST_F(Discovery, ReadsApartWhatOnlyAPageNeeds)
{
    sync();
    EXPECT_THAT(handle(role_wanted{role::services}), ElementsAre(action{reading(read_networks{})}));
    EXPECT_TRUE(machine().awaits(role::services));
    EXPECT_FALSE(machine().busy(now)) << "no file waits for it";
    EXPECT_THAT(handle(networks_read{{overlay("back")}}),
                ElementsAre(action{publish{std::nullopt, true, role::services}}));
    EXPECT_FALSE(machine().awaits(role::services));
    EXPECT_NE(machine().believed(role::services), nullptr);

    EXPECT_THAT(wait(), AllOf(Ge(13500ms), Le(16500ms))) << "the full list goes on as before";
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), IsEmpty());
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_networks{})}));
}

TEST_F(Discovery, LosesOnlyThePageWhoseListIsRefused)
{
    sync();
    EXPECT_THAT(handle(role_wanted{role::containers}), ElementsAre(action{reading(read_networks{})}));
    EXPECT_THAT(handle(read_failed{"GET /networks: 403"}), ElementsAre(action{reading(read_containers{})}));
    EXPECT_TRUE(machine().awaits(role::containers));
    EXPECT_THAT(handle(containers_read{}), IsEmpty());
    EXPECT_FALSE(machine().awaits(role::containers));
    EXPECT_EQ(machine().believed(role::containers), nullptr) << "never an empty list instead";
    EXPECT_EQ(machine().unknown_because(role::containers), "no complete list yet: GET /networks: 403");

    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    finish_reading_shop();
    EXPECT_GE(wait(), 10s) << "nothing is tried again at once";
    EXPECT_THAT(resync(), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
}

TEST_F(Discovery, ServesAPageAsSoonAsItsListIsAllowed)
{
    sync();
    (void)handle(role_wanted{role::services});
    (void)handle(read_failed{"GET /networks: 403"});
    EXPECT_THAT(resync(), IsEmpty());
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_networks{})}));
    EXPECT_THAT(handle(networks_read{}), ElementsAre(action{publish{std::nullopt, true, role::services}}));
}

TEST_F(Discovery, KeepsAPagesTargetsWhenItsListFailsLater)
{
    sync();
    (void)handle(role_wanted{role::services});
    (void)handle(networks_read{});
    EXPECT_THAT(resync(), IsEmpty());
    ASSERT_THAT(tick(), ElementsAre(action{reading(read_networks{})}));
    EXPECT_THAT(handle(read_failed{"GET /networks: 500"}), IsEmpty());
    EXPECT_NE(machine().believed(role::services), nullptr);
}

TEST_F(Discovery, ServesAContainersPageWhileThereIsNoSwarm)
{
    (void)machine().start(now);
    (void)handle(stream_opened{});
    (void)handle(read_failed{"GET /services: 503"});
    EXPECT_EQ(machine().unknown_because(role::endpoints), "no complete list yet: GET /services: 503");
    EXPECT_THAT(handle(role_wanted{role::containers}), ElementsAre(action{reading(read_networks{})}));
    EXPECT_THAT(handle(networks_read{}), ElementsAre(action{reading(read_containers{})}));
    EXPECT_THAT(handle(containers_read{}), ElementsAre(action{publish{std::nullopt, true, role::containers}}));
    EXPECT_EQ(machine().believed(role::endpoints), nullptr);
    EXPECT_FALSE(machine().synced_at()) << "not what the output needs";

    EXPECT_THAT(handle(container_hint(hint::change::started, {}, {})), IsEmpty());
    EXPECT_EQ(wait(), read_queue::after_hint) << "its changes are followed all the same";
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_containers{})}));
}

TEST_F(Discovery, ReadsTheSwarmApartWhereOutputsNeedContainersOnly)
{
    settings.roles = {role::containers};
    const start_read own_list{read_everything{false, true, true}};
    (void)machine().start(now);
    EXPECT_THAT(handle(stream_opened{}), ElementsAre(action{own_list}));
    snapshot local;
    local.swarm_listed = false;
    EXPECT_THAT(handle(everything_read{local, 1ms, {}}),
                ElementsAre(action{publish{std::nullopt, true, role::containers}}));
    const auto synced = machine().synced_at();
    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    EXPECT_GE(wait(), 10s) << "nobody wants the swarm";

    now += 1s;
    EXPECT_THAT(handle(role_wanted{role::endpoints}), ElementsAre(action{list}));
    EXPECT_THAT(answer_list(), ElementsAre(action{publish{std::nullopt, true, role::endpoints}}));
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_EQ(machine().synced_at(), synced);

    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    finish_reading_shop();
    EXPECT_THAT(tick(), ElementsAre(action{own_list}));
    EXPECT_THAT(handle(everything_read{local, 1ms, {}}), IsEmpty()) << "it says nothing of the swarm";
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_THAT(tick(), ElementsAre(action{list}));
    EXPECT_THAT(handle(read_failed{"GET /nodes: 403"}), IsEmpty());
    EXPECT_THAT(targets(), ElementsAre("10.0.1.3:8080"));
    EXPECT_THAT(handle(service_hint(shop.id)), IsEmpty());
    EXPECT_GE(wait(), 10s) << "what fails is not worth following";
}

TEST_F(Discovery, ConfirmsByTheSameListThatAPagesTargetsAreGone)
{
    sync();
    (void)handle(role_wanted{role::containers});
    (void)handle(networks_read{{{"id-bridge", "bridge", "bridge", false}}});
    container web;
    web.id = "c1";
    web.name = "/web";
    web.networks = {{"bridge", "id-bridge", "172.17.0.2", ""}};
    (void)handle(containers_read{{web}});
    ASSERT_EQ(machine().believed(role::containers)->size(), 1U);

    (void)handle(container_hint(hint::change::died, {}, {}));
    ASSERT_THAT(tick(), ElementsAre(action{reading(read_containers{})}));
    EXPECT_THAT(handle(containers_read{}), ElementsAre(action{hold_back{role::containers}}));
    EXPECT_TRUE(machine().holds_back());
    EXPECT_EQ(machine().believed(role::containers)->size(), 1U);
    EXPECT_EQ(wait(), 5s);
    EXPECT_THAT(tick(), ElementsAre(action{reading(read_containers{})}));
    EXPECT_THAT(handle(containers_read{}), ElementsAre(action{publish{std::nullopt, false, role::containers}}));
    EXPECT_THAT(*machine().believed(role::containers), IsEmpty());
    EXPECT_FALSE(machine().holds_back());
}

} // namespace
} // namespace agent::core
