#include "agent/shell/status/journal.hpp"

#include "agent/shell/status/utc_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace agent::shell {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const journal::time_point noon{std::chrono::seconds(1'700'000'000)};

std::vector<std::string> texts(const std::vector<const journal_entry*>& entries)
{
    std::vector<std::string> found;
    for (const auto* entry : entries)
        found.push_back(entry->text);
    return found;
}

/// Says that so much was heard, one at a time.
void hear(journal& diary, int count, journal::time_point when)
{
    for (int number = 1; number <= count; ++number)
        if (diary.takes_heard(when))
            diary.add_heard({"heard " + std::to_string(number)}, when);
}

TEST(Journal, NumbersItsEntries)
{
    journal diary(noon);
    const auto before = diary.newest();
    diary.add("write", {"one", "\"role\":\"tasks\""}, noon + 1500ms);
    diary.add("write", {"two"}, noon + 2s);
    const auto all = diary.after(before, 10);
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0]->id, before + 1);
    EXPECT_EQ(all[1]->id, before + 2);
    EXPECT_EQ(diary.newest(), before + 2);
    EXPECT_EQ(to_json(*all[0]), "{\"id\":" + std::to_string(before + 1) +
                                    R"(,"at":"2023-11-14T22:13:21.500Z","kind":"write","text":"one","role":"tasks"})");
    EXPECT_THAT(texts(diary.after(before + 1, 10)), ElementsAre("two"));
    EXPECT_THAT(texts(diary.after(before, 1)), ElementsAre("one"));
    EXPECT_THAT(diary.after(before + 2, 10), IsEmpty());
}

TEST(Journal, GoesOnCountingAfterARestart)
{
    journal before(noon);
    before.add("write", {"one"}, noon);
    const journal after(noon + 1s);
    EXPECT_GT(after.newest(), before.newest());
    EXPECT_TRUE(after.has_lost_some_after(before.newest()));
    EXPECT_FALSE(after.has_lost_some_after(after.newest()));
    EXPECT_LT(after.newest(), std::uint64_t{1} << 53U) << "JavaScript can hold it";
}

TEST(Journal, KeepsSoManyEntries)
{
    journal diary(noon, {.entries = 3});
    const auto before = diary.newest();
    for (const auto* text : {"1", "2", "3", "4", "5"})
        diary.add("write", {text}, noon);
    EXPECT_THAT(texts(diary.after(before, 10)), ElementsAre("3", "4", "5"));
    EXPECT_TRUE(diary.has_lost_some_after(before));
    EXPECT_TRUE(diary.has_lost_some_after(before + 1));
    EXPECT_FALSE(diary.has_lost_some_after(before + 2));
}

TEST(Journal, KeepsSoManyBytes)
{
    journal diary(noon, {.entries = 100, .bytes = 2'000});
    const auto before = diary.newest();
    for (int number = 0; number < 10; ++number)
        diary.add("write", {std::string(900, 'a'), std::string(10, 'b')}, noon);
    EXPECT_THAT(diary.after(before, 100), SizeIs(1));
    diary.add("write", {std::string(50'000, 'a')}, noon);
    EXPECT_THAT(diary.after(before, 100), SizeIs(1)) << "the newest stays, whatever its size";
}

TEST(Journal, TakesSoMuchOfWhatWasHeardInASecond)
{
    journal diary(noon, {.heard_per_second = 2});
    const auto before = diary.newest();
    hear(diary, 5, noon);
    EXPECT_THAT(texts(diary.after(before, 10)), ElementsAre("heard 1", "heard 2"));
    hear(diary, 1, noon + 1s);
    EXPECT_THAT(texts(diary.after(before, 10)), ElementsAre("heard 1", "heard 2", "… and 3 more", "heard 1"));
}

TEST(Journal, TellsOfTheRestBeforeWhatCameOfIt)
{
    journal diary(noon, {.heard_per_second = 1});
    const auto before = diary.newest();
    hear(diary, 3, noon);
    diary.add("write", {"written"}, noon);
    EXPECT_THAT(texts(diary.after(before, 10)), ElementsAre("heard 1", "… and 2 more", "written"));
    EXPECT_EQ(diary.after(before, 2)[1]->fields, "\"count\":2");
}

TEST(Journal, TakesMoreWhenTheClockIsSetBack)
{
    journal diary(noon, {.heard_per_second = 1});
    hear(diary, 2, noon);
    hear(diary, 1, noon - 1h);
    EXPECT_THAT(texts(diary.latest_heard(1)), ElementsAre("heard 1"));
}

TEST(Journal, KeepsWritesWhateverIsHeard)
{
    journal diary(noon, {.entries = 10, .heard_per_second = 1'000});
    diary.add("write", {"written"}, noon);
    const auto written = diary.newest();
    hear(diary, 500, noon);
    EXPECT_THAT(texts(diary.latest_others(5)), ElementsAre("written"));
    EXPECT_THAT(diary.latest_heard(100), SizeIs(10));
    EXPECT_THAT(texts(diary.after(written - 1, 2)), ElementsAre("written", "heard 491"));
}

TEST(UtcTime, HasMilliseconds)
{
    EXPECT_EQ(utc_text(std::chrono::system_clock::time_point{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utc_text(std::chrono::system_clock::time_point{951'782'399'999ms}), "2000-02-28T23:59:59.999Z");
    EXPECT_EQ(utc_text(std::chrono::system_clock::time_point{-1ms}), "1969-12-31T23:59:59.999Z");
}

} // namespace
} // namespace agent::shell
