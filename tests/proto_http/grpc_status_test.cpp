#include "proto_http/grpc_status.hpp"

#include "proto_http/errc.hpp"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

http2_answer ended_with(field_list fields)
{
    http2_answer answer;
    answer.status = 200;
    answer.fields = std::move(fields);
    answer.has_ended = true;
    return answer;
}

error_code code_of(const char* status)
{
    const auto failed = grpc_verdict(ended_with({{"grpc-status", status}}));
    return failed ? failed->code : error_code{};
}

TEST(GrpcStatus, ZeroIsAllThatIsWell)
{
    EXPECT_FALSE(grpc_verdict(ended_with({{"grpc-status", "0"}, {"grpc-message", "fine"}})));
    EXPECT_FALSE(grpc_verdict(ended_with({{"grpc-status", "00"}})));
    EXPECT_TRUE(grpc_verdict(ended_with({})));
}

TEST(GrpcStatus, IsDigitsOrUnknown)
{
    const error_code unknown(2, grpc_category());
    for (const auto* const odd : {"", "-0", "-00", "-1", "+0", "0x", "0 0", "1e1", "99999999999999999999"})
        EXPECT_EQ(code_of(odd), unknown) << odd;
    EXPECT_EQ(code_of("14"), error_code(14, grpc_category()));
    EXPECT_EQ(code_of("99").message(), "status 99");
}

TEST(GrpcStatus, IsWhatTheServerSaidLast)
{
    const auto failed = grpc_verdict(
        ended_with({{"grpc-status", "0"}, {"grpc-message", "fine"}, {"grpc-status", "14"}, {"grpc-message", "lost"}}));
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->code, error_code(14, grpc_category()));
    EXPECT_EQ(failed->message, "lost");
}

TEST(GrpcStatus, OfAnAnswerThatIsNoneDoesNotCount)
{
    auto answer = ended_with({{"grpc-status", "0"}});
    answer.status = 503;
    EXPECT_EQ(grpc_verdict(answer).value().code, errc::bad_message);
    EXPECT_EQ(grpc_verdict(answer).value().message, "status 503");

    answer = ended_with({{"grpc-status", "0"}});
    answer.end = errc::stream_reset;
    EXPECT_EQ(grpc_verdict(answer).value().code, errc::stream_reset);
}

} // namespace
} // namespace proto_http
