// The agent in a storm: more events than anybody needs, some of them wrong, and an engine that hardly answers.
#include "tests/integration/storm.hpp"
#include "tests/support/temporary_directory.hpp"

#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

TEST(Storm, F36_IsReadAtOnceWrittenRarelyAndEndsWithTheTruth)
{
    const support::temporary_directory directory;
    const storm_settings how;
    const storm_agent agent;
    const auto seen = run_storm(directory.path() / "storm", how, agent);
    std::cout << described(seen);
    EXPECT_THAT(broken_promises(seen, agent), testing::IsEmpty());
}

} // namespace
} // namespace integration
