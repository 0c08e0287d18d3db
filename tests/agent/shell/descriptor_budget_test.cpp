#include "agent/shell/descriptor_budget.hpp"

#include <gtest/gtest.h>

namespace agent::shell {
namespace {

TEST(DescriptorBudget, F55_SetsAsideWhatTheEngineAndTheFilesNeed)
{
    EXPECT_EQ(page_connections(1024, 1), 1024U - 23);
    EXPECT_EQ(page_connections(1024, 5), 1024U - 35) << "three for each file";
    EXPECT_EQ(page_connections(25, 1), 2U);
}

TEST(DescriptorBudget, F55_LeavesOneConnectionWhateverIsMissing)
{
    EXPECT_EQ(page_connections(23, 1), 1U);
    EXPECT_EQ(page_connections(0, 5), 1U);
}

} // namespace
} // namespace agent::shell
