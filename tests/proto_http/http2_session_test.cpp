#include "proto_http/http2_session.hpp"

#include "proto_http/errc.hpp"
#include "tests/support/http2_peer.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto_http {
namespace {

using namespace std::string_literals;
using support::http2_peer;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::size_t frame_head_bytes = 9;
constexpr std::uint32_t cancel = 8;         // RFC 9113 §7: CANCEL
constexpr std::uint32_t internal_error = 2; // INTERNAL_ERROR
constexpr std::uint32_t refused_stream = 7; // REFUSED_STREAM
constexpr char ping_type = 6;
constexpr char headers_type = 1;
constexpr char settings_type = 4;

/// A frame as RFC 9113 §4.1 has it.
std::string frame(char type, char flags, std::uint32_t stream, std::string_view payload)
{
    std::string bytes;
    for (const unsigned shift : {16U, 8U, 0U})
        bytes += static_cast<char>((payload.size() >> shift) & 0xFFU);
    bytes += type;
    bytes += flags;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        bytes += static_cast<char>((stream >> shift) & 0xFFU);
    return bytes.append(payload);
}

/// Client and server, joined without a socket.
class Http2Session : public testing::Test {
protected:
    explicit Http2Session(http2_limits limits = {}) : session(limits) {}

    http2_session::stream_id ask(std::string body = "question")
    {
        const auto id = session.post("localhost", "/service/Method", {{"te", "trailers"}}, std::move(body));
        return id.value();
    }

    /// Carries what both sides have to say, until neither has any more.
    error_code exchange()
    {
        for (;;) {
            const auto there = session.take_output();
            EXPECT_TRUE(peer.receive(there));
            const auto back = peer.take_output();
            if (const auto error = session.receive(back))
                return error;
            if (there.empty() && back.empty())
                return {};
        }
    }

    http2_answer& answer(http2_session::stream_id id) { return *session.find(id); }

    http2_session session;
    http2_peer peer;
};

TEST_F(Http2Session, SendsARequestAsItWasGiven)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    const auto& asked = peer.requests.at(id);
    EXPECT_THAT(asked.fields,
                ElementsAre(Pair(":method", "POST"), Pair(":scheme", "https"), Pair(":path", "/service/Method"),
                            Pair(":authority", "localhost"), Pair("te", "trailers")));
    EXPECT_EQ(asked.body, "question");
    EXPECT_TRUE(asked.has_ended);
}

TEST_F(Http2Session, SendsARequestThatIsLargerThanTheServersWindow)
{
    const std::string body(1'000'000, 'b');
    const auto id = ask(body);
    EXPECT_FALSE(exchange());
    EXPECT_EQ(peer.requests.at(id).body, body);
}

TEST_F(Http2Session, GathersHeadBodyAndTrailers)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id, {{"content-type", "application/grpc"}});
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).status, 200U);
    EXPECT_FALSE(answer(id).has_ended);

    peer.data(id, "one ");
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).body, "one ");
    peer.data(id, "two");
    peer.trailers(id, {{"grpc-status", "0"}});
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).body, "one two");
    EXPECT_THAT(answer(id).fields, ElementsAre(Pair("content-type", "application/grpc"), Pair("grpc-status", "0")));
    EXPECT_TRUE(answer(id).has_ended);
    EXPECT_FALSE(answer(id).end);
}

TEST_F(Http2Session, TellsEachChangedAnswerOnce)
{
    const auto first = ask();
    const auto second = ask();
    EXPECT_FALSE(exchange());
    EXPECT_THAT(session.take_changed(), IsEmpty());
    for (const auto id : {second, first}) {
        peer.head(id);
        peer.data(id, "x");
    }
    EXPECT_FALSE(exchange());
    EXPECT_THAT(session.take_changed(), ElementsAre(first, second));
    EXPECT_THAT(session.take_changed(), IsEmpty());
}

TEST_F(Http2Session, TakesAHeadThatIsTheWholeAnswer)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head_and_end(id, {{"grpc-status", "12"}});
    EXPECT_FALSE(exchange());
    EXPECT_TRUE(answer(id).has_ended);
    EXPECT_THAT(answer(id).fields, Contains(Pair("grpc-status", "12")));
}

TEST_F(Http2Session, SaysThatTheServerGaveUpOnARequest)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.reset(id, internal_error);
    EXPECT_FALSE(exchange());
    EXPECT_TRUE(answer(id).has_ended);
    EXPECT_EQ(answer(id).end, errc::stream_reset);
    EXPECT_THAT(session.take_changed(), ElementsAre(id));
}

TEST_F(Http2Session, KeepsWhatHadComeBeforeTheReset)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    peer.data(id, "half");
    EXPECT_FALSE(exchange());
    peer.reset(id, internal_error);
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).body, "half");
    EXPECT_EQ(answer(id).end, errc::stream_reset);
}

TEST_F(Http2Session, CancelsWhatIsForgotten)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    EXPECT_FALSE(exchange());
    session.forget(id);
    EXPECT_EQ(session.find(id), nullptr);
    EXPECT_FALSE(exchange());
    EXPECT_EQ(peer.requests.at(id).reset, cancel);
    EXPECT_THAT(session.take_changed(), IsEmpty());
}

TEST_F(Http2Session, PassesOverWhatStillComesForAForgottenStream)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    EXPECT_FALSE(exchange());
    peer.data(id, std::string(100'000, 'x'));
    const auto under_way = peer.take_output();
    session.forget(id);
    EXPECT_FALSE(session.receive(under_way));
    EXPECT_FALSE(exchange());

    const auto next = ask();
    EXPECT_FALSE(exchange());
    peer.head_and_end(next, {});
    EXPECT_FALSE(exchange());
    EXPECT_TRUE(answer(next).has_ended) << "the connection goes on";
}

TEST_F(Http2Session, SendsNothingOfARequestThatWasForgottenBefore)
{
    const auto id = ask();
    session.forget(id);
    EXPECT_FALSE(exchange());
    EXPECT_FALSE(peer.requests.contains(id));
}

TEST_F(Http2Session, DoesNotCancelWhatHasEnded)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head_and_end(id, {});
    EXPECT_FALSE(exchange());
    session.forget(id);
    EXPECT_THAT(session.take_output(), IsEmpty());
}

TEST_F(Http2Session, TakesABodyThatIsLargerThanTheWindow)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    const std::string body(40'000'000, 'b');
    peer.data(id, body);
    peer.trailers(id, {});
    EXPECT_FALSE(exchange());
    EXPECT_TRUE(answer(id).has_ended);
    EXPECT_EQ(answer(id).body.size(), body.size());
    EXPECT_TRUE(answer(id).body == body);
}

TEST_F(Http2Session, LetsManyMebibytesComeBeforeItSaysAnything)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    peer.data(id, std::string(20 * 1024 * 1024, 'b'));
    EXPECT_GE(peer.take_output().size(), 16U * 1024 * 1024);
}

TEST_F(Http2Session, IsNotOverWhileAStreamGoesOnAfterGoAway)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    peer.go_away(0, id);
    EXPECT_FALSE(exchange());
    EXPECT_FALSE(session.over());
    EXPECT_EQ(session.post("localhost", "/", {}, "").error(), errc::closed_early) << "nothing new can be asked";

    peer.trailers(id, {});
    EXPECT_FALSE(exchange());
    EXPECT_TRUE(answer(id).has_ended);
    EXPECT_FALSE(answer(id).end);
    EXPECT_EQ(session.over(), error_code(errc::closed_early));
}

TEST_F(Http2Session, EndsWhatTheServerWillNotLookAtAnyMore)
{
    const auto first = ask();
    const auto second = ask();
    EXPECT_FALSE(exchange());
    peer.head(first);
    peer.go_away(0, first);
    EXPECT_FALSE(exchange());
    EXPECT_FALSE(answer(first).has_ended);
    EXPECT_TRUE(answer(second).has_ended);
    EXPECT_EQ(answer(second).end, errc::stream_reset);
    EXPECT_THAT(session.take_changed(), Contains(second));
}

TEST_F(Http2Session, EndsARequestThatCouldNotBeSentAnyMore)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    peer.go_away(0, id);
    const auto late = ask(); // before the news
    EXPECT_FALSE(session.receive(peer.take_output()));
    (void)session.take_output();
    EXPECT_TRUE(answer(late).has_ended);
    EXPECT_EQ(answer(late).end, errc::stream_reset);
    EXPECT_THAT(session.take_changed(), Contains(late));
}

class SmallHttp2Session : public Http2Session {
protected:
    SmallHttp2Session() : Http2Session({.window_bytes = 100'000, .head_bytes = 1000, .body_bytes = 5000}) {}
};

TEST_F(SmallHttp2Session, RefusesAHeadBeyondItsLimit)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id, {{"large", std::string(2000, 'h')}});
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).end, errc::head_too_large);
    EXPECT_THAT(answer(id).fields, IsEmpty());
    EXPECT_EQ(peer.requests.at(id).reset, cancel);
    EXPECT_THAT(session.take_changed(), ElementsAre(id));
}

TEST_F(SmallHttp2Session, CountsWhatManySmallFieldsCost)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id, http2_peer::field_list(100, {"a", ""}));
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).end, errc::head_too_large);
}

TEST_F(SmallHttp2Session, RefusesTrailersBeyondTheLimitOfBothHeads)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id, {{"a", std::string(600, 'h')}});
    peer.trailers(id, {{"b", std::string(600, 't')}});
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).end, errc::head_too_large);
    EXPECT_TRUE(answer(id).has_ended);
}

TEST_F(SmallHttp2Session, RefusesABodyBeyondItsLimitAndSaysSoAtOnce)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    EXPECT_FALSE(exchange());
    EXPECT_THAT(session.take_changed(), ElementsAre(id));
    peer.data(id, std::string(5001, 'b'));
    EXPECT_FALSE(session.receive(peer.take_output()));
    EXPECT_EQ(answer(id).end, errc::body_too_large);
    EXPECT_LE(answer(id).body.size(), 5000U);
    EXPECT_THAT(session.take_changed(), ElementsAre(id)) << "before anything else is sent or comes";
    EXPECT_FALSE(exchange());
    EXPECT_EQ(peer.requests.at(id).reset, cancel);
}

TEST_F(SmallHttp2Session, TakesMoreThanTheLimitWhenItIsReadInBetween)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id);
    for (int round = 0; round < 100; ++round) {
        peer.data(id, std::string(4000, 'b'));
        ASSERT_FALSE(exchange());
        ASSERT_EQ(answer(id).body.size(), 4000U);
        answer(id).body.clear();
    }
    EXPECT_FALSE(answer(id).end);
}

TEST_F(Http2Session, EndsAtBytesThatAreNoHttp2)
{
    for (const auto& bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x15\x03\x01\x00\x02\x02\x16\x00\x00\x00"s,
                              "\x00\x00\x00\x04\x00\x00\x00\x00\x01"s}) {
        http2_session other;
        auto error = other.receive(bytes);
        (void)other.take_output();
        if (!error)
            error = other.over().value_or(error_code{});
        EXPECT_EQ(error, errc::bad_http2) << bytes;
    }
}

TEST_F(Http2Session, IsOverOnceItHasToldTheServerOfItsFault)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    EXPECT_FALSE(session.over());
    // Data on a stream that nobody opened: a fault of the whole connection.
    EXPECT_FALSE(session.receive(frame(0, 0, 99, "data")));
    EXPECT_THAT(session.take_output(), testing::Not(IsEmpty())) << "GOAWAY";
    EXPECT_EQ(session.over(), error_code(errc::bad_http2));
    EXPECT_FALSE(answer(id).has_ended) << "nobody ended it; the connection did";
}

TEST_F(Http2Session, EndsInAFloodOfPingsThatNobodyTakesTheAnswersOf)
{
    EXPECT_FALSE(exchange());
    const auto ping = frame(ping_type, 0, 0, "12345678");
    error_code error;
    int count = 0;
    while (!error && ++count < 100'000)
        error = session.receive(ping);
    EXPECT_EQ(error, errc::bad_http2);
    EXPECT_LT(session.take_output().size(), 100'000U);
    EXPECT_EQ(session.over(), error_code(errc::bad_http2));
}

TEST_F(Http2Session, EndsInAFloodOfSettingsThatNobodyTakesTheAnswersOf)
{
    EXPECT_FALSE(exchange());
    const auto settings = frame(settings_type, 0, 0, "");
    error_code error;
    int count = 0;
    while (!error && ++count < 100'000)
        error = session.receive(settings);
    EXPECT_EQ(error, errc::bad_http2);
}

TEST_F(Http2Session, KeepsNothingOfHeadsThatNeverEnd)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    // A head in one HEADERS frame and CONTINUATION frames without end, each a literal field (RFC 7541 §6.2.2).
    const auto field = "\x00\x01"s + "a" + "\x7f\x00"s + std::string(127, 'v');
    error_code error = session.receive(frame(headers_type, 0, static_cast<std::uint32_t>(id), "\x88" + field));
    for (int count = 0; count < 10'000 && !error && !session.over(); ++count) {
        error = session.receive(frame(9, 0, static_cast<std::uint32_t>(id), field));
        (void)session.take_output();
    }
    EXPECT_TRUE(error || session.over());
    std::size_t kept = 0;
    for (const auto& [name, value] : answer(id).fields)
        kept += name.size() + value.size();
    EXPECT_LE(kept, 16U * 1024);
}

TEST_F(Http2Session, RefusesPushedStreams)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    const auto payload = "\x00\x00\x00\x02\x82\x84\x87"s;
    (void)session.receive(frame(5, 4, static_cast<std::uint32_t>(id), payload));
    (void)session.take_output();
    EXPECT_EQ(session.over(), error_code(errc::bad_http2));
}

TEST_F(Http2Session, GivesTheSameForAnAnswerThatIsCutAtEveryByte)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.head(id, {{"content-type", "application/grpc"}});
    peer.data(id, "some bytes");
    peer.trailers(id, {{"grpc-status", "2"}, {"grpc-message", "no"}});
    const auto bytes = peer.take_output();
    for (const auto byte : bytes)
        EXPECT_FALSE(session.receive({&byte, 1}));
    EXPECT_EQ(answer(id).status, 200U);
    EXPECT_EQ(answer(id).body, "some bytes");
    EXPECT_EQ(answer(id).fields.size(), 3U);
    EXPECT_TRUE(answer(id).has_ended);
}

TEST_F(Http2Session, EndsNoAnswerBeforeItsLastByte)
{
    std::size_t length = 1;
    for (std::size_t cut = 0; cut < length; ++cut) {
        http2_session client;
        http2_peer server;
        const auto id = client.post("localhost", "/", {}, "q").value();
        ASSERT_TRUE(server.receive(client.take_output()));
        server.head(id);
        server.data(id, "some bytes");
        server.trailers(id, {{"grpc-status", "0"}});
        const auto bytes = server.take_output();
        length = bytes.size();
        ASSERT_FALSE(client.receive(std::string_view(bytes).substr(0, cut)));
        EXPECT_FALSE(client.find(id)->has_ended) << cut;
    }
    EXPECT_GT(length, 3 * frame_head_bytes);
}

TEST_F(Http2Session, AsksForNoMoreStreamsThanTheServerAllows)
{
    EXPECT_FALSE(exchange());
    for (int count = 0; count < 300; ++count)
        ask();
    EXPECT_FALSE(exchange());
    EXPECT_EQ(peer.requests.size(), http2_peer::most_streams);
    std::size_t answered = 0;
    while (answered < peer.requests.size()) {
        answered = peer.requests.size();
        for (const auto& [id, asked] : peer.requests)
            if (!session.find(id)->has_ended)
                peer.head_and_end(id, {});
        EXPECT_FALSE(exchange());
    }
    EXPECT_EQ(peer.requests.size(), 300U);
}

TEST_F(Http2Session, TakesARefusedStreamForOneThatTheServerGaveUp)
{
    const auto id = ask();
    EXPECT_FALSE(exchange());
    peer.reset(id, refused_stream);
    EXPECT_FALSE(exchange());
    EXPECT_EQ(answer(id).end, errc::stream_reset);
}

} // namespace
} // namespace proto_http
