// An hour's worth of events goes through the whole agent without a byte staying behind.
#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/engine_objects.hpp"

#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

namespace {

using namespace std::chrono_literals;

constexpr int events_per_hour = 36'000; // ten a second

class Soak : public testing::Test {
protected:
    Soak()
    {
        harness_.settings.resync_interval = 200ms;
        harness_.engine.state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
        harness_.engine.state.services["s1"] = to_json(support::made_up_service{"s1", "accountservice", 1, 6767});
        harness_.engine.state.tasks["t1"] = to_json(task_);
    }

    /// Services and nodes that change, containers that start and die, objects nobody knows, and what is no event at
    /// all.
    void emit(int number)
    {
        switch (number % 6) {
        case 0:
            return harness_.engine.emit(support::object_event("service", "update", "s1"));
        case 1:
            return harness_.engine.emit(support::object_event("node", "update", "node1"));
        case 2:
            return harness_.engine.emit(support::container_event("start", task_));
        case 3:
            return harness_.engine.emit(
                support::object_event("service", "remove", "gone" + std::to_string(number % 64)));
        case 4:
            return harness_.engine.emit(support::container_event("die", {"gone" + std::to_string(number % 64), "s1"}));
        default:
            return harness_.engine.emit("not an event " + std::to_string(number % 64));
        }
    }

    /// Sends so many events, and waits until all of them are read and what they cause is done.
    /// @return bytes of the heap in use then
    std::size_t heap_after(int count)
    {
        for (int number = 0; number < count; ++number) {
            emit(number);
            if (number % 100 == 0) {
                EXPECT_TRUE(harness_.until([this] { return harness_.engine.events_sent(); }));
            }
        }
        // Missing objects are looked for, and hints remembered, for a while; this is behind that.
        const auto quiet = [this] {
            return harness_.engine.events_sent() && !harness_.agent->state().busy(std::chrono::steady_clock::now());
        };
        EXPECT_TRUE(harness_.until(quiet, 30s));
        const auto lists = harness_.engine.count("/tasks");
        harness_.engine.forget_requests();
        EXPECT_TRUE(harness_.until([this] { return harness_.engine.count("/tasks") >= 3; }, 30s)) << lists;
        harness_.engine.forget_requests();
        return mallinfo2().uordblks;
    }

    const support::made_up_task task_{"t1", "s1"};
    agent_harness harness_;
};

TEST_F(Soak, LeavesNothingBehind)
{
    harness_.start();
    ASSERT_TRUE(harness_.until_ready());
    const auto file = harness_.file();
    const auto warm = heap_after(events_per_hour / 6);
    const auto after = heap_after(events_per_hour);
    // Two bytes an event would be more.
    EXPECT_LE(after, warm + 64 * 1024);
    EXPECT_EQ(harness_.file(), file);
    EXPECT_EQ(harness_.metric(R"(swarm_sd_file_writes_total{result="written",role="endpoints"})"), 1);
}

} // namespace
