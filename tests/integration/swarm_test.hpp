#pragma once

#include "tests/integration/private_swarm.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace integration {

/// A test that needs a private swarm to be possible here: skipped where it is not, failed where CI=true.
class swarm_test : public testing::Test {
protected:
    void SetUp() override
    {
        const auto obstacle = private_swarm::obstacle();
        if (obstacle.empty())
            return;
        ASSERT_EQ(std::getenv("CI"), nullptr) << "cannot run: " << obstacle;
        GTEST_SKIP() << obstacle;
    }
};

} // namespace integration
