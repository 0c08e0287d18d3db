#include "agent/docker/api_version.hpp"

#include "agent/docker/errc.hpp"

#include <gtest/gtest.h>

namespace agent::docker {
namespace {

TEST(ApiVersion, IsTwoNumbersWithADot)
{
    EXPECT_EQ(parse_api_version("1.41"), (api_version{1, 41}));
    EXPECT_EQ(parse_api_version("2.0"), (api_version{2, 0}));
}

TEST(ApiVersion, IsNothingElse)
{
    for (const auto* text : {"", "1", "1.", ".41", "1.41.0", "v1.41", "1.41 ", " 1.41", "1,41", "-1.41", "1.-41", "1.x",
                             "99999999999.1", "1.99999999999"})
        EXPECT_EQ(parse_api_version(text), std::nullopt) << text;
}

TEST(ApiVersion, IsOrderedByNumbersNotByText)
{
    EXPECT_LT((api_version{1, 9}), (api_version{1, 40}));
    EXPECT_LT((api_version{1, 51}), (api_version{2, 0}));
}

TEST(ApiVersion, IsWrittenAsItIsRead)
{
    EXPECT_EQ(to_string(api_version{1, 41}), "1.41");
}

TEST(ApiVersion, RangesFrom140To151)
{
    EXPECT_EQ(to_string(oldest_api), "1.40");
    EXPECT_EQ(to_string(newest_api), "1.51");
}

TEST(ApiVersion, IsTheNewestThatBothKnow)
{
    EXPECT_EQ(negotiate({1, 41}, std::nullopt).value(), (api_version{1, 41}));
    EXPECT_EQ(negotiate({1, 40}, std::nullopt).value(), (api_version{1, 40}));
    EXPECT_EQ(negotiate({1, 56}, std::nullopt).value(), newest_api);
    EXPECT_EQ(negotiate({2, 0}, std::nullopt).value(), newest_api);
}

TEST(ApiVersion, IsRefusedWhereTheEngineKnowsNoneOfOurs)
{
    EXPECT_EQ(negotiate({1, 39}, std::nullopt).error(), make_error_code(errc::api_too_old));
    EXPECT_EQ(negotiate({1, 39}, api_version{1, 40}).error(), make_error_code(errc::api_too_old));
    EXPECT_EQ(negotiate({0, 99}, std::nullopt).error(), make_error_code(errc::api_too_old));
}

TEST(ApiVersion, IsThePinnedOneWhereTheEngineKnowsIt)
{
    EXPECT_EQ(negotiate({1, 51}, api_version{1, 43}).value(), (api_version{1, 43}));
    EXPECT_EQ(negotiate({1, 43}, api_version{1, 43}).value(), (api_version{1, 43}));
    EXPECT_EQ(negotiate({1, 41}, api_version{1, 43}).error(), make_error_code(errc::api_too_old));
}

} // namespace
} // namespace agent::docker
