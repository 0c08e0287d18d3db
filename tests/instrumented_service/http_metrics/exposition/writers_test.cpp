#include "instrumented_service/http_metrics/exposition/format.hpp"
#include "instrumented_service/http_metrics/exposition/openmetrics_writer.hpp"
#include "instrumented_service/http_metrics/exposition/protobuf_writer.hpp"
#include "tests/instrumented_service/http_metrics/exposition/example_families.hpp"
#include "tests/instrumented_service/http_metrics/exposition/protobuf_text.hpp"
#include "tests/support/testdata.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace http_metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string written(exposition_format format, std::vector<ready_family> families)
{
    std::string text;
    const auto writer = make_writer(format, text);
    copy_families(example_source(std::move(families)), *writer);
    writer->finish();
    EXPECT_EQ(writer->settled_bytes(), text.size());
    return text;
}

std::string openmetrics(family head, decltype(series::value) value)
{
    ready_family only{std::move(head), {}};
    only.all.push_back({{}, std::move(value)});
    return written(exposition_format::openmetrics, {only});
}

TEST(TextWriter, WritesWhatPrometheusReads)
{
    EXPECT_EQ(written(exposition_format::text, example_families()), support::read_testdata("exposition/example.txt"));
}

TEST(TextWriter, WritesNothingWhereThereIsNothing)
{
    EXPECT_EQ(written(exposition_format::text, {}), "");
    EXPECT_EQ(written(exposition_format::text, {{{"a", "", metric_type::gauge}, {}}}), "# TYPE a gauge\n")
        << "a family may have no help and no series yet";
}

TEST(OpenMetricsWriter, WritesWhatAStrictParserReads)
{
    EXPECT_EQ(written(exposition_format::openmetrics, example_families()),
              support::read_testdata("exposition/example.openmetrics"));
}

TEST(OpenMetricsWriter, EndsWithAnEndInAnyCase)
{
    EXPECT_EQ(written(exposition_format::openmetrics, {}), "# EOF\n");
}

TEST(OpenMetricsWriter, GivesEachCounterItsSuffixOnce)
{
    EXPECT_EQ(openmetrics({"a", "", metric_type::counter}, counter_value{1}), "# TYPE a counter\na_total 1\n# EOF\n");
    EXPECT_EQ(openmetrics({"a_total", "", metric_type::counter}, counter_value{1}),
              "# TYPE a counter\na_total 1\n# EOF\n");
    EXPECT_EQ(openmetrics({"a_total", "", metric_type::gauge}, gauge_value{1}),
              "# TYPE a_total gauge\na_total 1\n# EOF\n");
}

TEST(OpenMetricsWriter, TellsOnlyUnitsThatTheNameEndsIn)
{
    const auto unit_of = [](std::string name, metric_type type, std::string unit) {
        return std::string(openmetrics_unit({std::move(name), "", type, std::move(unit)}));
    };
    EXPECT_EQ(unit_of("a_bytes", metric_type::gauge, "bytes"), "bytes");
    EXPECT_EQ(unit_of("a_bytes_total", metric_type::counter, "bytes"), "bytes");
    EXPECT_EQ(unit_of("a_bytes_total", metric_type::gauge, "bytes"), "");
    EXPECT_EQ(unit_of("kilobytes", metric_type::gauge, "bytes"), "");
    EXPECT_EQ(unit_of("bytes", metric_type::gauge, "bytes"), "");
    EXPECT_EQ(unit_of("_bytes", metric_type::gauge, "bytes"), "");
    EXPECT_EQ(unit_of("a_bytes", metric_type::gauge, ""), "");
}

TEST(OpenMetricsWriter, LeavesOutExemplarsThatAreTooLong)
{
    const auto with_example = [](std::size_t characters) {
        exemplar example{{{"id", ""}}, 1, 0};
        for (std::size_t at = 2; at < characters; ++at)
            example.labels[0].second += "\xC3\xB6"; // characters are counted, not bytes
        EXPECT_EQ(is_sendable(example), characters <= 128);
        histogram_value value;
        value.buckets = {{1, 1, example}};
        return openmetrics({"a", "", metric_type::histogram}, value);
    };
    EXPECT_THAT(with_example(128), HasSubstr("# {id="));
    EXPECT_THAT(with_example(129), Not(HasSubstr("# {id=")));
}

TEST(ProtobufWriter, WritesWhatPrometheusReads)
{
    EXPECT_EQ(protobuf_text(written(exposition_format::protobuf, example_families())),
              support::read_testdata("exposition/example.protobuf.txt"));
}

TEST(ProtobufWriter, WritesNothingWhereThereIsNothing)
{
    EXPECT_EQ(written(exposition_format::protobuf, {}), "");
}

/// By hand, from the Protobuf documentation and metrics.proto.
TEST(ProtobufWriter, WritesTheseBytes)
{
    ready_family gauge{{"ab", "c", metric_type::gauge}, {}};
    gauge.all = {{{{"l", "v"}}, gauge_value{1}}};
    const std::string expected{"\x9E\x80\x80\x80\x00" // 30 bytes follow
                               "\x0A\x02"
                               "ab" // name
                               "\x12\x01"
                               "c"        // help
                               "\x18\x01" // type GAUGE
                               "\x22\x13" // metric, 19 bytes
                               "\x0A\x06"
                               "\x0A\x01"
                               "l"
                               "\x12\x01"
                               "v" // label
                               "\x12\x09"
                               "\x09\x00\x00\x00\x00\x00\x00\xF0\x3F", // gauge, 1.0
                               35};
    EXPECT_EQ(written(exposition_format::protobuf, {gauge}), expected);
}

TEST(ProtobufWriter, KeepsTheFamilyThatIsStillOpen)
{
    std::string text;
    protobuf_writer writer(text);
    writer.begin({"a", "", metric_type::gauge});
    EXPECT_EQ(writer.settled_bytes(), 0U);
    writer.add({{}, gauge_value{1}});
    EXPECT_EQ(writer.settled_bytes(), 0U);
    const auto first = text.size();
    writer.begin({"b", "", metric_type::gauge});
    EXPECT_EQ(writer.settled_bytes(), first);
    writer.finish();
    EXPECT_EQ(writer.settled_bytes(), text.size());
}

TEST(BucketSpans, BridgeShortGaps)
{
    bucket_spans written;
    written.assign({{-5, 2}, {-4, 1}, {-1, 3}, {3, 2}});
    ASSERT_EQ(written.spans.size(), 2U);
    EXPECT_EQ(written.spans[0].offset, -5);
    EXPECT_EQ(written.spans[0].length, 5U) << "two empty ones in the middle";
    EXPECT_EQ(written.spans[1].offset, 3);
    EXPECT_EQ(written.spans[1].length, 1U);
    EXPECT_THAT(written.deltas, ElementsAre(2, -1, -1, 0, 3, -1));
}

/// As Prometheus reads them: model/histogram/histogram.go.
std::map<std::int32_t, std::uint64_t> read_back(const bucket_spans& spans)
{
    std::map<std::int32_t, std::uint64_t> found;
    std::int32_t index = 0;
    std::int64_t count = 0;
    std::size_t at = 0;
    for (const auto& [offset, length] : spans.spans) {
        index += offset;
        for (std::uint32_t in_span = 0; in_span < length; ++in_span, ++index) {
            count += spans.deltas.at(at++);
            if (count != 0)
                found[index] = static_cast<std::uint64_t>(count);
        }
    }
    EXPECT_EQ(at, spans.deltas.size());
    return found;
}

RC_GTEST_PROP(BucketSpans, HoldAllBuckets, ())
{
    const auto indices = *rc::gen::container<std::set<std::int32_t>>(rc::gen::inRange(-60, 60));
    std::map<std::int32_t, std::uint64_t> buckets;
    for (const auto index : indices)
        buckets[index] = *rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000);
    bucket_spans written;
    written.assign({{7, 7}}); // what was there before does not matter
    written.assign({buckets.begin(), buckets.end()});
    RC_ASSERT(read_back(written) == buckets);
    for (std::size_t at = 1; at < written.spans.size(); ++at)
        RC_ASSERT(written.spans[at].offset >= 0);
}

} // namespace
} // namespace http_metrics
