#include "runtime/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runtime {
namespace {

TEST(Version, NamesTheProgram)
{
    EXPECT_THAT(version_line("accountservice"),
                testing::MatchesRegex("accountservice, version [0-9.]+ \\(built with .+\\)"));
}

} // namespace
} // namespace runtime
