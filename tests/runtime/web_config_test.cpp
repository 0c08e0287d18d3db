// Web configuration files, good and bad, as exporter-toolkit reads them.
#include "runtime/web_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using client_certificate = proto_http::tls_server_settings::client_certificate;
using tls_version = proto_http::tls_server_settings::version;

const std::string hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

web_config parsed(const std::string& text)
{
    return parse_web_config(text, "/etc/web/config.yml");
}

/// What is said of a file that cannot be used.
std::string trouble(const std::string& text)
{
    try {
        (void)parsed(text);
    } catch (const web_config_error& error) {
        return error.what();
    }
    return "fine";
}

TEST(WebConfig, MayBeEmpty)
{
    for (const auto* text : {"", "\n# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\n",
                             "tls_server_config: {}", "tls_server_config: {cert_file: '', key_file: ''}"}) {
        const auto found = parsed(text);
        EXPECT_EQ(found.tls, std::nullopt) << text;
        EXPECT_THAT(found.users, IsEmpty());
        EXPECT_THAT(found.fields, IsEmpty());
    }
}

TEST(WebConfig, NamesTheCertificateRelativeToItself)
{
    const auto found = parsed("tls_server_config: {cert_file: server.crt, key_file: /run/secrets/key}");
    ASSERT_TRUE(found.tls);
    EXPECT_EQ(found.tls->chain.file, "/etc/web/server.crt");
    EXPECT_EQ(found.tls->key.file, "/run/secrets/key");
    EXPECT_EQ(found.tls->client_roots, std::nullopt);
    EXPECT_EQ(found.tls->settings, proto_http::tls_server_settings{});
}

TEST(WebConfig, SaysAllOfTheDocumentation)
{
    const auto found = parsed(R"(
tls_server_config:
  cert: |
    -----BEGIN CERTIFICATE-----
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus, 10.0.0.1]
  min_version: TLS13
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=1
    X-XSS-Protection: ''
basic_auth_users:
  alice: )" + hash + "\n");
    ASSERT_TRUE(found.tls);
    const auto& settings = found.tls->settings;
    EXPECT_EQ(found.tls->chain.text, "-----BEGIN CERTIFICATE-----\n");
    EXPECT_EQ(found.tls->client_roots->file, "/etc/web/ca.pem");
    EXPECT_EQ(settings.clients, client_certificate::verified);
    EXPECT_THAT(settings.client_names, ElementsAre("prometheus", "10.0.0.1"));
    EXPECT_EQ(settings.oldest, tls_version::tls13);
    EXPECT_THAT(settings.ciphers, ElementsAre("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    EXPECT_THAT(settings.groups, ElementsAre("P-256", "X25519"));
    EXPECT_FALSE(settings.prefers_own_ciphers);
    EXPECT_THAT(found.users, ElementsAre(Pair("alice", hash)));
    EXPECT_THAT(found.fields,
                ElementsAre(Pair("X-Frame-Options", "deny"), Pair("Strict-Transport-Security", "max-age=1")));
}

struct bad_config {
    std::string text;
    std::string said;
};

class BadWebConfig : public ::testing::TestWithParam<bad_config> {};

TEST_P(BadWebConfig, SaysWhereAndWhy)
{
    EXPECT_EQ(trouble(GetParam().text), "/etc/web/config.yml: " + GetParam().said) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadWebConfig,
    ::testing::Values(
        bad_config{"[1]", "line 1: : expected settings"}, bad_config{"a: [", "line 1: end of sequence flow not found"},
        bad_config{"\nbasic_auth: {}", "line 2: basic_auth: there is no such setting"},
        bad_config{"tls_server_config:\n  cert: a\n  key: b\n  cart: c",
                   "line 4: tls_server_config.cart: there is no such setting"},
        bad_config{"tls_server_config: {key_file: k}", "line 1: tls_server_config: cert_file is missing"},
        bad_config{"tls_server_config: {cert_file: c}", "line 1: tls_server_config: key_file is missing"},
        bad_config{"tls_server_config: {cert_file: c, cert: d}",
                   "line 1: tls_server_config.cert: given twice, as a file and as text"},
        bad_config{"tls_server_config: {cert_file: [c]}", "line 1: tls_server_config.cert_file: expected one value"},
        bad_config{"tls_server_config: {min_version: TLS10}",
                   "line 1: tls_server_config.min_version: \"TLS10\" is unknown, expected one of: TLS12, TLS13"},
        bad_config{"tls_server_config: {cert: c, key: k, min_version: TLS13, max_version: TLS12}",
                   "line 1: tls_server_config: min_version is newer than max_version"},
        bad_config{"tls_server_config: {cert: c, key: k, client_ca: r}",
                   "line 1: tls_server_config: client_ca_file is there, but client_auth_type asks for no certificate"},
        bad_config{"tls_server_config: {cert: c, key: k, client_allowed_sans: [r]}",
                   "line 1: tls_server_config: client_allowed_sans is there, but client_auth_type asks for no certificate"},
        bad_config{"tls_server_config: {client_auth_type: Always}",
                   "line 1: tls_server_config.client_auth_type: \"Always\" is unknown, expected one of: NoClientCert, "
                   "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert"},
        bad_config{"tls_server_config: {curve_preferences: [P1]}",
                   "line 1: tls_server_config.curve_preferences: \"P1\" is unknown, expected one of: CurveP256, CurveP384, "
                   "CurveP521, X25519"},
        bad_config{"tls_server_config: {cipher_suites: ['ALL:@SECLEVEL=0']}",
                   "line 1: tls_server_config.cipher_suites: \"ALL:@SECLEVEL=0\" is no name of a cipher suite, such as "
                   "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        bad_config{"tls_server_config: {prefer_server_cipher_suites: 7}",
                   "line 1: tls_server_config.prefer_server_cipher_suites: expected true or false"},
        bad_config{"basic_auth_users: [a]",
                   "line 1: basic_auth_users: expected users, each with the bcrypt hash of a password"},
        bad_config{"basic_auth_users:\n  a: secret",
                   "line 2: basic_auth_users.a: not a bcrypt hash; `htpasswd -nBC 10 USER` makes one"},
        bad_config{"basic_auth_users: {'a:b': " + hash + "}", "line 1: basic_auth_users.a:b: no user has a colon (RFC 7617)"},
        bad_config{"http_server_config: {headers: {Server: x}}",
                   "line 1: http_server_config.headers.Server: there is no such setting"},
        bad_config{"http_server_config: {headers: {X-Frame-Options: \"a\\r\\nb\"}}",
                   "line 1: http_server_config.headers.X-Frame-Options: a header field is one line"},
        bad_config{"\"a\\nb\": 1", "line 1: a?b: there is no such setting"},
        bad_config{"rate_limit: {burst: 1}", "line 1: rate_limit: not supported here"}));

} // namespace
} // namespace runtime
