#include "proto_http/response_reader.hpp"

#include "proto_http/errc.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

constexpr std::size_t plenty = 4096;

void give(response_reader& reader, std::string_view bytes)
{
    std::copy(bytes.begin(), bytes.end(), reader.prepare().begin());
    reader.commit(bytes.size());
}

/// What a head comes to, in two pieces.
result<std::optional<response_reader::start>> head_cut_at(std::size_t length, std::string_view bytes,
                                                          std::size_t most_bytes = plenty)
{
    response_reader reader;
    reader.expect_head(most_bytes, false);
    give(reader, bytes.substr(0, length));
    auto first = reader.take_head();
    if (!first || *first)
        return first;
    give(reader, bytes.substr(length));
    return reader.take_head();
}

void expect_everywhere(std::string_view bytes, error_code expected, std::size_t most_bytes = plenty)
{
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const auto read = head_cut_at(length, bytes, most_bytes);
        EXPECT_EQ(read ? error_code{} : read.error(), expected) << length;
        EXPECT_TRUE(!read || *read) << length;
    }
}

TEST(ResponseReader, ReadsTheSameWhereverItIsCut)
{
    expect_everywhere("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nApi-Version: 1.41\r\n\r\n", {});
}

TEST(ResponseReader, TakesNoStatusThatBeginsWithZero)
{
    expect_everywhere("HTTP/1.1 099 \r\n\r\n", errc::bad_message);
}

TEST(ResponseReader, TakesATlsAlertForOneWhereAHeadBeginsOnly)
{
    using namespace std::string_view_literals;
    expect_everywhere("\x15\x03\x01\0\2\2\x0a"sv, errc::unexpected_tls);
    expect_everywhere("HTTP/1.1 200 OK\r\n\x15\x03\x01\r\n\r\n"sv, errc::bad_message);
}

TEST(ResponseReader, BoundsAHeadWhereverItIsCut)
{
    const auto head = "HTTP/1.1 200 OK\r\nServer: " + std::string(200, 'x') + "\r\n\r\n";
    expect_everywhere(head, {}, head.size());
    expect_everywhere(head, errc::head_too_large, head.size() - 1);
    expect_everywhere(head, errc::head_too_large, 10);
}

TEST(ResponseReader, BoundsAHeadWhoseLinesComeOneByOne)
{
    response_reader reader;
    reader.expect_head(plenty, false);
    std::size_t given = 0;
    const auto give_line = [&](std::string_view line) {
        give(reader, line);
        given += line.size();
        return reader.take_head();
    };
    auto read = give_line("HTTP/1.1 200 OK\r\n");
    while (read && given < 3 * plenty)
        read = give_line("X-Drop: of an ocean\r\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), errc::head_too_large);
    EXPECT_LT(given, plenty + 100);
}

TEST(ResponseReader, DoesNotWaitForMoreOfWhatIsNoHttp)
{
    for (const auto* const other :
         {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2", "\n", "\x15\x02", "HTTP/1.1 200 OK\nServer: x"}) {
        const auto read = head_cut_at(0, other);
        EXPECT_EQ(read ? error_code{} : read.error(), make_error_code(errc::bad_message)) << other;
    }
}

TEST(ResponseReader, AppendsABodyUpToALimit)
{
    response_reader reader;
    give(reader, "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\nHTTP");
    auto framing = body_decoder::chunked();
    std::string body;
    EXPECT_EQ(reader.append(body, framing, 8).value(), response_reader::verdict::too_much);
    EXPECT_EQ(body, "firstsec");
    body.clear();
    EXPECT_EQ(reader.append(body, framing, 8).value(), response_reader::verdict::fits);
    EXPECT_TRUE(framing.is_done());
    EXPECT_FALSE(reader.is_empty());
    reader.clear();
    EXPECT_TRUE(reader.is_empty());
}

} // namespace
} // namespace proto_http
