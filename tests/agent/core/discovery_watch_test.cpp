// Where the watch's connection and what follows it meet: both may end a stream, at the same moment.
#include "agent/core/swarm.hpp"
#include "agent/core/watch_follower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(WatchConnection, ThatEndedWhenItWasGivenUpIsNotOpenedTwice)
{
    time_point now{100h};
    swarm world;
    watch_follower follower{true, 1};
    const auto step = [&] {
        follower.advance(now);
        return follower.take_actions();
    };
    follower.start(now);
    follower.armed(now);
    step();
    (void)follower.listed({}, world, now);
    step();

    now += 15s; // this program stood still
    EXPECT_THAT(step(), ElementsAre(action{close_watch{}}, action{open_watch{}}));
    follower.lost(now); // the one that was given up
    step();
    follower.armed(now);
    step();
    (void)follower.listed({}, world, now);
    for (int seconds = 0; seconds < 8; ++seconds) {
        now += 1s;
        EXPECT_THAT(step(), Not(Contains(action{open_watch{}})));
    }
    EXPECT_TRUE(follower.carries(now));
}

} // namespace
} // namespace agent::core
