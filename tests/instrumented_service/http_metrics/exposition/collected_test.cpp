#include "instrumented_service/http_metrics/exposition/collected.hpp"

#include "instrumented_service/http_metrics/exposition/text_writer.hpp"
#include "tests/instrumented_service/http_metrics/exposition/example_families.hpp"
#include "tests/support/testdata.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

namespace http_metrics {
namespace {

std::string text_of(const metric_source& source)
{
    std::string text;
    text_writer writer(text);
    copy_families(source, writer);
    return text;
}

TEST(Collected, HasWhatARegistryHas)
{
    prometheus::Registry registry;
    prometheus::BuildCounter().Name("a_total").Help("A.").Register(registry).Add({{"x", "y"}}).Increment(3);
    prometheus::BuildGauge().Name("b").Help("B.").Register(registry).Add({}).Set(-1.5);
    auto& histogram = prometheus::BuildHistogram().Name("c").Help("C.").Register(registry).Add(
        {{"x", "y"}}, prometheus::Histogram::BucketBoundaries{1, 2});
    histogram.Observe(1.5);
    histogram.Observe(9);
    prometheus::BuildSummary()
        .Name("d")
        .Help("D.")
        .Register(registry)
        .Add({}, prometheus::Summary::Quantiles{{0.5, 0.1}})
        .Observe(4);

    EXPECT_EQ(text_of(collected(registry)),
              "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"y\"} 3\n"
              "# HELP b B.\n# TYPE b gauge\nb -1.5\n"
              "# HELP c C.\n# TYPE c histogram\n"
              "c_bucket{x=\"y\",le=\"1\"} 0\nc_bucket{x=\"y\",le=\"2\"} 1\n"
              "c_bucket{x=\"y\",le=\"+Inf\"} 2\nc_sum{x=\"y\"} 10.5\nc_count{x=\"y\"} 2\n"
              "# HELP d D.\n# TYPE d summary\nd{quantile=\"0.5\"} 4\nd_sum 4\nd_count 1\n");
}

TEST(Collected, MayBeNothing)
{
    const auto empty = std::make_shared<prometheus::Registry>();
    EXPECT_EQ(text_of(collected(std::static_pointer_cast<const prometheus::Collectable>(empty))), "");
}

/// There and back again: the text format has no more than prometheus-cpp has.
TEST(AsCollectable, LosesNothingThatTheTextFormatHas)
{
    const as_collectable offered(std::make_shared<example_source>());
    EXPECT_EQ(text_of(collected(offered)), support::read_testdata("exposition/example.txt"));
}

} // namespace
} // namespace http_metrics
