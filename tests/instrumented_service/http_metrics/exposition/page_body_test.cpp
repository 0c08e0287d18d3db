#include "instrumented_service/http_metrics/exposition/page_body.hpp"

#include "tests/instrumented_service/http_metrics/exposition/example_families.hpp"
#include "tests/support/gunzip.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace http_metrics {
namespace {

struct made_body {
    std::string body;
    std::size_t skipped = 0;
    int pieces = 0; ///< packed before the end was known
};

made_body make(page_kind kind, std::vector<ready_family> families)
{
    page_body body(kind, 0);
    made_body made;
    const auto reading = example_source(std::move(families)).read();
    bool more = true;
    while (more) {
        more = reading->next(body);
        while (body.pack_some())
            ++made.pieces;
    }
    body.finish();
    while (body.pack_some()) {
    }
    made.skipped = body.skipped_families();
    made.body = body.take();
    return made;
}

ready_family gauge(std::string name, double value, std::size_t count = 1)
{
    ready_family made{{std::move(name), "", metric_type::gauge}, {}};
    for (std::size_t at = 0; at < count; ++at)
        made.all.push_back({{{"number", std::to_string(at)}}, gauge_value{value}});
    return made;
}

ready_family counter(std::string name, double value)
{
    ready_family made{{std::move(name), "", metric_type::counter}, {}};
    made.all.push_back({{}, counter_value{value}});
    return made;
}

TEST(PageBody, ShowsTheFirstOfFamiliesWithOneName)
{
    const auto made = make({}, {gauge("a", 1), gauge("b", 2), gauge("a", 3), gauge("c", 4)});
    EXPECT_EQ(made.body, "# TYPE a gauge\na{number=\"0\"} 1\n# TYPE b gauge\nb{number=\"0\"} 2\n"
                         "# TYPE c gauge\nc{number=\"0\"} 4\n");
    EXPECT_EQ(made.skipped, 1U);
}

TEST(PageBody, TakesNamesAsTheFormatHasThem)
{
    const std::vector<ready_family> families{counter("a_total", 1), gauge("a", 2)};
    EXPECT_EQ(make({}, families).skipped, 0U);
    EXPECT_EQ(make({exposition_format::protobuf, false}, families).skipped, 0U);
    EXPECT_EQ(make({exposition_format::openmetrics, false}, families).skipped, 1U);
}

TEST(PageBody, IsTheSameWhenItIsUnpacked)
{
    for (const auto format : {exposition_format::text, exposition_format::openmetrics, exposition_format::protobuf}) {
        const std::vector<ready_family> families{gauge("a", 1.5, 1'000), gauge("b", 2, 3'000), gauge("c", 3)};
        const auto plain = make({format, false}, families);
        const auto packed = make({format, true}, families);
        EXPECT_EQ(support::gunzip(packed.body), plain.body);
        EXPECT_LT(packed.body.size(), plain.body.size() / 4);
        EXPECT_EQ(plain.pieces, 0);
        EXPECT_GT(packed.pieces, 2) << "packing does not wait for the end";
    }
    EXPECT_EQ(support::gunzip(make({exposition_format::text, true}, {}).body), "");
}

} // namespace
} // namespace http_metrics
