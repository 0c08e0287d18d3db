#include "agent/core/read_queue.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ReadQueue : public ::testing::Test {
protected:
    /// Goes to the next deadline and takes what is due there.
    std::optional<read_queue::job> take_next()
    {
        if (!queue.deadline())
            return std::nullopt;
        now = std::max(now, *queue.deadline());
        return queue.take_due(now);
    }

    /// Everything that is due at `when`, in order.
    std::vector<read_request> take_all(time_point when)
    {
        std::vector<read_request> taken;
        while (auto next = queue.take_due(when))
            taken.push_back(std::move(next->what));
        return taken;
    }

    /// Time from now until the next read of the tasks of `shop`, which finds them unsettled.
    duration until_next_look()
    {
        const auto before = now;
        EXPECT_TRUE(take_next());
        queue.tasks_looked_at("shop", false, now, now);
        return now - before;
    }

    static task in_state(task_state state)
    {
        auto value = task_of(service_named("shop"), "t");
        value.state = state;
        return value;
    }

    const task starting = in_state(task_state::starting);
    const task running = in_state(task_state::running);
    const task failed = in_state(task_state::failed);
    read_queue queue;
    const time_point start{1h};
    time_point now = start;
};

TEST_F(ReadQueue, IsEmptyAtFirst)
{
    EXPECT_EQ(queue.deadline(), std::nullopt);
    EXPECT_FALSE(queue.has_due(start));
    EXPECT_FALSE(queue.take_due(start));
}

TEST_F(ReadQueue, ReadsAServiceAndThenItsTasksAfterAHint)
{
    queue.service_hint("shop", start);
    EXPECT_EQ(queue.deadline(), start + 10ms);
    EXPECT_THAT(take_all(start + 9ms), IsEmpty());
    EXPECT_THAT(take_all(start + 10ms), ElementsAre(read_service{"shop"}, read_tasks_of{"shop"}));
}

TEST_F(ReadQueue, ReadsOnceForHintsInTwos)
{
    queue.service_hint("shop", start);
    queue.service_hint("shop", start + 5ms);
    EXPECT_THAT(take_all(start + 10ms), ElementsAre(read_service{"shop"}, read_tasks_of{"shop"}));
    queue.tasks_looked_at("shop", false, start + 10ms, start + 12ms);
    EXPECT_EQ(queue.deadline(), start + 112ms);
}

TEST_F(ReadQueue, ReadsANodeOnceAfterAHint)
{
    queue.node_hint("n", start);
    EXPECT_THAT(take_all(start + 10ms), ElementsAre(read_node{"n"}));
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, ReadsATaskSoonAfterItsContainerStarted)
{
    queue.start_hint("t", start);
    EXPECT_EQ(queue.deadline(), start + 50ms);
    EXPECT_THAT(take_all(start + 50ms), ElementsAre(read_task{"t"}));
}

TEST_F(ReadQueue, TakesWhatHasBeenDueLongest)
{
    queue.start_hint("t", start);
    queue.service_hint("shop", start + 30ms);
    queue.node_hint("n", start + 35ms);
    EXPECT_THAT(take_all(start + 1s),
                ElementsAre(read_service{"shop"}, read_tasks_of{"shop"}, read_node{"n"}, read_task{"t"}));
}

TEST_F(ReadQueue, TakesServicesFirstOfWhatIsDueTogether)
{
    queue.settle("shop", start);
    queue.node_hint("n", start);
    queue.start_hint("t", start - 40ms);
    queue.service_hint("other", start);
    EXPECT_THAT(take_all(start + 10ms), ElementsAre(read_service{"other"}, read_node{"n"}, read_task{"t"},
                                                    read_tasks_of{"other"}, read_tasks_of{"shop"}));
}

TEST_F(ReadQueue, TellsSinceWhenAChangeWasKnownOf)
{
    queue.service_hint("shop", start);
    queue.service_hint("shop", start + 5ms);
    EXPECT_EQ(queue.take_due(start + 20ms)->since, start);
}

TEST_F(ReadQueue, LooksAtUnsettledTasksAtGrowingDelays)
{
    queue.settle("shop", start);
    EXPECT_EQ(until_next_look(), 10ms);
    for (const auto delay : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms})
        EXPECT_EQ(until_next_look(), delay);
}

TEST_F(ReadQueue, StopsLookingOnceTasksSettled)
{
    queue.settle("shop", start);
    (void)until_next_look();
    EXPECT_TRUE(take_next());
    queue.tasks_looked_at("shop", true, now, now);
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, LooksOnceMoreAtTasksThatSeemSettledAtOnce)
{
    queue.settle("shop", start);
    EXPECT_TRUE(take_next());
    queue.tasks_looked_at("shop", true, now, now);
    EXPECT_EQ(queue.deadline(), now + 100ms) << "the engine may not have acted yet";
    EXPECT_TRUE(take_next());
    queue.tasks_looked_at("shop", true, now, now);
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, StartsTheDelaysAnewWithAHint)
{
    queue.settle("shop", start);
    for (int i = 0; i < 6; ++i)
        (void)until_next_look();
    queue.settle("shop", now);
    EXPECT_EQ(until_next_look(), 10ms);
    EXPECT_EQ(until_next_look(), 100ms);
    EXPECT_EQ(until_next_look(), 200ms);
}

TEST_F(ReadQueue, LooksAgainWhenAHintComesDuringTheRead)
{
    queue.settle("shop", start);
    ASSERT_TRUE(queue.take_due(start + 10ms));
    queue.settle("shop", start + 11ms);
    queue.tasks_looked_at("shop", true, start + 10ms, start + 12ms);
    EXPECT_EQ(queue.deadline(), start + 21ms);
}

TEST_F(ReadQueue, ReadsAgainWhenAHintComesDuringTheReadOfAService)
{
    queue.service_hint("shop", start);
    ASSERT_TRUE(queue.take_due(start + 10ms));
    queue.service_hint("shop", start + 11ms);
    EXPECT_THAT(take_all(start + 21ms), ElementsAre(read_tasks_of{"shop"}, read_service{"shop"}));
}

TEST_F(ReadQueue, LooksAtATaskThatDoesNotComeUpThreeTimesThenAtItsService)
{
    queue.start_hint("t", start);
    for (const auto delay : {50ms, 100ms, 200ms}) {
        const auto before = now;
        const auto next = take_next();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->what, read_request(read_task{"t"}));
        EXPECT_EQ(now - before, delay);
        queue.task_looked_at("t", &starting, now);
    }
    const auto before = now;
    const auto next = take_next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->what, read_request(read_tasks_of{"id-shop"}));
    EXPECT_EQ(now - before, 400ms);
}

TEST_F(ReadQueue, LooksAtATaskWhoseContainerDiedUntilItHasEnded)
{
    queue.death_hint("t", start);
    for (const auto delay : {150ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms}) {
        const auto before = now;
        const auto next = take_next();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->what, read_request(read_task{"t"}));
        EXPECT_EQ(now - before, delay);
        queue.task_looked_at("t", &running, now);
    }
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", &failed, now);
    const auto next = take_next();
    ASSERT_TRUE(next) << "its service replaces it";
    EXPECT_EQ(next->what, read_request(read_tasks_of{"id-shop"}));
}

TEST_F(ReadQueue, IsDoneWithATaskWhoseContainerDiedWhenTheTaskIsGone)
{
    queue.death_hint("t", start);
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", nullptr, now);
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, AwaitsTheEndOfATaskThatStartedAndDied)
{
    queue.start_hint("t", start);
    queue.death_hint("t", start + 1ms);
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", &running, now);
    EXPECT_EQ(queue.deadline(), now + 100ms);
}

TEST_F(ReadQueue, IsDoneWithATaskThatCameUp)
{
    queue.start_hint("t", start);
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", &running, now);
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, LooksAtATaskAgainWhenAHintComesDuringTheRead)
{
    queue.start_hint("t", start);
    ASSERT_TRUE(take_next());
    queue.start_hint("t", now);
    queue.task_looked_at("t", &running, now + 1ms);
    EXPECT_EQ(queue.deadline(), now + 50ms);
}

TEST_F(ReadQueue, ForgetsAServiceThatIsGone)
{
    queue.service_hint("shop", start);
    ASSERT_TRUE(take_next());
    queue.forget_service("shop");
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, LooksAtAServiceAgainWhenAHintComesWhileItIsFoundToBeGone)
{
    queue.service_hint("shop", start);
    ASSERT_TRUE(take_next());
    queue.service_hint("shop", now);
    queue.forget_service("shop");
    EXPECT_EQ(queue.deadline(), now + 10ms);
}

TEST_F(ReadQueue, OverflowsWhenAListCostsLess)
{
    for (int i = 0; i < 8; ++i)
        queue.node_hint("n" + std::to_string(i), start);
    EXPECT_FALSE(queue.overflows(start + 10ms, 0));
    queue.node_hint("n8", start);
    EXPECT_FALSE(queue.overflows(start + 9ms, 0)) << "nothing is due yet";
    EXPECT_TRUE(queue.overflows(start + 10ms, 0));
    EXPECT_FALSE(queue.overflows(start + 10ms, 16)) << "more tasks make a list dearer";
}

TEST_F(ReadQueue, LetsAListAnswerAllThatIsDue)
{
    queue.service_hint("shop", start);
    queue.node_hint("n", start);
    queue.start_hint("t", start);
    queue.list_started(read_everything{.containers = true}, start + 100ms);
    EXPECT_EQ(queue.deadline(), std::nullopt);
    queue.listed(swarm{}, start + 100ms, start + 110ms);
    EXPECT_EQ(queue.deadline(), std::nullopt);
}

TEST_F(ReadQueue, KeepsWhatIsDueLaterThroughAList)
{
    queue.start_hint("t", start);
    queue.list_started(read_everything{.containers = true}, start + 10ms);
    queue.listed(swarm{}, start + 10ms, start + 20ms);
    EXPECT_EQ(queue.deadline(), start + 50ms);
}

TEST_F(ReadQueue, KeepsHintsThatComeDuringAList)
{
    queue.service_hint("shop", start);
    queue.list_started(read_everything{.containers = true}, start + 10ms);
    queue.service_hint("shop", start + 12ms);
    queue.listed(swarm{}, start + 10ms, start + 20ms);
    EXPECT_THAT(take_all(start + 22ms), ElementsAre(read_service{"shop"}, read_tasks_of{"shop"}));
}

TEST_F(ReadQueue, GoesOnLookingAtWhatAListShowsInMotion)
{
    const auto shop = service_named("shop");
    swarm world;
    world.replace({{shop}, {}, {starting}, {}});

    queue.settle("id-shop", start);
    queue.start_hint("t", start - 40ms);
    queue.list_started(read_everything{.containers = true}, start + 10ms);
    queue.listed(world, start + 10ms, start + 20ms);
    EXPECT_EQ(queue.deadline(), start + 120ms);
    EXPECT_THAT(take_all(start + 120ms), ElementsAre(read_task{"t"}, read_tasks_of{"id-shop"}));
}

TEST_F(ReadQueue, LeavesToAListWhatItHasNoRoomFor)
{
    for (std::size_t number = 0; number < read_queue::most_waiting; ++number)
        queue.start_hint("t" + std::to_string(number), now);
    EXPECT_FALSE(queue.overflows(now, 1'000'000)) << "nothing is due yet";
    queue.start_hint("t0", now);
    EXPECT_FALSE(queue.overflows(now, 1'000'000)) << "that one is known";
    queue.start_hint("one more", now);
    EXPECT_TRUE(queue.overflows(now, 1'000'000));
    queue.list_started(only(list_kind::swarm), now);
    EXPECT_FALSE(queue.overflows(now, 1'000'000));
    EXPECT_EQ(take_all(now + 1min).size(), read_queue::most_waiting);
}

TEST_F(ReadQueue, AwaitsAnEndOnceItWasHeardOfEvenIfAStartIsToldLater)
{
    queue.death_hint("t", now);
    queue.start_hint("t", now);
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", &running, now);
    EXPECT_TRUE(queue.deadline()) << "it still has to end";
    ASSERT_TRUE(take_next());
    queue.task_looked_at("t", &failed, now);
}

} // namespace
} // namespace agent::core
