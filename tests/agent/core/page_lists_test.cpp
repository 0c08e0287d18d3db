#include "agent/core/page_lists.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

TEST(PageLists, ReadNothingThatNobodyWants)
{
    page_lists lists;
    lists.ask_all(start);
    EXPECT_EQ(lists.take_due(start), std::nullopt);
    EXPECT_EQ(lists.deadline(), std::nullopt);
    EXPECT_FALSE(lists.follows(list_kind::networks));
    EXPECT_FALSE(lists.awaits(list_kind::networks));
}

TEST(PageLists, ReadAWantedOneAtOnceAndOnce)
{
    page_lists lists;
    lists.want(list_kind::networks, start);
    EXPECT_TRUE(lists.awaits(list_kind::networks));
    EXPECT_EQ(lists.deadline(), start);
    EXPECT_EQ(lists.take_due(start), list_kind::networks);
    EXPECT_EQ(lists.take_due(start), std::nullopt) << "it is being read";
    EXPECT_EQ(lists.deadline(), std::nullopt);
    EXPECT_TRUE(lists.awaits(list_kind::networks));

    lists.came(list_kind::networks, start + 15s);
    EXPECT_FALSE(lists.awaits(list_kind::networks));
    EXPECT_TRUE(lists.follows(list_kind::networks));
    EXPECT_EQ(lists.deadline(), start + 15s);
    lists.want(list_kind::networks, start + 1s);
    EXPECT_EQ(lists.deadline(), start + 15s) << "it is wanted already";
}

TEST(PageLists, ReadTheOneThatHasBeenDueLongest)
{
    page_lists lists;
    lists.want(list_kind::containers, start);
    lists.want(list_kind::networks, start + 1s);
    EXPECT_EQ(lists.take_due(start + 2s), list_kind::containers);
    EXPECT_EQ(lists.take_due(start + 2s), list_kind::networks);
}

TEST(PageLists, ReadEarlierWhatIsAskedFor)
{
    page_lists lists;
    lists.want(list_kind::containers, start);
    (void)lists.take_due(start);
    lists.ask(list_kind::containers, start);
    EXPECT_EQ(lists.deadline(), std::nullopt) << "it is being read";
    lists.came(list_kind::containers, start + 15s);
    lists.ask(list_kind::containers, start + 3s);
    lists.ask(list_kind::containers, start + 9s);
    EXPECT_EQ(lists.deadline(), start + 3s);
}

TEST(PageLists, TryWhatFailsEverLessOften)
{
    page_lists lists;
    lists.want(list_kind::networks, start);
    for (const auto wait : {10s, 20s, 40s, 80s, 80s}) {
        (void)lists.take_due(start + 1h);
        lists.failed(list_kind::networks, "403", start, 10s);
        EXPECT_EQ(lists.deadline(), start + wait);
    }
    EXPECT_EQ(lists.trouble(list_kind::networks), "403");
    EXPECT_FALSE(lists.awaits(list_kind::networks));
    EXPECT_FALSE(lists.follows(list_kind::networks));
    lists.ask_all(start);
    EXPECT_EQ(lists.deadline(), start + 80s) << "it waits its time";

    lists.came(list_kind::networks, start + 15s);
    EXPECT_EQ(lists.trouble(list_kind::networks), "");
    EXPECT_TRUE(lists.follows(list_kind::networks));
    lists.failed(list_kind::networks, "403", start, 10s);
    EXPECT_EQ(lists.deadline(), start + 10s) << "counted anew";
}

} // namespace
} // namespace agent::core
