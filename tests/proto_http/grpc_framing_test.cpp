#include "proto_http/grpc_framing.hpp"

#include "proto_http/errc.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::size_t plenty = 1000;

TEST(GrpcFrame, IsAZeroAFourByteLengthAndTheMessage)
{
    EXPECT_EQ(grpc_frame(""), "\0\0\0\0\0"s);
    EXPECT_EQ(grpc_frame("abc"), "\0\0\0\0\3abc"s);
    EXPECT_EQ(grpc_frame(std::string(0x010203, 'x')).substr(0, 5), "\0\0\1\2\3"s);
}

TEST(GrpcMessages, AreTakenOneByOne)
{
    const auto bytes = grpc_frame("one") + grpc_frame("") + grpc_frame("three");
    std::string_view rest = bytes;
    std::vector<std::string> taken;
    for (;;) {
        const auto message = take_grpc_message(rest, plenty);
        ASSERT_TRUE(message);
        if (!*message)
            break;
        taken.emplace_back(**message);
    }
    EXPECT_THAT(taken, ElementsAre("one", "", "three"));
    EXPECT_TRUE(rest.empty());
}

TEST(GrpcMessages, StayWhereTheyAreUntilTheyAreComplete)
{
    const auto whole = grpc_frame("message");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto cut = whole.substr(0, length);
        std::string_view rest = cut;
        const auto message = take_grpc_message(rest, plenty);
        ASSERT_TRUE(message) << length;
        EXPECT_FALSE(*message) << length;
        EXPECT_EQ(rest, cut);
    }
}

TEST(GrpcMessages, ThatAreCompressedAreRefused)
{
    const auto bytes = "\1\0\0\0\1x"s;
    std::string_view rest = bytes;
    EXPECT_EQ(take_grpc_message(rest, plenty).error(), errc::bad_message);
    rest = std::string_view(bytes).substr(0, 1);
    EXPECT_EQ(take_grpc_message(rest, plenty).error(), errc::bad_message) << "its first byte says so";
}

TEST(GrpcMessages, OfTheLimitAreTakenAndLongerOnesRefusedBeforeTheyHaveCome)
{
    const auto fits = grpc_frame("12345");
    std::string_view rest = fits;
    EXPECT_EQ(take_grpc_message(rest, 5).value(), "12345");

    const auto long_one = "\0\xff\xff\xff\xff"s;
    rest = long_one;
    EXPECT_EQ(take_grpc_message(rest, plenty).error(), errc::body_too_large);
}

TEST(GrpcMessageText, IsPercentDecoded)
{
    EXPECT_EQ(decode_grpc_message("context canceled"), "context canceled");
    EXPECT_EQ(decode_grpc_message("a%20b%0Ac%c3%A9"), "a b\nc\xc3\xa9");
    EXPECT_EQ(decode_grpc_message("%41"), "A");
    EXPECT_EQ(decode_grpc_message(""), "");
}

TEST(GrpcMessageText, KeepsWhatIsNoEncoding)
{
    for (const auto* const text : {"%", "%4", "100% sure", "%zz", "%4g", "a%", "%%", "%-1"})
        EXPECT_EQ(decode_grpc_message(text), text);
    EXPECT_EQ(decode_grpc_message("%%41"), "%A");
}

TEST(GrpcTimeout, IsInMillisecondsAndHasEightDigitsAtMost)
{
    EXPECT_EQ(grpc_timeout(3s), "3000m");
    EXPECT_EQ(grpc_timeout(1ms), "1m");
    EXPECT_EQ(grpc_timeout(std::chrono::hours(1'000'000)), "99999999m");
}

} // namespace
} // namespace proto_http
