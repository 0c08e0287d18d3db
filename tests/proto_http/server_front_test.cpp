// What stands before a server's pages: TLS, who may ask, and header fields of every answer.
#include "proto_http/server.hpp"

#include "proto_http/client.hpp"
#include "proto_http/errc.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using client_certificate = tls_server_settings::client_certificate;
using support::certificate_authority;

const certificate_authority& ours()
{
    static const certificate_authority authority("ours");
    return authority;
}

const certificate_authority& theirs()
{
    static const certificate_authority authority("theirs");
    return authority;
}

own_certificate shown(const support::certificate& value)
{
    return {{"cert.pem", value.chain}, {"key.pem", value.key}};
}

tls_server_settings usual()
{
    static const auto issued = ours().issue({.common_name = "server", .names = {"IP:127.0.0.1"}});
    tls_server_settings settings;
    settings.own = shown(issued);
    return settings;
}

tls_settings trusting()
{
    tls_settings settings;
    settings.roots = pem{"root.pem", ours().root()};
    return settings;
}

/// One that shows a certificate.
tls_settings showing(const certificate_authority& by, std::vector<std::string> names = {"DNS:prometheus"})
{
    auto settings = trusting();
    settings.own = shown(by.issue({.common_name = "client", .names = std::move(names)}));
    return settings;
}

asio::awaitable<reply> echo(request asked)
{
    reply answer;
    answer.body = std::string(asked.query_value("text"));
    co_return answer;
}

asio::awaitable<reply> much(request)
{
    reply answer;
    answer.body.assign(3'000'000, 'm');
    co_return answer;
}

asio::awaitable<void> count_to_three(piece_sender send)
{
    for (const auto* piece : {"one ", "two ", "three"})
        if (std::string text = piece; !co_await send(std::move(text)))
            co_return;
}

asio::awaitable<reply> streamed(request)
{
    reply answer;
    answer.stream = count_to_three;
    co_return answer;
}

class ServerFront : public ::testing::Test {
protected:
    void start(server_front front)
    {
        serving_.emplace(router({{"echo", "GET", "/echo", echo}, {"much", "GET", "/much", much},
                                 {"streamed", "GET", "/streamed", streamed}}),
                         server_limits{}, nullptr, nullptr, std::move(front));
        auto on = listener::bind(io_.get_executor(), "127.0.0.1:0").value();
        where_ = tcp_address{"127.0.0.1", on.port()};
        service_.emplace(io_, serving_->serve(std::move(on)));
    }

    void start_tls(const tls_server_settings& settings)
    {
        start({.tls = [context = tls_context(settings)] { return context; }});
    }

    result<response> get(const std::string& target, const tls_settings& how)
    {
        client asking(io_.get_executor(), origin(where_, tls_context(how)));
        return support::run(io_, asking.get(target));
    }

    std::string status_and_body(const result<response>& got)
    {
        return got ? std::to_string(got->head.status) + " " + got->body : got.error().message();
    }

    std::string exchange(std::string bytes)
    {
        support::raw_client peer(io_);
        return support::run(io_, peer.exchange(where_, std::move(bytes)));
    }

    asio::io_context io_{1};
    std::optional<server> serving_;
    std::optional<support::running<void>> service_;
    address where_;
};

// --- TLS ---

TEST_F(ServerFront, SpeaksTls)
{
    start_tls(usual());
    EXPECT_EQ(status_and_body(get("/echo?text=hello", trusting())), "200 hello");
}

TEST_F(ServerFront, AnswersSeveralRequestsOfOneTlsConnection)
{
    start_tls(usual());
    client asking(io_.get_executor(), origin(where_, tls_context(trusting())));
    for (const auto* text : {"a", "b", "c"})
        EXPECT_EQ(support::run(io_, asking.get(std::string("/echo?text=") + text)).value().body, text);
    EXPECT_EQ(serving_->counts().accepted, 1U);
}

TEST_F(ServerFront, SendsMuchAndStreamsOverTls)
{
    start_tls(usual());
    EXPECT_EQ(get("/much", trusting()).value().body.size(), 3'000'000U);
    EXPECT_EQ(status_and_body(get("/streamed", trusting())), "200 one two three");
}

TEST_F(ServerFront, TellsAClientWithoutTlsWhatIsWrong)
{
    start_tls(usual());
    const auto received = exchange("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_THAT(received, AllOf(StartsWith("HTTP/1.1 400 "), EndsWith("an HTTP request to an HTTPS server.\n")));
    EXPECT_EQ(exchange("nonsense that is long enough for a record\r\n\r\n").find("HTTP/1.1 200"), std::string::npos);
    EXPECT_EQ(status_and_body(get("/echo?text=on", trusting())), "200 on") << "others are answered";
}

TEST_F(ServerFront, DoesNotWaitForeverForAHandshake)
{
    start_tls(usual());
    support::raw_client silent(io_);
    support::run(io_, silent.connect(where_));
    EXPECT_TRUE(support::run_until(io_, [this] { return serving_->connections() == 1; }));
    service_->cancel();
    service_->get();
    EXPECT_EQ(serving_->connections(), 0U);
}

TEST_F(ServerFront, ShowsTheCertificateThatIsCurrent)
{
    auto settings = usual();
    start({.tls = [&settings] { return tls_context(settings); }});
    EXPECT_TRUE(get("/echo", trusting()).has_value());
    settings.own = shown(theirs().issue({.common_name = "server", .names = {"IP:127.0.0.1"}}));
    EXPECT_FALSE(get("/echo", trusting()).has_value());
    settings = usual();
    EXPECT_TRUE(get("/echo", trusting()).has_value());
}

struct client_case {
    const char* name;
    client_certificate wanted;
    std::vector<std::string> allowed;
    tls_settings client;
    bool is_answered;
};

class ServerFrontClients : public ServerFront, public ::testing::WithParamInterface<client_case> {};

TEST_P(ServerFrontClients, AreLetInAsTheCertificateSays)
{
    auto settings = usual();
    settings.clients = GetParam().wanted;
    settings.client_names = GetParam().allowed;
    settings.client_roots = pem{"clients.pem", ours().root()};
    start_tls(settings);
    const auto got = get("/echo?text=in", GetParam().client);
    EXPECT_EQ(got.has_value(), GetParam().is_answered) << status_and_body(got);
    if (!got) {
        EXPECT_TRUE(is_tls_alert(got.error())) << got.error().message();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ServerFrontClients,
    ::testing::Values(
        client_case{"NoneWanted", client_certificate::none, {}, trusting(), true},
        client_case{"RequestedAndForeign", client_certificate::requested, {}, showing(theirs()), true},
        client_case{"AnyAndForeign", client_certificate::any, {}, showing(theirs()), true},
        client_case{"AnyAndMissing", client_certificate::any, {}, trusting(), false},
        client_case{"IfShownAndMissing", client_certificate::verified_if_shown, {}, trusting(), true},
        client_case{"IfShownAndForeign", client_certificate::verified_if_shown, {}, showing(theirs()), false},
        client_case{"VerifiedAndGood", client_certificate::verified, {}, showing(ours()), true},
        client_case{"VerifiedAndForeign", client_certificate::verified, {}, showing(theirs()), false},
        client_case{"VerifiedAndMissing", client_certificate::verified, {}, trusting(), false},
        client_case{"NamedSo", client_certificate::verified, {"prometheus"}, showing(ours()), true},
        client_case{"NamedOtherwise", client_certificate::verified, {"prometheus"}, showing(ours(), {"DNS:prometheus2"}), false},
        client_case{"NamedByAddress", client_certificate::verified, {"10.0.0.7"}, showing(ours(), {"IP:10.0.0.7"}), true},
        client_case{"NamedByLongAddress", client_certificate::verified, {"2001:db8::1"}, showing(ours(), {"IP:2001:db8::1"}), true},
        client_case{"NamedByMail", client_certificate::verified, {"a@b.test"}, showing(ours(), {"email:a@b.test"}), true},
        client_case{"WithoutNames", client_certificate::verified, {"prometheus"}, showing(ours(), {}), false}),
    [](const auto& param) { return param.param.name; });

TEST_F(ServerFront, SpeaksNoOlderVersionThanItMay)
{
    auto settings = usual();
    settings.oldest = tls_server_settings::version::tls13;
    settings.newest = tls_server_settings::version::tls13;
    start_tls(settings);
    EXPECT_TRUE(get("/echo", trusting()).has_value());
    settings.oldest = tls_server_settings::version::tls12;
    settings.newest = tls_server_settings::version::tls12;
    settings.ciphers = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
    settings.groups = {"P-256"};
    start_tls(settings);
    EXPECT_TRUE(get("/echo", trusting()).has_value());
}

TEST(TlsServerSettings, ThatCannotBeUsedAreNamed)
{
    const auto trouble = [](auto change) {
        auto settings = usual();
        change(settings);
        try {
            const tls_context context(settings);
        } catch (const tls_error& error) {
            return std::string(error.what());
        }
        return std::string("fine");
    };
    EXPECT_EQ(trouble([](auto& s) { s.ciphers = {"TLS_NO_SUCH"}; }), "cipher suite \"TLS_NO_SUCH\" is unknown");
    EXPECT_EQ(trouble([](auto& s) { s.groups = {"P-7"}; }), "a curve is unknown: P-7");
    EXPECT_EQ(trouble([](auto& s) { s.own.key.text = "x"; }), "key.pem: there is no private key in it");
    EXPECT_THAT(trouble([](auto& s) { s.own.key = shown(theirs().issue({})).key; }), StartsWith("key.pem: it is not the key of"));
    EXPECT_EQ(trouble([](auto& s) {
                  s.clients = client_certificate::verified;
                  s.client_roots = pem{"clients.pem", ""};
              }),
              "clients.pem: there is no certificate in it");
}

// --- Who may ask ---

TEST_F(ServerFront, AnswersOnlyWhoIsAdmitted)
{
    start({.admit = [](std::string said) -> asio::awaitable<std::optional<reply>> {
        if (said == "Basic right")
            co_return std::nullopt;
        reply refusal;
        refusal.status = 401;
        refusal.fields.emplace_back("WWW-Authenticate", "Basic");
        co_return refusal;
    }});
    const auto ask = [this](const std::string& target, const std::string& field) {
        return exchange("GET " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + field + "\r\n");
    };
    EXPECT_THAT(ask("/echo?text=in", "authorization: Basic right\r\n"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(ask("/echo?text=in", ""), AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("\r\nWWW-Authenticate: Basic\r\n")));
    EXPECT_THAT(ask("/nothing", "Authorization: Basic wrong\r\n"), StartsWith("HTTP/1.1 401 ")) << "what there is is no news";
}

TEST_F(ServerFront, GivesEveryAnswerItsFields)
{
    start({.fields = [] { return field_list{{"X-Frame-Options", "deny"}}; }});
    for (const auto* target : {"/echo", "/nothing", "/streamed"})
        EXPECT_THAT(exchange(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                    HasSubstr("\r\nX-Frame-Options: deny\r\n"));
}

} // namespace
} // namespace proto_http
