// The web configuration in force, and how it changes.
#include "runtime/web_access.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace runtime {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WebAccess : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& text)
    {
        support::write_file(directory_.path() / name, text);
    }

    void write_certificate()
    {
        const auto issued = authority_.issue({.names = {"IP:127.0.0.1"}});
        write("cert.pem", issued.chain);
        write("key.pem", issued.key);
    }

    /// Why it cannot begin.
    std::string trouble()
    {
        try {
            (void)open_web_access(io_.get_executor(), file_, log_);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "none";
    }

    asio::io_context io_{1};
    const logger log_{log_level::error, log_format::logfmt};
    const support::temporary_directory directory_;
    const std::filesystem::path file_ = directory_.path() / "web.yml";
    const support::certificate_authority authority_;
    const std::string tls_text_ = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n";
    const std::string fields_text_ = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
};

TEST_F(WebAccess, IsNobodyWithoutAFile)
{
    EXPECT_EQ(open_web_access(io_.get_executor(), {}, log_), nullptr);
    EXPECT_FALSE(is_over_tls({}));
}

TEST_F(WebAccess, SaysWhatIsWrongAtTheStart)
{
    EXPECT_EQ(trouble(), "--web.config.file: " + file_.native() + ": No such file or directory");
    write("web.yml", "nonsense: 1");
    EXPECT_EQ(trouble(), "--web.config.file: " + file_.native() + ": line 1: nonsense: there is no such setting");
    write("web.yml", tls_text_);
    EXPECT_EQ(trouble(), "--web.config.file: " + (directory_.path() / "cert.pem").native() + ": No such file or directory");
    write_certificate();
    EXPECT_EQ(trouble(), "none");
    write("key.pem", "nonsense");
    EXPECT_THAT(trouble(), HasSubstr("key.pem: there is no private key in it"));
    write("web.yml", "tls_server_config: {cert: nonsense, key_file: key.pem}");
    EXPECT_THAT(trouble(), HasSubstr("web.yml: tls_server_config.cert: there is no certificate in it"));
}

TEST_F(WebAccess, TellsWhetherItIsTls)
{
    write("web.yml", fields_text_);
    EXPECT_FALSE(is_over_tls(file_));
    write("web.yml", tls_text_);
    EXPECT_TRUE(is_over_tls(file_));
}

TEST_F(WebAccess, FollowsItsFiles)
{
    write("web.yml", fields_text_);
    web_access access(io_.get_executor(), file_, log_);
    const auto front = access.front();
    EXPECT_EQ(front.fields().size(), 1U);
    EXPECT_EQ(front.tls(), std::nullopt);

    write_certificate();
    write("web.yml", tls_text_);
    support::run(io_, access.look());
    EXPECT_EQ(front.fields().size(), 0U);
    const auto first = front.tls();
    ASSERT_TRUE(first);

    support::run(io_, access.look());
    EXPECT_EQ(front.tls(), first) << "nothing is new";
    write_certificate();
    support::run(io_, access.look());
    EXPECT_NE(front.tls(), first) << "the certificate is";
}

TEST_F(WebAccess, KeepsWhatItHasWhileTheFilesAreWrong)
{
    write_certificate();
    write("web.yml", tls_text_ + fields_text_);
    web_access access(io_.get_executor(), file_, log_);
    const auto front = access.front();
    const auto first = front.tls();
    ASSERT_TRUE(first);
    for (const auto* wrong : {"nonsense: 1", "tls_server_config: {cert_file: gone.pem, key_file: key.pem}"}) {
        write("web.yml", wrong);
        support::run(io_, access.look());
        EXPECT_EQ(front.tls(), first) << wrong;
        EXPECT_EQ(front.fields().size(), 1U);
    }
    write("web.yml", fields_text_);
    support::run(io_, access.look());
    EXPECT_EQ(front.tls(), std::nullopt);
}

TEST_F(WebAccess, AsksForThePasswordOfAUser)
{
    write("web.yml", "basic_auth_users: {user: $2y$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC}");
    web_access access(io_.get_executor(), file_, log_);
    const auto front = access.front();
    EXPECT_TRUE(support::run(io_, front.admit("")).has_value());
    EXPECT_FALSE(support::run(io_, front.admit("Basic dXNlcjpyaWdodA==")).has_value());
}

} // namespace
} // namespace runtime
