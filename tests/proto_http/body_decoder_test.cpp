#include "proto_http/body_decoder.hpp"

#include "proto_http/errc.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proto_http {
namespace {

using namespace std::string_literals;

struct decoded {
    std::string body;
    std::string rest; ///< of the bytes, behind the end of the body
    bool is_done = false;
    bool is_bad = false;

    friend bool operator==(const decoded&, const decoded&) = default;
};

std::ostream& operator<<(std::ostream& to, const decoded& value)
{
    return to << '"' << value.body << "\" rest \"" << value.rest << '"' << (value.is_done ? " done" : "")
              << (value.is_bad ? " bad" : "");
}

decoded decode(body_decoder decoder, std::string_view bytes, std::size_t piece_bytes)
{
    decoded all;
    while (!bytes.empty() && !decoder.is_done()) {
        auto arrived = bytes.substr(0, piece_bytes);
        bytes.remove_prefix(arrived.size());
        while (true) {
            const auto piece = decoder.take(arrived);
            all.is_bad = !piece;
            if (!piece)
                return all;
            if (piece->empty())
                break;
            all.body += *piece;
        }
        all.rest = arrived;
    }
    all.rest += bytes;
    all.is_done = decoder.is_done();
    return all;
}

/// What any way of cutting the bytes gives.
decoded decode(body_decoder decoder, std::string_view bytes)
{
    const auto whole = decode(decoder, bytes, bytes.size());
    for (std::size_t piece = 1; piece < bytes.size(); piece += 1 + piece / 16)
        EXPECT_EQ(decode(decoder, bytes, piece), whole) << "in pieces of " << piece;
    return whole;
}

decoded decode_chunks(std::string_view bytes)
{
    return decode(body_decoder::chunked(), bytes);
}

TEST(BodyDecoder, EndsAtTheLength)
{
    EXPECT_EQ(decode(body_decoder::of_length(5), "hello more"), (decoded{"hello", " more", true, false}));
    EXPECT_EQ(decode(body_decoder::of_length(5), "hell"), (decoded{"hell", "", false, false}));
    EXPECT_TRUE(body_decoder::of_length(0).is_done());
    EXPECT_TRUE(body_decoder::nothing().is_done());
}

TEST(BodyDecoder, EndsWithTheConnectionOnlyWhereThatIsTheFraming)
{
    EXPECT_EQ(decode(body_decoder::until_close(), "hello"), (decoded{"hello", "", false, false}));
    EXPECT_TRUE(body_decoder::until_close().close());
    EXPECT_FALSE(body_decoder::of_length(1).close());
    EXPECT_FALSE(body_decoder::chunked().close());
    EXPECT_TRUE(body_decoder::nothing().close());
}

TEST(BodyDecoder, TakesChunksApart)
{
    EXPECT_EQ(decode_chunks("5\r\nhello\r\n1\r\n \r\n0A\r\n0123456789\r\n0\r\n\r\nmore"),
              (decoded{"hello 0123456789", "more", true, false}));
    EXPECT_EQ(decode_chunks("0\r\n\r\n"), (decoded{"", "", true, false}));
    EXPECT_EQ(decode_chunks("000\r\n\r\n"), (decoded{"", "", true, false}));
}

TEST(BodyDecoder, SkipsExtensionsAndTrailers)
{
    EXPECT_EQ(decode_chunks("1;a=b;c=\"d;e\"\r\nx\r\n1 \t;a\r\ny\r\n0;last\r\nA: b\r\nC:\r\n\r\nmore"),
              (decoded{"xy", "more", true, false}));
}

TEST(BodyDecoder, WantsMoreWhileAnythingIsMissing)
{
    const auto bytes = "2;a\r\nab\r\n0\r\nA: b\r\n\r\n"s;
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        const auto part = decode(body_decoder::chunked(), std::string_view(bytes).substr(0, cut), 1);
        EXPECT_FALSE(part.is_done || part.is_bad) << cut;
    }
}

TEST(BodyDecoder, RefusesBadChunks)
{
    for (const auto* bytes : {
             "\r\n",
             "x",
             ";",
             " 1\r\n",
             "-1\r\n",
             "+1\r\n",
             "0x1\r\n",
             "1 \r\n",
             "1 1\r\n",
             "1\n",
             "1\r\r",
             "1\rx",
             "1;\x01\r\n",
             "1;a\n",
             "1;a\rb",
             "1;\x7f",
             "10000000000000000\r\n",
             "1\r\nab",
             "1\r\na\n",
             "1\r\na\r\r",
             "1\r\na\r\n\r\n",
             "0\r\n A: b\r\n",
             "0\r\n: b\r\n",
             "0\r\nA b\r\n",
             "0\r\nA\r\n",
             "0\r\nA: b\n",
             "0\r\nA: \x01",
             "0\r\n\rx",
             "0\r\n\n",
         })
        EXPECT_TRUE(decode_chunks(bytes).is_bad) << bytes;
}

TEST(BodyDecoder, TakesTheLargestChunk)
{
    auto decoder = body_decoder::chunked();
    std::string_view bytes = "ffffffffffffffff\r\nabc";
    EXPECT_EQ(decoder.take(bytes).value(), "abc");
    EXPECT_EQ(decoder.announced(), 0xffffffffffffffffU - 3);
}

TEST(BodyDecoder, AnnouncesAChunkOnceItsHeaderIsWhole)
{
    auto decoder = body_decoder::chunked();
    for (const std::string_view part : {"f", "ff;name=value", "\r"}) {
        auto bytes = part;
        EXPECT_EQ(decoder.take(bytes).value(), "");
        EXPECT_EQ(decoder.announced(), 0U) << "the next byte may be a bad one";
    }
    std::string_view end = "\n";
    EXPECT_EQ(decoder.take(end).value(), "");
    EXPECT_EQ(decoder.announced(), 0xfffU);
}

TEST(BodyDecoder, LimitsFraming)
{
    const std::string much(9000, 'a');
    EXPECT_TRUE(decode_chunks("1;" + much).is_bad);
    EXPECT_TRUE(decode_chunks("0\r\nA: " + much).is_bad);
    EXPECT_TRUE(decode_chunks(std::string(9000, '0')).is_bad);
    std::string trailers = "0\r\n";
    for (int line = 0; line < 2000; ++line)
        trailers += "A: b\r\n";
    EXPECT_TRUE(decode_chunks(trailers).is_bad);

    std::string chunks;
    for (int chunk = 0; chunk < 2000; ++chunk)
        chunks += "1;a=b\r\nx\r\n";
    EXPECT_EQ(decode_chunks(chunks).body.size(), 2000U);
}

} // namespace
} // namespace proto_http
