// The invariants' checks find what they are there for.
#include "tests/faults/engine/history.hpp"

#include <gtest/gtest.h>

namespace faults {
namespace {

using namespace std::chrono_literals;

std::string with(const std::string& targets)
{
    return "[\n{\"targets\":[" + targets + R"(],"labels":{"task":"a"}})" + "\n]\n";
}

class History : public testing::Test {
protected:
    History()
    {
        seen.is_true(start, {"a 1:1", "a 2:2"});
        seen.is_true(start + 10s, {"a 1:1"});
        seen.is_true(start + 20s, {"a 1:1", "a 3:3"});
        seen.versions = {{start + 1s, with(R"("1:1","2:2")")},
                         {start + 11s, with(R"("1:1")")},
                         {start + 21s, with(R"("1:1","3:3")")}};
    }

    static constexpr clock::time_point start{};
    history seen;
};

TEST_F(History, OfAGoodAgentHasNoFault)
{
    EXPECT_TRUE(every_version_is_complete(seen));
    EXPECT_TRUE(every_version_is_from_whole_lists(seen));
    EXPECT_TRUE(no_version_repeats(seen));
    EXPECT_TRUE(no_two_versions_are_closer_than(10s, seen));
}

TEST_F(History, WithACutVersionBreaksI1)
{
    seen.versions[1].text.resize(20);
    EXPECT_FALSE(every_version_is_complete(seen));
}

TEST_F(History, WithoutATargetThatRanAllTheTimeBreaksI2)
{
    seen.versions[1].text = "[]\n";
    EXPECT_FALSE(every_version_is_from_whole_lists(seen));
}

TEST_F(History, WithATargetThatDidNotRunYetBreaksI2)
{
    seen.versions[1].text = with(R"("1:1","3:3")");
    EXPECT_FALSE(every_version_is_from_whole_lists(seen));
}

TEST_F(History, WithATargetThatIsGoneByNowKeepsI2)
{
    seen.versions[2].text = with(R"("1:1","2:2")");
    EXPECT_TRUE(every_version_is_from_whole_lists(seen)) << "the last good targets may stay";
}

TEST_F(History, WithTheSameVersionTwiceBreaksI4)
{
    seen.versions[1].text = seen.versions[0].text;
    EXPECT_FALSE(no_version_repeats(seen));
}

TEST_F(History, WithTwoVersionsAtOnceBreaksI5)
{
    EXPECT_FALSE(no_two_versions_are_closer_than(11s, seen));
}

} // namespace
} // namespace faults
