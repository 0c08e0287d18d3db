#include "agent/core/settle.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace agent::core {
namespace {

class Settle : public ::testing::Test {
protected:
    void add(task_state state, task_state desired = task_state::running)
    {
        auto& value = made.emplace_back(task_of(shop, "t" + std::to_string(tasks.size())));
        value.state = state;
        value.desired = desired;
        tasks.push_back(&value);
    }

    bool settled() const { return is_settled(shop, tasks); }

    service shop = service_named("shop");
    std::deque<task> made;
    swarm::task_list tasks;
};

TEST_F(Settle, IsReachedWhenAsManyTasksServeAsAreWanted)
{
    shop.wanted = 2;
    EXPECT_FALSE(settled());
    add(task_state::running);
    EXPECT_FALSE(settled());
    add(task_state::running);
    EXPECT_TRUE(settled());
    add(task_state::running);
    EXPECT_FALSE(settled()) << "one too many";
}

TEST_F(Settle, IsReachedByAServiceOfNoReplicasWithoutTasks)
{
    shop.wanted = 0;
    EXPECT_TRUE(settled());
    add(task_state::running);
    EXPECT_FALSE(settled());
}

TEST_F(Settle, WaitsForTasksOnTheirWayUp)
{
    for (const auto state : {task_state::unknown, task_state::created, task_state::pending, task_state::preparing,
                             task_state::ready, task_state::starting}) {
        tasks.clear();
        add(task_state::running);
        EXPECT_TRUE(settled());
        add(state);
        EXPECT_FALSE(settled()) << static_cast<int>(state);
    }
}

TEST_F(Settle, WaitsForTasksOnTheirWayDown)
{
    add(task_state::running);
    add(task_state::running, task_state::shutdown);
    EXPECT_FALSE(settled());
    tasks.clear();
    add(task_state::running);
    add(task_state::starting, task_state::remove);
    EXPECT_FALSE(settled());
}

TEST_F(Settle, DoesNotWaitForTheDead)
{
    add(task_state::running);
    for (const auto state : {task_state::complete, task_state::shutdown, task_state::failed, task_state::rejected,
                             task_state::remove, task_state::orphaned})
        add(state, task_state::shutdown);
    EXPECT_TRUE(settled());
}

TEST_F(Settle, WaitsForTheReplacementOfADeadTask)
{
    add(task_state::failed, task_state::shutdown);
    EXPECT_FALSE(settled());
    add(task_state::ready, task_state::ready);
    EXPECT_FALSE(settled());
}

TEST_F(Settle, AsksAGlobalServiceForOneTaskAtLeast)
{
    shop.mode = service_mode::global;
    shop.wanted = 0;
    EXPECT_FALSE(settled());
    add(task_state::running);
    add(task_state::running);
    EXPECT_TRUE(settled());
    add(task_state::preparing);
    EXPECT_FALSE(settled());
}

TEST_F(Settle, AsksAJobForAsManyTasksAsAreLeft)
{
    shop.mode = service_mode::replicated_job;
    shop.wanted = 3;
    shop.at_once = 2;
    add(task_state::running, task_state::complete);
    EXPECT_FALSE(settled());
    add(task_state::running, task_state::complete);
    EXPECT_TRUE(settled());

    tasks.clear();
    add(task_state::complete, task_state::complete);
    add(task_state::complete, task_state::complete);
    EXPECT_FALSE(settled());
    add(task_state::complete, task_state::complete);
    EXPECT_TRUE(settled());
}

TEST_F(Settle, LetsAJobWithoutLimitRunAllAtOnce)
{
    shop.mode = service_mode::replicated_job;
    shop.wanted = 2;
    add(task_state::running, task_state::complete);
    EXPECT_FALSE(settled());
    add(task_state::running, task_state::complete);
    EXPECT_TRUE(settled());
}

TEST_F(Settle, AsksAGlobalJobForNothingButRest)
{
    shop.mode = service_mode::global_job;
    EXPECT_TRUE(settled());
    add(task_state::starting, task_state::complete);
    EXPECT_FALSE(settled());
}

TEST_F(Settle, WaitsForTheEndOfARollingUpdate)
{
    shop.wanted = 1;
    add(task_state::running);
    shop.update_state = "updating";
    EXPECT_FALSE(settled());
    shop.update_state = "completed";
    EXPECT_TRUE(settled());
}

} // namespace
} // namespace agent::core
