#include "agent/core/role.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

TEST(Role, IsReadFromTheWordThatItIsWrittenAs)
{
    EXPECT_EQ(all_roles.size(), role_count);
    for (const auto which : all_roles)
        EXPECT_EQ(parse_role(to_string(which)), which);
}

TEST(Role, IsNoOtherWord)
{
    for (const auto* word : {"", "task", "Tasks", "tasks ", "dockerswarm", "endpoint"})
        EXPECT_FALSE(parse_role(word)) << word;
}

} // namespace
} // namespace agent::core
