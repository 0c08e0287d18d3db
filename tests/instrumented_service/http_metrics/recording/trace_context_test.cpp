#include "instrumented_service/http_metrics/recording/trace_context.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace http_metrics {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, IsRead)
{
    const auto found = parse_traceparent(good);
    ASSERT_TRUE(found);
    EXPECT_EQ(std::string(found->trace_id.begin(), found->trace_id.end()), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(std::string(found->span_id.begin(), found->span_id.end()), "00f067aa0ba902b7");
    EXPECT_TRUE(found->is_sampled);
}

TEST(Traceparent, SaysWhetherTheTraceIsKept)
{
    EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->is_sampled);
    EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")->is_sampled);
    EXPECT_TRUE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")->is_sampled);
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsItIsKnown)
{
    EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
    EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
}

TEST(Traceparent, IsRefusedWhenItIsNone)
{
    for (const std::string_view bad : {
             "", "00",
             "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     // no such version
             "00-00000000000000000000000000000000-00f067aa0ba902b7-01",     // no trace
             "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",     // no span
             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",     // upper case
             "00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01",     // no hexadecimal digit
             "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     // no dash
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",   // version 00 is no longer
             "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more", // a later one goes on with a dash
         })
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(parse_traceparent(good.substr(0, size))) << size;
}

} // namespace
} // namespace http_metrics
