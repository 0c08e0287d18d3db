#include "runtime/flags.hpp"

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runtime {
namespace {

using testing::UnorderedElementsAre;

std::vector<std::string> taken(const std::map<std::string, std::string, std::less<>>& set,
                               std::vector<std::string> given)
{
    std::string host;
    std::string level;
    CLI::App app;
    app.add_option("--docker.host", host);
    app.add_option("--log-level", level);
    app.parse(std::move(given));
    return from_environment(app, "PROGRAM_", [&set](std::string_view name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    });
}

TEST(Flags, ComeFromTheEnvironmentWhereTheCommandLineIsSilent)
{
    EXPECT_THAT(taken({{"PROGRAM_DOCKER_HOST", "a"}, {"PROGRAM_LOG_LEVEL", "b"}, {"LOG_LEVEL", "c"}}, {}),
                UnorderedElementsAre("--docker.host=a", "--log-level=b"));
    EXPECT_THAT(taken({{"PROGRAM_DOCKER_HOST", "a"}, {"PROGRAM_LOG_LEVEL", "b"}}, {"--docker.host=x"}),
                UnorderedElementsAre("--log-level=b"));
}

TEST(Flags, AnEmptyVariableSaysNothing)
{
    EXPECT_TRUE(taken({{"PROGRAM_DOCKER_HOST", ""}}, {}).empty());
}

TEST(Flags, AnUnknownWordIsRefusedWithTheKnownOnes)
{
    constexpr std::array<std::pair<std::string_view, int>, 2> words{{{"on", 1}, {"off", 0}}};
    EXPECT_EQ(to_choice("--monitoring", "off", words), 0);
    try {
        static_cast<void>(to_choice("--monitoring", "maybe", words));
        FAIL() << "it was accepted";
    } catch (const bad_value& error) {
        EXPECT_STREQ(error.what(), "--monitoring: \"maybe\" is unknown, expected one of: on, off");
    }
}

} // namespace
} // namespace runtime
