// Faults 9–14, 19, 29, 31, 36 and 37: what the event stream tells, and what it does not.
#include "tests/faults/engine/engine_faults.hpp"

#include <string>

#include <malloc.h>

namespace faults {
namespace {

/// Full lists are an hour apart here, unless a test wants them: what is found out is found out by events.
class EngineEvents : public engine_faults {
protected:
    EngineEvents() { settings().resync_interval = 1h; }

    void start_following()
    {
        start_ready();
        ASSERT_TRUE(until_connected());
        lists_before_ = full_lists();
    }

    void tell_of(const made_up_task& value, const std::string& action = "start")
    {
        engine().emit(container_event(action, value));
    }

    /// Full lists since then. Tasks of one service are asked for at the same path.
    [[nodiscard]] std::size_t lists() { return full_lists() - lists_before_; }

private:
    [[nodiscard]] std::size_t full_lists() { return engine().count("/nodes"); }

    std::size_t lists_before_ = 0;
};

TEST_F(EngineEvents, F09_EventsAreReadWhileAnAnswerHangs)
{
    start_following();
    engine().hanging = {"/tasks"};
    engine().emit("no event");
    const auto asked = engine().count("/tasks");
    ASSERT_TRUE(until([&] { return engine().count("/tasks") > asked; }));
    for (int number = 0; number < 20'000; ++number)
        engine().emit(support::object_event("service", "update", "s" + std::to_string(number % 500)));
    EXPECT_TRUE(until([this] { return engine().events_sent(); })) << "the engine never waits for us";
    EXPECT_TRUE(until([this] { return metric(R"(swarm_sd_events_total{type="service"})") == 20'000; }));
    engine().hanging.clear();
    engine().drop_connections();
    scale(2);
    EXPECT_TRUE(until_right());
}

TEST_F(EngineEvents, F09_AReadThatHangsKeepsNoStreamFromBeingOpenedAgain)
{
    start_following();
    engine().hanging = {"/tasks"};
    engine().emit("no event");
    const auto asked = engine().count("/tasks");
    ASSERT_TRUE(until([&] { return engine().count("/tasks") > asked; }));
    engine().end_streams();
    EXPECT_TRUE(until([this] { return engine().count("/events") == 2; }));
}

TEST_F(EngineEvents, F10_AChangeWhoseEventWasLostIsFoundByTheNextList)
{
    settings().resync_interval = 50ms;
    start_following();
    engine().events.lose = 1;
    scale(2);
    tell_of(task(2));
    EXPECT_TRUE(until_right());
}

TEST_F(EngineEvents, F11_AnEventThatComesManyTimesCausesOneRead)
{
    start_following();
    engine().events.copies = 50;
    engine().events.is_one_chunk = true;
    scale(2);
    tell_of(task(2));
    EXPECT_TRUE(until_right());
    EXPECT_EQ(engine().count("/tasks/t2"), 1U);
    EXPECT_EQ(lists(), 0U);
    EXPECT_EQ(seen.versions.size(), 2U);
}

TEST_F(EngineEvents, F12_TheOrderOfEventsDoesNotMatter)
{
    scale(3);
    start_following();
    engine().events = {.batch = 4, .is_reversed = true};
    scale(2);
    put(task(4));
    tell_of(task(3), "die");
    tell_of(task(4), "start");
    engine().emit(support::object_event("service", "update", "s1"));
    engine().emit(support::object_event("node", "update", "node1"));
    EXPECT_TRUE(until_right());
}

TEST_F(EngineEvents, F13_AChangeDuringAListIsReadAfterIt)
{
    start_following();
    engine().poison({.path = "/nodes", .delay = 100ms});
    engine().emit("no event");
    ASSERT_TRUE(until([this] { return lists() == 1; }));
    // The list that is under way has no such task; its services are read already.
    put(made_up_service{"s2", "other", 1, 80});
    put(made_up_task{"x1", "s2", "node1", "10.0.1.77"});
    engine().emit(support::object_event("service", "create", "s2"));
    EXPECT_TRUE(until_right());
}

TEST_F(EngineEvents, F14_ATaskThatIsReplacedWithoutAnEventIsFoundByTheNextList)
{
    settings().resync_interval = 50ms;
    start_following();
    remove_task("t1");
    put(made_up_task{"t9", "s1", "node1", "10.0.1.99"});
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until([this] { return metric(R"(swarm_sd_missed_changes_total{announced="false"})") >= 1; }));
}

TEST_F(EngineEvents, F14_AfterAServiceChangedItsTasksAreReadUntilTheySettle)
{
    start_following();
    put(made_up_service{"s1", "accountservice", 2, 6767});
    engine().emit(support::object_event("service", "update", "s1"));
    const auto reads = engine().count("/tasks");
    ASSERT_TRUE(until([&] { return engine().count("/tasks") >= reads + 3; }));
    scale(2); // on another node: no event
    EXPECT_TRUE(until_right());
    EXPECT_EQ(lists(), 0U);
}

TEST_F(EngineEvents, F19_AStreamThatTellsNothingOfServicesIsRecycledAgainAndAgain)
{
    settings().resync_interval = 50ms;
    start_following();
    for (unsigned round = 1; round <= 3; ++round) {
        put(made_up_service{"s1", "accountservice", 1 + round, 6767});
        scale(1 + round);
        EXPECT_TRUE(until_right());
        EXPECT_TRUE(until([&] { return harness->agent->counts().stream_losses["silent"].Value() == round; }));
        EXPECT_TRUE(until_connected());
        run_for(1s); // the list behind the new stream blames nobody
    }
}

// --- Framing ---

struct framing {
    const char* name;
    support::event_toxics how;
};

std::string framing_name(const testing::TestParamInfo<framing>& info)
{
    return info.param.name;
}

class EventFraming : public EngineEvents, public testing::WithParamInterface<framing> {};

TEST_P(EventFraming, ChangesNoEvent)
{
    start_following();
    engine().events = GetParam().how;
    for (unsigned number = 2; number <= 5; ++number) {
        scale(number);
        tell_of(task(number));
    }
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric(R"(swarm_sd_events_total{type="container"})"), 4);
    EXPECT_EQ(metric("swarm_sd_events_dropped_total"), 0);
    EXPECT_EQ(lists(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    In, EventFraming,
    testing::Values(framing{"F29_chunks_of_one_byte", {.chunk_bytes = 1}},
                    framing{"F29_chunks_across_records", {.batch = 4, .is_one_chunk = true, .chunk_bytes = 7}},
                    framing{"F29_two_records_a_chunk", {.batch = 2, .is_one_chunk = true}},
                    framing{"F29_json_text_sequences", {.is_json_seq = true}},
                    framing{"F29_json_text_sequences_in_chunks_of_one_byte", {.chunk_bytes = 1, .is_json_seq = true}}),
    framing_name);

TEST_F(EngineEvents, F29_RecordsWithoutLineEndsCauseAList)
{
    start_following();
    scale(2);
    const auto record = container_event("start", task(2));
    engine().emit_bytes(record + record + "\n");
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric("swarm_sd_events_dropped_total"), 1);
}

TEST_F(EngineEvents, F31_RecordsThatAreNoEventsCauseAList)
{
    start_following();
    scale(2);
    engine().emit("not json");
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric("swarm_sd_events_dropped_total"), 1);
    EXPECT_EQ(lists(), 1U);
}

TEST_F(EngineEvents, F31_AnEndlessLineIsDroppedCausesOneListAndEndsAtTheNextLine)
{
    start_following();
    scale(2);
    for (int part = 0; part < 64; ++part)
        engine().emit_bytes(std::string(64 * 1024, 'x'));
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until([this] { return engine().events_sent(); }));
    EXPECT_EQ(metric("swarm_sd_events_dropped_total"), 1);
    EXPECT_EQ(lists(), 1U);

    engine().emit_bytes("x\n");
    scale(3);
    tell_of(task(3));
    EXPECT_TRUE(until_right());
    EXPECT_EQ(lists(), 1U) << "what follows is read as ever";
}

// --- Many ---

TEST_F(EngineEvents, F36_AStormHasOneReadAtATimeAndFewWrites)
{
    settings().debounce = {.quiet = 100ms, .most = 2s};
    for (unsigned number = 1; number <= 20; ++number)
        put(made_up_service{"s" + std::to_string(number), "service" + std::to_string(number), 1, 6767});
    start_following();
    engine().events = {.copies = 2, .batch = 3, .is_reversed = true};
    engine().poison({.path = "/tasks/*", .delay = 3ms});
    const auto memory = mallinfo2().uordblks;
    const auto begin = clock::now();
    for (unsigned number = 0; number < 5'000; ++number) {
        auto value = task(2 + number % 40);
        value.service_id = "s" + std::to_string(1 + number % 20);
        const bool is_up = number / 40 % 2 == 0;
        if (is_up)
            put(value);
        else
            remove_task(value.id);
        tell_of(value, is_up ? "start" : "die");
        engine().emit(support::object_event("service", "update", value.service_id));
        run_for(1ms);
        ASSERT_TRUE(engine().events_sent()) << "they are read as they come";
        engine().forget_requests();
    }
    engine().events = {};
    engine().flush_events();
    const auto maxima = static_cast<std::size_t>((clock::now() - begin) / 2s);
    EXPECT_LE(seen.versions.size(), 2 + maxima) << "the first, and one for each maximum, of 5,000 changes";
    EXPECT_GE(seen.versions.size(), maxima) << "it is not starved";
    EXPECT_LT(mallinfo2().uordblks, memory + 8 * 1024 * 1024);
    EXPECT_TRUE(until_right());
}

TEST_F(EngineEvents, F37_WhatFlapsIsWrittenAtMostSoLateAsTheDebounceMaximum)
{
    settings().debounce = {.quiet = 150ms, .most = 2s};
    start_following();
    const auto begin = clock::now();
    for (int round = 0; round < 600; ++round) {
        scale(round % 2 == 0 ? 2 : 1);
        tell_of(task(2), round % 2 == 0 ? "start" : "die");
        run_for(100ms);
    }
    // Whether a look at the file finds it to be another is a matter of the moment.
    const auto looks = metric(R"(swarm_sd_file_writes_total{result="written",role="endpoints"})") +
                       metric(R"(swarm_sd_file_writes_total{result="unchanged",role="endpoints"})");
    const auto maxima = static_cast<double>((clock::now() - begin) / 2s);
    EXPECT_GE(looks, maxima - 3) << "it is not starved";
    EXPECT_LE(looks, maxima + 2) << "one for each maximum";
    scale(2);
    tell_of(task(2));
    EXPECT_TRUE(until_right());
}

} // namespace
} // namespace faults
