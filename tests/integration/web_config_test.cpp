// Both programs behind `--web.config.file`, asked by curl, by Prometheus and by their own `health`.
#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/local_prometheus.hpp"
#include "tests/integration/process.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

/// Hashes of "right" and of "other", at the least cost there is.
constexpr auto hash_of_right = "$2y$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC";
constexpr auto hash_of_other = "$2y$04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu";

class WebConfig : public ::testing::TestWithParam<bool> {
protected:
    WebConfig()
    {
        const auto server = authority_.issue({.names = {"IP:127.0.0.1"}});
        const auto client = authority_.issue({.names = {"DNS:prometheus"}});
        write("root.pem", authority_.root());
        write("server.pem", server.chain);
        write("server.key", server.key);
        write("client.pem", client.chain);
        write("client.key", client.key);
    }

    void write(const std::string& name, const std::string& text) { support::write_file(path(name), text); }
    [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

    void configure(const std::string& client_auth, const std::string& users)
    {
        write("web.yml", "tls_server_config: {cert_file: server.pem, key_file: server.key" + client_auth + "}\n" +
                             "basic_auth_users: {" + users + "}\n");
    }

    /// The words that are needed for a program that has a `--web.config.file`.
    [[nodiscard]] arguments command(const arguments& more = {}) const
    {
        arguments words = GetParam() ? arguments{AGENT_BINARY, "--docker.host=unix://" + path("no.sock"),
                                                 "--docker.task-watch=off", "--output=endpoints=" + path("sd.json")}
                                     : arguments{ACCOUNTSERVICE_BINARY, "--db.file=" + path("accounts.db")};
        words.insert(words.end(), more.begin(), more.end());
        words.push_back("--web.listen-address=127.0.0.1:" + std::to_string(port_));
        words.push_back("--web.config.file=" + path("web.yml"));
        return words;
    }

    [[nodiscard]] std::string status(const arguments& more, const std::string& scheme = "https") const
    {
        arguments words{"curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--cacert", path("root.pem")};
        words.insert(words.end(), more.begin(), more.end());
        words.push_back(scheme + "://127.0.0.1:" + std::to_string(port_) + "/metrics");
        return run(words).out;
    }

    [[nodiscard]] int health() const { return run(command({"health"})).exit_code; }

    const support::temporary_directory directory_;
    const support::certificate_authority authority_;
    const std::uint16_t port_ = free_port();
};

TEST_P(WebConfig, ProtectsThePages)
{
    configure("", std::string("user: ") + hash_of_right);
    const child_process program(command(), path("log"));
    ASSERT_TRUE(eventually([this] { return status({"--user", "user:right"}) == "200"; })) << support::contents_of(path("log"));
    EXPECT_EQ(status({}), "401");
    EXPECT_EQ(status({"--user", "user:wrong"}), "401");
    EXPECT_EQ(status({"--user", "user:right"}, "http"), "400");
    EXPECT_EQ(health(), 0);

    // Another user, and only with a certificate.
    configure(", client_auth_type: RequireAndVerifyClientCert, client_ca_file: root.pem",
              std::string("other: ") + hash_of_other);
    const arguments shown{"--cert", path("client.pem"), "--key", path("client.key"), "--user"};
    const auto status_of = [&](const std::string& user) {
        auto words = shown;
        words.push_back(user);
        return status(words);
    };
    EXPECT_TRUE(eventually([&] { return status_of("other:other") == "200"; })) << support::contents_of(path("log"));
    EXPECT_EQ(status_of("user:right"), "401");
    EXPECT_EQ(status({"--user", "other:other"}), "000") << "without a certificate";
    EXPECT_EQ(health(), 0);

    write("web.yml", "nonsense: 1");
    EXPECT_TRUE(eventually([&] { return support::contents_of(path("log")).find("web_config_failed") != std::string::npos; }));
    EXPECT_EQ(status_of("other:other"), "200") << "what there was stays";
}

TEST_P(WebConfig, IsSpokenByPrometheus)
{
    configure(", client_auth_type: RequireAndVerifyClientCert, client_ca_file: root.pem, client_allowed_sans: [prometheus]",
              std::string("user: ") + hash_of_right);
    const child_process program(command(), path("log"));
    const local_prometheus prometheus({{"pages", port_, "/metrics",
                                        "scheme: https, basic_auth: {username: user, password: right}, tls_config: "
                                        "{ca_file: " +
                                            path("root.pem") + ", cert_file: " + path("client.pem") +
                                            ", key_file: " + path("client.key") + "}"}});
    EXPECT_TRUE(prometheus.has_scraped()) << prometheus.log() << support::contents_of(path("log"));
}

TEST_P(WebConfig, ThatCannotBeUsedIsAnErrorAtTheStart)
{
    write("web.yml", "basic_auth_users: {user: right}");
    const auto ended = run(command());
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_THAT(ended.err, testing::EndsWith(std::string(GetParam() ? "swarm-sd" : "accountservice") +
                                             ": --web.config.file: " + path("web.yml") +
                                             ": line 1: basic_auth_users.user: not a bcrypt hash; "
                                             "`htpasswd -nBC 10 USER` makes one\n"));
}

INSTANTIATE_TEST_SUITE_P(Programs, WebConfig, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Agent" : "Accountservice"; });

} // namespace
} // namespace integration
