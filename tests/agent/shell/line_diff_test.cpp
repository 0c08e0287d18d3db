#include "agent/shell/line_diff.hpp"

#include <string>

#include <gtest/gtest.h>

namespace agent::shell {
namespace {

TEST(LineDiff, IsEmptyForTheSameText)
{
    EXPECT_EQ(line_diff("", ""), "");
    EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), "");
}

TEST(LineDiff, CountsLinesAsDiffDoes)
{
    EXPECT_EQ(line_diff("a\nb\nc\n", "a\nx\nc\n"), "@@ -2 +2 @@\n-b\n+x\n");
    EXPECT_EQ(line_diff("a\nc\n", "a\nb\nc\n"), "@@ -1,0 +2 @@\n+b\n");
    EXPECT_EQ(line_diff("a\nb\nc\n", "a\nc\n"), "@@ -2 +1,0 @@\n-b\n");
    EXPECT_EQ(line_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
    EXPECT_EQ(line_diff("a\nb\n", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n");
}

TEST(LineDiff, KeepsWhatIsCommonBetweenChanges)
{
    EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n", "1\n3\n4\nx\n5\n7\n6\n"),
              "@@ -2 +1,0 @@\n-2\n@@ -4,0 +4 @@\n+x\n@@ -5,0 +6 @@\n+7\n");
}

TEST(LineDiff, TellsALineWithoutItsEndFromOneThatHasIt)
{
    EXPECT_EQ(line_diff("a\nb", "a\nb\n"), "@@ -2 +2 @@\n-b\n\\ No newline at end of file\n+b\n");
    EXPECT_EQ(line_diff("", "a"), "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n");
    EXPECT_EQ(line_diff("a", "a"), "");
}

TEST(LineDiff, GivesAllLinesWhereTheTextsAreLargeAndDifferent)
{
    std::string before;
    std::string after;
    for (int line = 0; line < 3000; ++line) {
        before += "old" + std::to_string(line) + "\n";
        after += "new" + std::to_string(line) + "\n";
    }
    EXPECT_TRUE(line_diff(before, after).starts_with("@@ -1,3000 +1,3000 @@\n-old0\n"));
}

} // namespace
} // namespace agent::shell
