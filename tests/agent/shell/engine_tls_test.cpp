#include "agent/shell/engine_tls.hpp"

#include "tests/support/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace agent::shell {
namespace {

using proto_http::tls_settings;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using variables = std::map<std::string, std::string, std::less<>>;
using files = std::map<std::filesystem::path, std::string>;

environment as_environment(const variables& set)
{
    return [&set](std::string_view name) {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    };
}

file_reader as_reader(const files& known)
{
    return [&known](const std::filesystem::path& path) {
        const auto found = known.find(path);
        if (found == known.end())
            throw std::system_error(ENOENT, std::generic_category());
        if (found->second == "unreadable")
            throw std::system_error(EACCES, std::generic_category());
        return found->second;
    };
}

tls_settings read(const variables& set, const files& known)
{
    return engine_tls(as_environment(set), as_reader(known));
}

/// What is wrong; empty when nothing is.
std::string complaint(const variables& set, const files& known)
{
    try {
        read(set, known);
        return {};
    } catch (const proto_http::tls_error& error) {
        return error.what();
    }
}

const files all{{"/certs/ca.pem", "ca"}, {"/certs/cert.pem", "cert"}, {"/certs/key.pem", "key"}};

tls_settings expected(tls_settings::verification verify, const std::string& directory, bool has_roots = true)
{
    tls_settings settings;
    settings.verify = verify;
    if (has_roots)
        settings.roots = proto_http::pem{directory + "/ca.pem", "ca"};
    settings.own = proto_http::own_certificate{{directory + "/cert.pem", "cert"}, {directory + "/key.pem", "key"}};
    return settings;
}

TEST(EngineTls, IsWhatTcpMeansWhereAVariableSaysSo)
{
    const auto meant = [](const variables& set) { return security_of_tcp(as_environment(set)); };
    EXPECT_EQ(meant({}), docker::security::plain);
    EXPECT_EQ(meant({{"DOCKER_TLS_VERIFY", ""}, {"DOCKER_CERT_PATH", "/certs"}}), docker::security::plain);
    EXPECT_EQ(meant({{"DOCKER_TLS_VERIFY", "1"}}), docker::security::tls);
    EXPECT_EQ(meant({{"DOCKER_TLS_VERIFY", "0"}}), docker::security::tls) << "as for the docker command line";
    EXPECT_EQ(meant({{"DOCKER_TLS", "1"}}), docker::security::tls);
}

TEST(EngineTls, VerifiesAgainstTheFilesOfTheCertPath)
{
    EXPECT_EQ(read({{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs"}}, all),
              expected(tls_settings::verification::server, "/certs"));
    EXPECT_EQ(read({{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_TLS", "1"}, {"DOCKER_CERT_PATH", "/certs"}}, all),
              expected(tls_settings::verification::server, "/certs"));
}

TEST(EngineTls, LooksWhereDockerKeepsItsConfiguration)
{
    const files at_home{
        {"/home/u/.docker/ca.pem", "ca"}, {"/home/u/.docker/cert.pem", "cert"}, {"/home/u/.docker/key.pem", "key"}};
    EXPECT_EQ(read({{"DOCKER_TLS_VERIFY", "1"}, {"HOME", "/home/u"}}, at_home),
              expected(tls_settings::verification::server, "/home/u/.docker"));
    EXPECT_EQ(read({{"DOCKER_TLS_VERIFY", "1"}, {"HOME", "/home/u"}, {"DOCKER_CONFIG", "/certs"}}, all),
              expected(tls_settings::verification::server, "/certs"));
    EXPECT_THAT(complaint({{"DOCKER_TLS_VERIFY", "1"}}, {}), HasSubstr("HOME"));
}

TEST(EngineTls, TrustsAnybodyOnlyWhereTold)
{
    EXPECT_EQ(read({{"DOCKER_TLS", "1"}, {"DOCKER_CERT_PATH", "/certs"}}, all),
              expected(tls_settings::verification::none, "/certs", false));
    EXPECT_EQ(read({{"DOCKER_TLS", "1"}, {"HOME", "/home/u"}}, {}).verify, tls_settings::verification::none);
}

TEST(EngineTls, OfAnHttpsHostAloneTrustsTheSystem)
{
    EXPECT_EQ(read({{"HOME", "/home/u"}}, all), tls_settings{});
    EXPECT_EQ(read({{"DOCKER_CERT_PATH", "/certs"}}, all), expected(tls_settings::verification::server, "/certs"))
        << "verified all the same";
    const files own{{"/certs/cert.pem", "cert"}, {"/certs/key.pem", "key"}};
    EXPECT_EQ(read({{"DOCKER_CERT_PATH", "/certs"}}, own),
              expected(tls_settings::verification::server, "/certs", false));
}

TEST(EngineTls, NeedsNoCertificateOfItsOwn)
{
    EXPECT_EQ(read({{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs"}}, {{"/certs/ca.pem", "ca"}}).own,
              std::nullopt);
}

TEST(EngineTls, NamesTheFileThatIsMissingOrCannotBeRead)
{
    const variables verify{{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs"}};
    const auto without = [](const char* name) {
        auto some = all;
        some.erase(std::filesystem::path("/certs") / name);
        return some;
    };
    const auto unreadable = [](const char* name) {
        auto some = all;
        some[std::filesystem::path("/certs") / name] = "unreadable";
        return some;
    };
    EXPECT_EQ(complaint(verify, {}), "/certs/ca.pem: No such file or directory");
    EXPECT_EQ(complaint(verify, without("ca.pem")), "/certs/ca.pem: No such file or directory");
    EXPECT_EQ(complaint(verify, without("cert.pem")), "/certs/cert.pem: not there, but key.pem is");
    EXPECT_EQ(complaint(verify, without("key.pem")), "/certs/key.pem: not there, but cert.pem is");
    for (const auto* name : {"ca.pem", "cert.pem", "key.pem"})
        EXPECT_EQ(complaint(verify, unreadable(name)), std::string("/certs/") + name + ": Permission denied");
    EXPECT_EQ(complaint({{"DOCKER_CERT_PATH", "/cert"}}, all), "/cert: no ca.pem, no cert.pem and no key.pem is there");
    EXPECT_THAT(complaint({{"DOCKER_TLS", "1"}, {"DOCKER_CERT_PATH", "/cert"}}, all), StartsWith("/cert: "));
}

// --- As options ---

std::variant<options, early_exit> parse(const std::vector<std::string>& arguments, const variables& set,
                                        const files& known)
{
    return parse_options(arguments, as_environment(set), as_reader(known));
}

struct fixture : ::testing::Test {
    support::certificate_authority authority;
    support::certificate own = authority.issue({});
    files known{{"/certs/ca.pem", authority.root()}, {"/certs/cert.pem", own.chain}, {"/certs/key.pem", own.key}};
    variables set{{"DOCKER_HOST", "tcp://engine"}, {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs"}};

    proto_http::origin engine(const std::vector<std::string>& arguments = {})
    {
        auto read = parse(arguments, set, known);
        if (const auto* end = std::get_if<early_exit>(&read))
            ADD_FAILURE() << end->text;
        return std::get<options>(read).engine;
    }

    std::string error()
    {
        const auto read = parse({}, set, known);
        const auto* end = std::get_if<early_exit>(&read);
        EXPECT_EQ(end ? end->code : 0, 2);
        EXPECT_THAT(end ? end->text : "", Not(HasSubstr("\n")));
        return end ? end->text : "";
    }
};

using OptionsWithTls = fixture;

TEST_F(OptionsWithTls, MakeTheEngineOneOverTls)
{
    EXPECT_EQ(to_string(engine()), "https://engine:2376");
    ASSERT_TRUE(engine().tls);
    EXPECT_TRUE(engine().tls->verifies());
    EXPECT_TRUE(engine().tls->has_own());
    EXPECT_EQ(to_string(engine({"--docker.host=https://other:1"})), "https://other:1");
    EXPECT_EQ(engine({"--docker.host=unix:///s"}).tls, std::nullopt) << "and no file is looked at";
}

TEST_F(OptionsWithTls, NameTheFileThatCannotBeUsed)
{
    known["/certs/key.pem"] = authority.issue({}).key;
    EXPECT_EQ(error(), "DOCKER_CERT_PATH: /certs/key.pem: it is not the key of /certs/cert.pem");
    known["/certs/ca.pem"] = "rubbish";
    EXPECT_EQ(error(), "DOCKER_CERT_PATH: /certs/ca.pem: there is no certificate in it");
    known.clear();
    EXPECT_EQ(error(), "DOCKER_CERT_PATH: /certs/ca.pem: No such file or directory");
    set["DOCKER_HOST"] = "http://engine";
    EXPECT_THAT(error(), StartsWith("--docker.host: \"http://engine\": this is plain HTTP"));
}

TEST_F(OptionsWithTls, NeedNoFilesWhereNoEngineIsAsked)
{
    known.clear();
    EXPECT_EQ(to_string(engine({"health"})), "tcp://engine:2376");
    EXPECT_EQ(engine({"check", "f.json"}).tls, std::nullopt);
}

} // namespace
} // namespace agent::shell
