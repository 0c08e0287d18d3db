#include "instrumented_service/http_metrics/sources/build_info.hpp"

#include "tests/instrumented_service/http_metrics/handed_over.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http_metrics {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(BuildInfo, IsOneAndSaysTheRestByItsLabels)
{
    const build_info source("accountservice", {{"version", "0.1.0"}, {"compiler", "a b"}});
    const handed_over seen(source);
    EXPECT_EQ(seen.value("accountservice_build_info"), 1);
    ASSERT_EQ(seen.families.size(), 1U);
    EXPECT_EQ(seen.families.front().head.type, metric_type::gauge);
    EXPECT_THAT(seen.families.front().all.front().labels,
                ElementsAre(Pair("version", "0.1.0"), Pair("compiler", "a b")));
}

} // namespace
} // namespace http_metrics
