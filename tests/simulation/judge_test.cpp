// Each check is shown a history that is wrong in its own way, and says so; and the same history without the wrong.
#include "tests/simulation/judge.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace simulation;
using testing::Contains;
using testing::IsEmpty;

const std::string one_target = file_of({{"10.0.1.2:8000", {{"task", "front"}}}});
const std::string two_targets =
    file_of({{"10.0.1.2:8000", {{"task", "front"}}}, {"10.0.1.3:8000", {{"task", "front"}}}});

/// A day with a swarm of one service and one task, an agent that has listed it and written its file.
class Judge : public testing::Test {
protected:
    Judge()
    {
        node where{.id = "node1", .address = "192.0.2.1"};
        service front{.id = "s1", .name = "front", .port = 8000};
        told.committed({{change::kind::created, where}, {change::kind::created, front}}, at(-60s));
        told.committed({{change::kind::created, task_of("t1", "10.0.1.2")}}, at(-60s));
        told.agent_started(at(1s));
        list(2s);
        write(one_target, 3s);
    }

    static time_point at(duration since_start) { return time_point(1h) + since_start; }

    static task task_of(const std::string& id, const std::string& address, task_state state = task_state::running)
    {
        return {.id = id, .service_id = "s1", .node_id = "node1", .slot = 1, .state = state, .address = address};
    }

    void list(duration when, bool is_whole = true)
    {
        for (const auto what : {reading::kind::services, reading::kind::nodes, reading::kind::tasks}) {
            ask({.what = what}, when);
            told.answered(asked, is_whole, at(when + 10ms));
        }
    }

    void ask(const reading& what, duration when) { told.asked(++asked, what, at(when)); }

    void write(const std::string& text, duration when)
    {
        told.write_began(at(when));
        told.write_ended(false, true, text, at(when), at(when));
    }

    void begin_task(duration when) { told.committed({{change::kind::created, task_of("t2", "10.0.1.3")}}, at(when)); }

    void end_task(duration when)
    {
        told.committed({{change::kind::updated, task_of("t1", "10.0.1.2", task_state::shutdown)}}, at(when));
    }

    /// Looks as often as needed, with lists in between, so that nothing but what the test does is wrong.
    void live_until(duration when)
    {
        for (; now < when; now += 1s) {
            if (now % 10s == 0s && lists)
                list(now);
            told.glance(seen, at(now));
            told.look(seen, at(now));
        }
    }

    [[nodiscard]] std::vector<std::string> names() const
    {
        std::vector<std::string> found;
        for (const auto& one : told.violations())
            found.push_back(std::string(one.invariant) + " " + one.name);
        return found;
    }

    judge told{judge::limits{}};
    observation seen{.is_ready = true, .list_interval = 15s};
    std::uint64_t asked = 0;
    duration now = 4s;
    bool lists = true;
};

TEST_F(Judge, HasNothingAgainstARunWithoutFaults)
{
    live_until(150s);
    begin_task(150s);
    list(151s);
    write(two_targets, 152s);
    live_until(300s);
    told.settled(two_targets, at(300s));
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_GT(told.checks(), 100U);
}

TEST_F(Judge, I1AFileHasToBeWhole)
{
    write(one_target.substr(0, one_target.size() - 4), 5s);
    EXPECT_THAT(names(), Contains("I1 broken_file"));
}

TEST_F(Judge, I1TheDiskKnowsHowFilesAreWritten)
{
    told.broke_file_rules("written_in_place", "", at(5s));
    EXPECT_THAT(names(), Contains("I1 written_in_place"));
}

TEST_F(Judge, I2NothingIsWrittenBeforeACompleteList)
{
    told.agent_stopped(at(5s));
    told.agent_started(at(6s));
    list(7s, false);
    write(two_targets, 8s);
    EXPECT_THAT(names(), Contains("I2 file_before_first_list"));
}

TEST_F(Judge, I2ATargetThatNeverWasIsInvented)
{
    write(two_targets, 5s);
    EXPECT_THAT(names(), Contains("I2 target_invented"));
}

TEST_F(Judge, I2ATargetThatWasGoneBeforeTheListIsInvented)
{
    begin_task(3s);
    end_task(20s);
    list(21s);
    write(two_targets, 22s);
    EXPECT_THAT(names(), Contains("I2 target_invented"));
}

TEST_F(Judge, I2ATargetThatWasAlwaysThereIsDropped)
{
    write(file_of({}), 5s);
    EXPECT_THAT(names(), Contains("I2 target_dropped"));
}

TEST_F(Judge, I2AFailedListProvesNothing)
{
    begin_task(5s);
    list(6s, false);
    write(one_target, 7s);
    EXPECT_THAT(names(), testing::Not(Contains("I2 target_dropped")));
    list(8s);
    write(one_target, 9s);
    EXPECT_THAT(names(), Contains("I2 target_dropped"));
}

TEST_F(Judge, I2ThatNothingIsLeftIsNotBelievedAtOnce)
{
    told.told_emptiness(at(5s));
    list(5s, false);
    write(file_of({}), 6s);
    EXPECT_THAT(names(), Contains("I2 emptied_at_once"));
}

TEST_F(Judge, I3AChangeHasToBeInTheFileAfterAWhile)
{
    live_until(150s);
    begin_task(150s);
    live_until(168s);
    EXPECT_THAT(names(), IsEmpty()) << "the next list may not have been yet";
    live_until(180s);
    EXPECT_THAT(names(), Contains("I3 target_missing"));
}

TEST_F(Judge, I3WithAWatchAtOnce)
{
    seen.watch_carries = true;
    live_until(150s);
    begin_task(150s);
    live_until(156s);
    EXPECT_THAT(names(), Contains("I3 target_missing"));
}

TEST_F(Judge, I3WhatIsGoneHasToGo)
{
    begin_task(3s);
    list(4s);
    write(two_targets, 5s);
    live_until(150s);
    end_task(150s);
    live_until(180s);
    EXPECT_THAT(names(), Contains("I3 target_stale"));
}

TEST_F(Judge, I3FaultsMakeItWait)
{
    live_until(140s);
    told.fault_began("bad answers", at(140s));
    begin_task(141s);
    live_until(200s);
    told.fault_ended("bad answers", at(200s));
    live_until(270s);
    EXPECT_THAT(names(), IsEmpty());
    live_until(300s);
    EXPECT_THAT(names(), Contains("I3 target_missing"));
}

TEST_F(Judge, I3InTheEndEveryByteCounts)
{
    told.settled(one_target + " ", at(100s));
    EXPECT_THAT(names(), Contains("I3 not_the_truth_in_the_end"));
}

TEST_F(Judge, I4EqualBytesAreNotWritten)
{
    write(one_target, 5s);
    EXPECT_THAT(names(), Contains("I4 needless_write"));
}

TEST_F(Judge, I4UnlessSomebodyElseChangedTheFile)
{
    told.file_disturbed();
    write(one_target, 5s);
    EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Judge, I5TwoWritesAreNotTooClose)
{
    begin_task(4s);
    list(4s);
    write(two_targets, 5s);
    end_task(5010ms);
    list(5020ms);
    write(file_of({{"10.0.1.3:8000", {{"task", "front"}}}}), 5050ms);
    EXPECT_THAT(names(), Contains("I5 writes_too_close"));
}

TEST_F(Judge, I5AChangeIsWrittenBeforeLong)
{
    live_until(50s);
    seen.has_unwritten = true;
    live_until(54s);
    EXPECT_THAT(names(), Contains("I5 write_too_late"));
}

TEST_F(Judge, I7TheStreamIsReadAtOnce)
{
    live_until(50s);
    seen.unread_bytes = 1;
    live_until(53s);
    EXPECT_THAT(names(), Contains("I7 stream_unread"));
}

TEST_F(Judge, I8ReadyMeansThatTheTruthIsKnown)
{
    lists = false;
    live_until(60s);
    EXPECT_THAT(names(), Contains("I8 ready_without_truth"));
}

TEST_F(Judge, I8ReadyMeansThatTheFileWasWritten)
{
    told.write_began(at(5s));
    told.write_ended(true, false, one_target, at(5s), at(5s));
    live_until(6s);
    EXPECT_THAT(names(), Contains("I8 ready_without_file"));
}

TEST_F(Judge, I8WithoutFaultsItIsReady)
{
    seen.is_ready = false;
    live_until(60s);
    EXPECT_THAT(names(), IsEmpty());
    live_until(120s);
    EXPECT_THAT(names(), Contains("I8 not_ready"));
}

TEST_F(Judge, I9OneReadAtATime)
{
    ask({.what = reading::kind::services}, 5s);
    ask({.what = reading::kind::one_task, .id = "t1"}, 5s);
    EXPECT_THAT(names(), Contains("I9 two_reads_at_once"));
}

TEST_F(Judge, I9AHintDuringAReadCausesAnother)
{
    lists = false;
    live_until(200s);
    seen.is_ready = false;
    ask({.what = reading::kind::one_service, .id = "s1"}, 200s);
    told.hinted({sent_event::subject::service, "s1"}, at(200s + 5ms));
    told.answered(asked, true, at(200s + 10ms));
    live_until(210s);
    EXPECT_THAT(names(), Contains("I9 hint_forgotten"));
}

TEST_F(Judge, I9AReadAfterTheHintIsEnough)
{
    lists = false;
    live_until(200s);
    seen.is_ready = false;
    told.hinted({sent_event::subject::service, "s1"}, at(200s));
    ask({.what = reading::kind::one_service, .id = "s1"}, 200s + 10ms);
    live_until(210s);
    EXPECT_THAT(names(), testing::Not(Contains("I9 hint_forgotten")));
}

TEST_F(Judge, I9AListFollowsASubscription)
{
    lists = false;
    live_until(200s);
    told.stream_opened(at(200s));
    live_until(210s);
    EXPECT_THAT(names(), Contains("I9 no_list_after_subscribing"));
}

} // namespace
