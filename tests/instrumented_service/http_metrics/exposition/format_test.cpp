#include "instrumented_service/http_metrics/exposition/format.hpp"

#include <string>

#include <gtest/gtest.h>

namespace http_metrics {
namespace {

const std::string text_type = "text/plain; version=0.0.4; charset=utf-8";
const std::string openmetrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const std::string old_openmetrics_type = "application/openmetrics-text; version=0.0.1; charset=utf-8";
const std::string protobuf_type =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

// Prometheus 2.42, scrape/scrape.go.
const std::string prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                               "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const std::string native_prometheus =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

std::string type_for(const std::string& accept, const offered_formats& offered = {})
{
    return std::string(negotiate(accept, offered).content_type);
}

TEST(Negotiation, GivesPrometheusWhatItLikesBest)
{
    EXPECT_EQ(type_for(prometheus), openmetrics_type);
    EXPECT_EQ(negotiate(prometheus).format, exposition_format::openmetrics);
    EXPECT_EQ(type_for(native_prometheus), protobuf_type);
    EXPECT_EQ(negotiate(native_prometheus).format, exposition_format::protobuf);
    EXPECT_EQ(type_for("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
                       "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
              openmetrics_type);
}

TEST(Negotiation, FallsBackToText)
{
    for (const auto* accept : {"", "*/*", "text/*", "text/plain", "TEXT/PLAIN;Version=0.0.4", "text/html", "nonsense",
                               "text/plain;version=1.0.0", "application/openmetrics-text;version=2.0.0",
                               "application/vnd.google.protobuf", "application/openmetrics-text;q=0",
                               "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
                               "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}) {
        EXPECT_EQ(type_for(accept), text_type) << accept;
        EXPECT_EQ(negotiate(accept).format, exposition_format::text) << accept;
    }
}

TEST(Negotiation, KnowsOpenMetricsByAllItsVersions)
{
    EXPECT_EQ(type_for("application/openmetrics-text"), openmetrics_type);
    EXPECT_EQ(type_for("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8"), openmetrics_type);
    EXPECT_EQ(type_for("application/openmetrics-text; version=0.0.1"), old_openmetrics_type);
    EXPECT_EQ(negotiate("application/openmetrics-text; version=0.0.1").format, exposition_format::openmetrics);
}

TEST(Negotiation, GoesByWeightAndThenByTheClientsOrder)
{
    EXPECT_EQ(type_for("text/plain,application/openmetrics-text"), text_type);
    EXPECT_EQ(type_for("application/openmetrics-text,text/plain"), openmetrics_type);
    EXPECT_EQ(type_for("text/plain;q=0.5,application/openmetrics-text;q=0.6"), openmetrics_type);
    EXPECT_EQ(type_for("*/*,application/openmetrics-text;q=0.6"), text_type);
    EXPECT_EQ(type_for("image/png,application/openmetrics-text;q=0.1,text/plain;q=0"), openmetrics_type);
}

TEST(Negotiation, OffersNoMoreThanItShould)
{
    offered_formats offered;
    offered.protobuf = false;
    EXPECT_EQ(type_for(native_prometheus, offered), openmetrics_type);
    offered.openmetrics = false;
    EXPECT_EQ(type_for(native_prometheus, offered), text_type);
    offered.protobuf = true;
    EXPECT_EQ(type_for(native_prometheus, offered), protobuf_type);
}

} // namespace
} // namespace http_metrics
