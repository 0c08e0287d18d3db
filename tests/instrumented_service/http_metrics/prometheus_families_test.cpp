#include "instrumented_service/http_metrics/prometheus_families.hpp"

#include "instrumented_service/http_metrics/ready_families.hpp"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace http_metrics {
namespace {

class fixed_source final : public metric_source {
public:
    explicit fixed_source(std::vector<ready_family> families) : families_(std::move(families)) {}
    std::unique_ptr<metric_reading> read() const override { return std::make_unique<ready_reading>(families_); }

private:
    std::vector<ready_family> families_;
};

std::string text(std::vector<ready_family> families)
{
    return prometheus::TextSerializer().Serialize(prometheus_families(fixed_source(std::move(families))));
}

TEST(PrometheusFamilies, AreThoseOfTheSource)
{
    EXPECT_EQ(text({}), "");
    EXPECT_EQ(text({lone_counter("a_total", "An a.", 1), lone_gauge("b", "A b.", 2)}),
              "# HELP a_total An a.\n# TYPE a_total counter\na_total 1\n"
              "# HELP b A b.\n# TYPE b gauge\nb 2\n");
}

TEST(PrometheusFamilies, MayHaveNoSeriesOrMany)
{
    ready_family empty{{"a", "An a.", metric_type::gauge}, {}};
    ready_family two{{"b", "A b.", metric_type::untyped},
                     {{{{"c", "1"}}, untyped_value{1}}, {{{"c", "2"}}, untyped_value{2}}}};
    EXPECT_EQ(text({empty, two}), "# HELP a An a.\n# TYPE a gauge\n"
                                  "# HELP b A b.\n# TYPE b untyped\nb{c=\"1\"} 1\nb{c=\"2\"} 2\n");
}

TEST(PrometheusFamilies, MayBeSummariesAndHistograms)
{
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    ready_family summary{{"a", "An a.", metric_type::summary}, {{{}, summary_value{3, 6, {{0.5, 2}}}}}};
    ready_family histogram{{"b", "A b.", metric_type::histogram},
                           {{{}, histogram_value{3, 6, {{1, 1}, {infinity, 3}}}}}};
    EXPECT_EQ(text({summary, histogram}),
              "# HELP a An a.\n# TYPE a summary\na_count 3\na_sum 6\na{quantile=\"0.5\"} 2\n"
              "# HELP b A b.\n# TYPE b histogram\nb_count 3\nb_sum 6\nb_bucket{le=\"1\"} 1\nb_bucket{le=\"+Inf\"} 3\n");
}

} // namespace
} // namespace http_metrics
