// TLS as the client speaks it: contexts, handshakes, and exchanges with a real TLS server.
#include "proto_http/tls.hpp"

#include "proto_http/client.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/tls_expiry.hpp"
#include "proto_http/transport.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/tls_front.hpp"

#include <boost/asio/error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using support::answer;
using support::certificate_authority;
using support::scripted_server;
using support::tls_front;
namespace step = support::step;

constexpr auto soon = 30ms;
constexpr auto fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr auto stream_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const certificate_authority& ours()
{
    static const certificate_authority authority;
    return authority;
}

const support::certificate& servers()
{
    static const auto value = ours().issue({.common_name = "server", .names = {"IP:127.0.0.1", "DNS:localhost"}});
    return value;
}

own_certificate shown(const support::certificate& value)
{
    return {{"cert.pem", value.chain}, {"key.pem", value.key}};
}

error_code refused(int why)
{
    return {why, certificate_category()};
}

// --- Contexts ---

/// What is wrong with the settings; empty when nothing is.
std::string complaint(const tls_settings& settings)
{
    try {
        const tls_context context(settings);
        return {};
    } catch (const tls_error& error) {
        return error.what();
    }
}

tls_settings with_roots(const std::string& text)
{
    tls_settings settings;
    settings.roots = pem{"/certs/ca.pem", text};
    return settings;
}

TEST(TlsContext, TakesSeveralRootsAndTextAroundThem)
{
    EXPECT_EQ(complaint(with_roots("ours:\n" + ours().root() + "theirs:\n" + certificate_authority().root())), "");
}

TEST(TlsContext, NamesTheFileOfRootsThatCannotBeUsed)
{
    EXPECT_EQ(complaint(with_roots("")), "/certs/ca.pem: there is no certificate in it");
    EXPECT_EQ(complaint(with_roots("rubbish")), "/certs/ca.pem: there is no certificate in it");
    EXPECT_EQ(complaint(with_roots(servers().key)), "/certs/ca.pem: there is no certificate in it");
    const auto cut = ours().root().substr(0, ours().root().size() / 2);
    for (const auto& text : {cut, ours().root() + cut})
        EXPECT_THAT(complaint(with_roots(text)), AllOf(StartsWith("/certs/ca.pem: "), Not(HasSubstr("there is no"))));
}

TEST(TlsContext, NamesTheFileOfACertificateOrKeyThatCannotBeUsed)
{
    const auto why = [](std::string chain, std::string key) {
        tls_settings settings;
        settings.own = shown({std::move(chain), std::move(key)});
        return complaint(settings);
    };
    const auto other = ours().issue({});
    EXPECT_EQ(why(servers().chain, servers().key), "");
    EXPECT_EQ(why("", servers().key), "cert.pem: there is no certificate in it");
    EXPECT_EQ(why(servers().key, servers().key), "cert.pem: there is no certificate in it");
    EXPECT_EQ(why(servers().chain, ""), "key.pem: there is no private key in it");
    EXPECT_EQ(why(servers().chain, servers().chain), "key.pem: there is no private key in it");
    EXPECT_EQ(why(servers().chain, other.key), "key.pem: it is not the key of cert.pem");
    EXPECT_EQ(why(servers().chain, support::encrypted(servers().key)), "key.pem: the key is encrypted");
}

// --- Handshakes ---

struct fixture : ::testing::Test {
    asio::io_context io{1};
    scripted_server behind{io};
    tls_front::settings how{.own = servers()};
    tls_settings settings = with_roots(ours().root());
    client_limits limits;
    std::optional<tls_front> front;

    const tls_front& open_front()
    {
        if (!front)
            front.emplace(io, behind.address(), how);
        return *front;
    }

    origin server(const std::string& host = "127.0.0.1") { return {open_front().address(host), tls_context(settings)}; }

    client connect() { return client(io.get_executor(), server(), limits); }

    result<response> get(client& from) { return support::run(io, from.get("/tasks")); }

    result<response> get_once(origin from)
    {
        client once(io.get_executor(), std::move(from), limits);
        return get(once);
    }
};

using Tls = fixture;

TEST_F(Tls, SpeaksWithAServerThatTheRootsVouchFor)
{
    behind.play(answer(fine));
    const auto got = get_once(server());
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->body, "ok");
    EXPECT_EQ(front->asked_name(), "") << "an address is no name (RFC 6066 §3)";
}

TEST_F(Tls, AsksForTheHostByName)
{
    behind.play(answer(fine));
    const auto got = get_once(server("localhost"));
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(front->asked_name(), "localhost");
}

TEST_F(Tls, TrustsTheServersOwnCertificateWhereItIsGivenAsRoot)
{
    settings.roots = pem{"ca.pem", servers().chain};
    behind.play(answer(fine));
    const auto got = get_once(server());
    EXPECT_TRUE(got) << got.error();
    how.own = ours().issue({.names = {"IP:127.0.0.1"}});
    front.reset();
    EXPECT_TRUE(is_tls_failure(get_once(server()).error())) << "but no other one of the same authority";
}

TEST_F(Tls, SpeaksVersion12Too)
{
    how.newest_version = TLS1_2_VERSION;
    behind.play(answer(fine));
    EXPECT_TRUE(get_once(server()));
}

TEST_F(Tls, SpeaksNoOlderVersion)
{
    how.newest_version = TLS1_1_VERSION;
    const auto got = get_once(server());
    ASSERT_FALSE(got);
    EXPECT_EQ(front->handshakes(), 0U);
}

TEST_F(Tls, RefusesAServerOfAnotherAuthority)
{
    how.own = certificate_authority("another CA").issue({.names = {"IP:127.0.0.1"}});
    const auto got = get_once(server());
    EXPECT_EQ(got.error(), refused(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
    EXPECT_TRUE(is_tls_failure(got.error()));
    EXPECT_FALSE(is_tls_alert(got.error()));
    EXPECT_THAT(got.error().message(), AllOf(StartsWith("certificate verify failed: "), HasSubstr("issuer")));
}

TEST_F(Tls, RefusesASelfSignedServer)
{
    const certificate_authority itself("self");
    how.own = itself.issue({.names = {"IP:127.0.0.1"}});
    how.own.chain += itself.root();
    const auto got = get_once(server());
    EXPECT_EQ(got.error(), refused(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN));
    EXPECT_THAT(got.error().message(), HasSubstr("self-signed certificate"));
}

TEST_F(Tls, RefusesAnExpiredServer)
{
    how.own = ours().issue({.names = {"IP:127.0.0.1"}, .is_expired = true});
    const auto got = get_once(server());
    EXPECT_EQ(got.error().message(), "certificate verify failed: certificate has expired");
}

TEST_F(Tls, RefusesAServerOfAnotherNameOrAddress)
{
    how.own = ours().issue({.common_name = "localhost", .names = {"DNS:engine", "IP:127.0.0.2"}});
    EXPECT_EQ(get_once(server("localhost")).error(), refused(X509_V_ERR_HOSTNAME_MISMATCH)) << "a common name is none";
    EXPECT_EQ(get_once(server()).error().message(), "certificate verify failed: IP address mismatch");
    EXPECT_EQ(get_once(server("localhost")).error().message(), "certificate verify failed: hostname mismatch");
}

TEST_F(Tls, DoesNotTakeACommonNameForAName)
{
    how.own = ours().issue({.common_name = "localhost"});
    EXPECT_EQ(get_once(server("localhost")).error(), refused(X509_V_ERR_HOSTNAME_MISMATCH));
}

TEST_F(Tls, TrustsTheRootsOfTheSystemWhereNoneAreGiven)
{
    settings.roots.reset();
    EXPECT_EQ(get_once(server()).error(), refused(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
}

TEST_F(Tls, SpeaksWithAnybodyWhereNothingIsVerified)
{
    how.own = certificate_authority("another CA").issue({.is_expired = true});
    settings.verify = tls_settings::verification::none;
    behind.play(answer(fine));
    behind.play(answer(fine));
    for (const auto* host : {"127.0.0.1", "localhost"})
        EXPECT_TRUE(get_once(server(host)));
}

TEST_F(Tls, ShowsItsOwnCertificate)
{
    for (const auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        how.client_root = ours().root();
        how.newest_version = version;
        front.reset();
        settings.own = shown(ours().issue({.common_name = "client"}));
        behind.play(answer(fine));
        EXPECT_TRUE(get_once(server())) << version;
    }
}

TEST_F(Tls, F57_KnowsWhenItsOwnCertificateExpires)
{
    EXPECT_EQ(own_expires_at(tls_context(settings)), std::nullopt);
    const auto now = std::chrono::system_clock::now();
    settings.own = shown(ours().issue({}));
    EXPECT_GT(own_expires_at(tls_context(settings)).value(), now);
    settings.own = shown(ours().issue({.is_expired = true}));
    EXPECT_LT(own_expires_at(tls_context(settings)).value(), now);
}

TEST_F(Tls, SaysThatTheServerWantsACertificate)
{
    how.client_root = ours().root();
    const auto got = get_once(server());
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message(), HasSubstr("alert certificate required"));
    EXPECT_TRUE(is_tls_failure(got.error()));
    EXPECT_TRUE(is_tls_alert(got.error()));
    EXPECT_FALSE(is_tls_failure(asio::error::connection_reset));
}

TEST_F(Tls, SaysThatTheServerWantsACertificateInVersion12)
{
    how.client_root = ours().root();
    how.newest_version = TLS1_2_VERSION;
    const auto got = get_once(server());
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message(), HasSubstr("alert handshake failure"));
}

TEST_F(Tls, SaysThatTheServerDoesNotKnowItsAuthority)
{
    for (const auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        how.client_root = ours().root();
        how.newest_version = version;
        front.reset();
        settings.own = shown(certificate_authority("another CA").issue({}));
        const auto got = get_once(server());
        ASSERT_FALSE(got);
        EXPECT_THAT(got.error().message(), HasSubstr("alert unknown ca")) << version;
    }
}

TEST_F(Tls, OffersProtocols)
{
    how.protocol = "h2";
    settings.protocols = {"http/1.1", "h2"};
    transport connection(io.get_executor());
    ASSERT_TRUE(support::run(io, connection.open(server())));
    EXPECT_EQ(connection.protocol(), "h2");

    settings.protocols = {"http/1.1"};
    ASSERT_TRUE(support::run(io, connection.open(server())));
    EXPECT_EQ(connection.protocol(), "");
}

TEST_F(Tls, KnowsAServerThatSpeaksPlainHttp)
{
    scripted_server plain(io, scripted_server::kind::tcp);
    plain.play(support::script(step::send{"HTTP/1.1 400 Bad Request\r\n\r\n"}) + step::stay{});
    EXPECT_EQ(get_once({plain.address(), tls_context(settings)}).error(), errc::not_tls);
}

TEST_F(Tls, KnowsAServerThatLeavesDuringTheHandshake)
{
    scripted_server plain(io, scripted_server::kind::tcp);
    plain.play(step::wait_until{[] { return true; }});
    const auto got = get_once({plain.address(), tls_context(settings)});
    EXPECT_TRUE(got.error() == errc::handshake_cut || got.error() == asio::error::connection_reset) << got.error();
}

TEST_F(Tls, GivesUpAHandshakeThatHangs)
{
    scripted_server plain(io, scripted_server::kind::tcp);
    plain.play(step::stay{});
    limits.connect = soon;
    EXPECT_EQ(get_once({plain.address(), tls_context(settings)}).error(), asio::error::timed_out);
    EXPECT_TRUE(support::run_until(io, [&plain] { return plain.open_connections() == 0; }));
}

TEST_F(Tls, IsKnownToAClientThatSpeaksPlainHttp)
{
    EXPECT_EQ(get_once(open_front().address()).error(), errc::closed_early) << "OpenSSL only hangs up";
    for (const auto* bytes : {"\x15", "\x15\x03"}) {
        scripted_server plain(io, scripted_server::kind::tcp);
        plain.play(answer(bytes));
        EXPECT_EQ(get_once(plain.address()).error(), bytes[1] != 0 ? errc::unexpected_tls : errc::closed_early);
    }
}

// --- Exchanges ---

TEST_F(Tls, KeepsTheConnection)
{
    for (const auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        how.newest_version = version;
        front.reset();
        behind.play(answer(fine) + answer(fine) + answer(fine));
        auto from = connect();
        for (int request = 0; request < 3; ++request) {
            EXPECT_TRUE(get(from));
            // What TLS has to say besides (session tickets) may come whenever it likes.
            io.poll();
        }
        EXPECT_EQ(front->connections(), 1U);
    }
}

/// Whether the connection is not quiet any more, before long: what was sent to a socket arrives a little later.
bool becomes_unquiet(asio::io_context& io, transport& connection)
{
    const auto end = std::chrono::steady_clock::now() + support::patience;
    while (connection.is_quiet() && std::chrono::steady_clock::now() < end)
        io.run_one_for(1ms);
    return !connection.is_quiet();
}

TEST_F(Tls, IsQuietThoughSessionTicketsCame)
{
    behind.play(support::script(step::take_request{}) + step::send{"x"} + step::stay{});
    transport connection(io.get_executor());
    EXPECT_FALSE(connection.is_quiet());
    ASSERT_TRUE(support::run(io, connection.open(server())));
    // The server's side of the handshake ends after ours, with the tickets. Then its first byte, behind them, unreads
    // the connection; until then it is quiet, with and without tickets in the socket.
    ASSERT_TRUE(support::run_until(io, [this] { return front->handshakes() == 1; }));
    for (int look = 0; look < 10; ++look) {
        EXPECT_TRUE(connection.is_quiet());
        io.run_one_for(1ms);
    }
    const auto request = "GET / HTTP/1.1\r\n\r\n"s;
    const auto [error, sent] = support::run(io, connection.write(asio::buffer(request)));
    EXPECT_FALSE(error) << error;
    EXPECT_TRUE(becomes_unquiet(io, connection));
}

TEST_F(Tls, IsNotQuietOnceTheServerHasEndedOrSaidSomething)
{
    const auto unquieted = [this](support::script steps) {
        front.reset();
        behind.play(std::move(steps));
        transport connection(io.get_executor());
        EXPECT_TRUE(support::run(io, connection.open(server())));
        return becomes_unquiet(io, connection);
    };
    EXPECT_TRUE(unquieted(support::script(step::send{"HTTP/1.1 408 Request Timeout\r\n\r\n"}) + step::stay{}));
    const auto nothing = step::wait_until{[] { return true; }};
    EXPECT_TRUE(unquieted(nothing));
    how.end = tls_front::ending::cut;
    EXPECT_TRUE(unquieted(nothing));
}

TEST_F(Tls, OpensANewConnectionWhenTheOldOneWasClosed)
{
    for (const auto end : {tls_front::ending::announced, tls_front::ending::cut}) {
        how.end = end;
        front.reset();
        behind.play(answer(fine));
        behind.play(answer(fine));
        auto from = connect();
        EXPECT_TRUE(get(from));
        ASSERT_TRUE(support::run_until(io, [this] { return front->ended() == 1; }));
        EXPECT_TRUE(get(from));
        EXPECT_EQ(front->connections(), 2U);
    }
}

TEST_F(Tls, SendsARequestOnceMoreWhenAKeptConnectionIsClosedMeanwhile)
{
    for (const auto end : {tls_front::ending::announced, tls_front::ending::cut}) {
        how.end = end;
        front.reset();
        behind.play(answer(fine) + answer(""));
        behind.play(answer(fine));
        auto from = connect();
        EXPECT_TRUE(get(from));
        const auto got = get(from);
        EXPECT_TRUE(got) << got.error();
        EXPECT_EQ(front->connections(), 2U);
    }
}

TEST_F(Tls, KnowsABodyThatIsCutOff)
{
    for (const auto end : {tls_front::ending::announced, tls_front::ending::cut}) {
        how.end = end;
        front.reset();
        for (const auto* bytes : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
            behind.play(answer(bytes));
            EXPECT_EQ(get_once(server()).error(), errc::closed_early) << bytes;
        }
    }
}

TEST_F(Tls, TakesOnlyAnAnnouncedEndForTheEndOfABodyWithoutLength)
{
    const auto* bytes = "HTTP/1.0 200 OK\r\n\r\nall of it";
    behind.play(answer(bytes));
    const auto whole = get_once(server());
    ASSERT_TRUE(whole) << whole.error();
    EXPECT_EQ(whole->body, "all of it");

    how.end = tls_front::ending::cut;
    front.reset();
    behind.play(answer(bytes));
    EXPECT_EQ(get_once(server()).error(), errc::closed_early);
}

TEST_F(Tls, ReadsALargeBodyWhole)
{
    const std::string large(5'000'000, 'x');
    behind.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + large));
    const auto got = get_once(server());
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->body, large);
}

TEST_F(Tls, GivesUpOnABodyThatDoesNotProgress)
{
    limits.progress = soon;
    behind.play(answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning") + step::stay{});
    behind.play(answer(fine));
    auto from = connect();
    EXPECT_EQ(get(from).error(), asio::error::timed_out);
    EXPECT_TRUE(get(from));
}

TEST_F(Tls, CarriesAStreamPieceByPiece)
{
    int wanted = 0;
    behind.play(answer(stream_head) + step::wait_until{[&wanted] { return wanted > 0; }} + step::send{"2\r\na\n\r\n"} +
                step::wait_until{[&wanted] { return wanted > 1; }} + step::send{"2\r\nb\n\r\n"} + step::stay{});
    auto stream = support::run(io, response_stream::open(io.get_executor(), server(), "/events"));
    ASSERT_TRUE(stream) << stream.error();
    for (const auto* piece : {"a\n", "b\n"}) {
        ++wanted;
        const auto got = support::run(io, stream->read());
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(*got, piece);
    }
    support::running reading(io, stream->read());
    io.poll();
    reading.cancel();
    EXPECT_EQ(reading.get().error(), asio::error::operation_aborted);
    EXPECT_TRUE(support::run_until(io, [this] { return behind.open_connections() == 0; }));
}

TEST_F(Tls, TellsABreakOfAStreamFromItsEnd)
{
    for (const auto end : {tls_front::ending::announced, tls_front::ending::cut}) {
        how.end = end;
        front.reset();
        behind.play(answer(stream_head + "2\r\na\n\r\n0\r\n\r\n"s));
        behind.play(answer(stream_head + "2\r\na\n\r\n"s));
        for (const bool is_whole : {true, false}) {
            auto stream = support::run(io, response_stream::open(io.get_executor(), server(), "/events"));
            ASSERT_TRUE(stream) << stream.error();
            EXPECT_EQ(*support::run(io, stream->read()), "a\n");
            const auto rest = support::run(io, stream->read());
            EXPECT_TRUE(is_whole ? rest && rest->empty() : rest.error() == errc::closed_early);
        }
    }
}

TEST_F(Tls, CanBeCancelledAtAnyMoment)
{
    const origin where = server();
    bool is_whole = false;
    for (int handlers = 0; !is_whole; ++handlers) {
        behind.play(answer(fine));
        client from(io.get_executor(), where, limits);
        support::running work(io, from.get("/"));
        support::run_handlers(io, handlers, [&work] { return work.is_done(); });
        is_whole = work.is_done();
        work.cancel();
        const auto got = work.get();
        EXPECT_TRUE(got || (!is_whole && got.error() == asio::error::operation_aborted)) << got.error();
    }
}

TEST_F(Tls, EndsAHandshakeWhenCancelled)
{
    scripted_server plain(io, scripted_server::kind::tcp);
    plain.play(step::stay{});
    client from(io.get_executor(), {plain.address(), tls_context(settings)}, limits);
    support::running request(io, from.get("/"));
    ASSERT_TRUE(support::run_until(io, [&plain] { return plain.open_connections() == 1; }));
    EXPECT_FALSE(request.is_done());
    request.cancel();
    EXPECT_EQ(request.get().error(), asio::error::operation_aborted);
    EXPECT_TRUE(support::run_until(io, [&plain] { return plain.open_connections() == 0; }));
}

// --- Names ---

TEST_F(Tls, IsSeenInTheLog)
{
    EXPECT_THAT(to_string(server("localhost")), StartsWith("https://localhost:"));
    EXPECT_EQ(to_string(origin(tcp_address{"h", 1})), "tcp://h:1");
    EXPECT_EQ(to_string(origin(unix_address{"/s"})), "unix:///s");
    EXPECT_EQ(to_string(origin(unix_address{"/s"}, tls_context(settings))), "unix:///s");
}

} // namespace
} // namespace proto_http
