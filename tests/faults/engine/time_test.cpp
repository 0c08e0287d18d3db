// Faults 6, 7, 15, 16, 21, 38, 39 and 54: what takes seconds, hours or years.
#include "tests/faults/engine/engine_faults.hpp"
#include "tests/support/text_file.hpp"

#include <fstream>
#include <string>

#include <malloc.h>

namespace faults {
namespace {

/// With the intervals that users have.
class EngineInTime : public engine_faults {
protected:
    EngineInTime()
    {
        settings().resync_interval = 15s;
        settings().debounce = {};
    }
};

TEST_F(EngineInTime, F06_AStreamThatIsSilentForDaysCostsNoChange)
{
    start_ready();
    engine().events.mute = true;
    for (int day = 0; day < 3; ++day) {
        run_for(24h);
        scale(2 + static_cast<unsigned>(day) % 2);
        const auto changed = clock::now();
        EXPECT_TRUE(until_right());
        EXPECT_LE(clock::now() - changed, 15s * 1.1 + 2s) << "the next list shows it";
        EXPECT_TRUE(is_ready());
    }
}

TEST_F(EngineInTime, F07_AnEngineThatStandsStillIsGivenUpAfterItsLimitAndAskedAgain)
{
    start_ready();
    engine().freeze();
    const auto before = file();
    scale(2);
    const auto frozen = clock::now();
    ASSERT_TRUE(until([this] { return metric(R"(swarm_sd_read_failure_reasons_total{reason="timeout"})") >= 1; }));
    EXPECT_GE(clock::now() - frozen, 25s);
    EXPECT_LE(clock::now() - frozen, 25s + 15s * 1.1);
    EXPECT_EQ(file(), before);
    EXPECT_TRUE(is_ready());
    run_for(frozen + 46s - clock::now());
    EXPECT_FALSE(is_ready()) << "three intervals";

    run_for(1h);
    EXPECT_EQ(file(), before);
    engine().thaw();
    const auto thawed = clock::now();
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(is_ready());
    EXPECT_LE(clock::now() - thawed, 10s);
}

TEST_F(EngineInTime, F15_ASwarmWithoutLeaderIsNotReadyAfterAWhileAndRecovers)
{
    start_ready();
    // The first question takes as long as the engine waits for a leader, the others are answered at once.
    const std::string no_leader = R"({"message":"rpc error: code = Unknown desc = The swarm does not have a leader."})";
    for (const auto* path : three_lists) {
        engine().poison({.path = path, .last = 1, .status = 500, .body = no_leader, .delay = 20s});
        engine().poison({.path = path, .first = 2, .status = 500, .body = no_leader});
    }
    const auto before = file();
    const auto lost = clock::now();
    scale(2);
    ASSERT_TRUE(until([this] { return !is_ready(); }));
    EXPECT_GE(clock::now() - lost, 30s) << "not because of one slow answer";
    EXPECT_EQ(file(), before);
    run_for(10min);
    EXPECT_EQ(file(), before);
    EXPECT_EQ(metric("swarm_sd_stream_connected"), 1) << "its stream stays open";
    engine().cure();
    const auto found = clock::now();
    EXPECT_TRUE(until_right());
    EXPECT_LE(clock::now() - found, 8s) << "one backoff";
    EXPECT_TRUE(is_ready());
}

TEST_F(EngineInTime, F16_ASwarmWithoutQuorumForDaysCostsNothing)
{
    start_ready();
    for (const auto* path : three_lists)
        engine().poison({.path = path, .status = 500, .body = R"({"message":"The swarm does not have a leader."})"});
    const auto fails = [this](unsigned times) {
        for (unsigned round = 0; round < times; ++round) {
            ASSERT_TRUE(until_lists_fail());
            engine().end_streams();
            engine().forget_requests();
        }
    };
    fails(200);
    const auto descriptors = open_descriptors();
    const auto memory = mallinfo2().uordblks;
    const auto started = clock::now();
    fails(10'000);
    EXPECT_GE(clock::now() - started, 10'000 * 2s) << "it is asked every few seconds, and when the stream is new";
    EXPECT_LE(open_descriptors(), descriptors);
    EXPECT_LE(mallinfo2().uordblks, memory + 64 * 1024) << "six bytes a time would be more";
    engine().cure();
    scale(2);
    EXPECT_TRUE(until_right());
}

TEST_F(EngineInTime, F21_AProxyThatEndsQuietStreamsCostsNoMoment)
{
    start_ready();
    ASSERT_TRUE(until_connected());
    for (unsigned cut = 1; cut <= 36; ++cut) {
        run_for(10min);
        const auto streams = engine().count("/events");
        const auto ended = clock::now();
        engine().end_streams();
        ASSERT_TRUE(until([&] { return engine().count("/events") > streams; }));
        EXPECT_LE(clock::now() - ended, 1ms);
        scale(1 + cut % 2);
        EXPECT_TRUE(until_right());
        EXPECT_LE(clock::now() - ended, 1s) << "the list behind it shows what changed meanwhile";
    }
}

TEST_F(EngineInTime, F38_AnEarlierFileStaysUntilTheSwarmWasListedAndAnEmptyListIsConfirmed)
{
    std::ofstream(harness->output()) << truth();
    const auto earlier = file();
    scale(0);
    engine().freeze();
    start();
    run_for(10min);
    EXPECT_EQ(file(), earlier);
    EXPECT_FALSE(is_ready());

    engine().thaw();
    ASSERT_TRUE(until([this] { return harness->agent->state().holds_back(); }));
    const auto first = clock::now();
    EXPECT_TRUE(until_file_is("[]\n"));
    EXPECT_GE(clock::now() - first, 5s);
    EXPECT_LE(clock::now() - first, 8s);
}

TEST_F(EngineInTime, F39_ThatAllTargetsAreGoneIsBelievedWhenASecondListSaysSo)
{
    start_ready();
    const auto before = file();
    scale(0);
    engine().emit(support::object_event("service", "update", "s1"));
    ASSERT_TRUE(until([this] { return harness->agent->state().holds_back(); }));
    EXPECT_EQ(file(), before);
    const auto held = clock::now();
    EXPECT_TRUE(until_file_is("[]\n"));
    EXPECT_GE(clock::now() - held, 5s);
    EXPECT_FALSE(harness->agent->state().holds_back());
}

TEST_F(EngineInTime, F40_EmptyListsThatComeInBetweenDropNothing)
{
    start_ready();
    const auto before = file();
    for (unsigned round = 0; round < 20; ++round) {
        for (const auto* path : three_lists)
            engine().poison({.path = path, .last = 1, .body = "[]"});
        engine().emit("no event");
        ASSERT_TRUE(until([this] { return harness->agent->state().holds_back(); }));
        ASSERT_TRUE(until([this] { return !harness->agent->state().holds_back(); }));
        engine().cure();
        EXPECT_EQ(file(), before);
    }
    EXPECT_EQ(seen.versions.size(), 1U);
}

TEST_F(EngineInTime, F54_AJumpOfTheWallClockChangesNothing)
{
    start_ready();
    ASSERT_TRUE(until_connected());
    for (const auto by : {24h * 365, -24h * 730, 24h * 365}) {
        const auto lists = engine().count("/nodes");
        time->shift_wall_clock(by);
        EXPECT_TRUE(is_ready());
        run_for(1s);
        EXPECT_LE(engine().count("/nodes"), lists + 1) << "no list because of it";
        scale(2);
        engine().emit(container_event("start", task(2)));
        EXPECT_TRUE(until_right());
        scale(1);
        engine().emit(container_event("die", task(2)));
        EXPECT_TRUE(until_right());
        EXPECT_EQ(engine().streams(), 1U);
    }
    EXPECT_EQ(engine().count("/events"), 1U);
}

} // namespace
} // namespace faults
