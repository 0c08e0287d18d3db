// Users and passwords, as RFC 7617 and Prometheus' exporters have them.
#include "runtime/basic_auth.hpp"

#include "runtime/bcrypt.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <optional>
#include <string>

namespace runtime {
namespace {

namespace asio = boost::asio;

// Of the password "right", at a cost of 4, the least there is.
const std::string hash_of_right = "$2y$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC";

TEST(Bcrypt, KnowsHashesByTheirForm)
{
    EXPECT_TRUE(is_bcrypt("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"));
    for (const auto* text : {"", "secret", "$1$abc$def", "$2y$10$short", "$2z$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
                             "$2y$03$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
                             "$2y$32$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
                             "$2y$10$X0h1gDsPszWURQaxFh:zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"})
        EXPECT_FALSE(is_bcrypt(text)) << text;
}

TEST(Bcrypt, TakesThePasswordOfAKnownHash)
{
    // Of the toolkit's own tests: alice's password is alice123.
    const std::string hash = "$2y$12$1DpfPeqF9HzHJt.EWswy1exHluGfbhnn3yXhR7Xes6m3WJqFg0Wby";
    EXPECT_TRUE(has_bcrypt("alice123", hash));
    EXPECT_FALSE(has_bcrypt("alice124", hash));
    EXPECT_FALSE(has_bcrypt("alice123", "$2y$12$broken"));
}

TEST(Authorization, IsReadAsBasic)
{
    EXPECT_EQ(read_authorization("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), (credentials{"Aladdin", "open sesame"}));
    EXPECT_EQ(read_authorization("bAsIc   YTpi"), (credentials{"a", "b"}));
    EXPECT_EQ(read_authorization("Basic YTo="), (credentials{"a", ""}));
    EXPECT_EQ(read_authorization("Basic YTpiOmM="), (credentials{"a", "b:c"})) << "the first colon parts them";
    EXPECT_EQ(read_authorization("Basic Og=="), (credentials{"", ""}));
}

TEST(Authorization, OfOtherKindsIsNone)
{
    for (const auto* field : {"", "Basic", "Basic ", "Basic    ", "Bearer YTpi", "Basic YTp", "Basic Y=pi", "Basic ====",
                              "Basic YT pi", "Basic YWI=", "BasicYTpi", "Basic YTpi\n", "Basic YTpiYTpi="})
        EXPECT_EQ(read_authorization(field), std::nullopt) << field;
}

class BasicAuth : public ::testing::Test {
protected:
    BasicAuth() { auth_.know({{"user", hash_of_right}}); }

    unsigned status_of(const std::string& authorization)
    {
        const auto refusal = support::run(io_, auth_.admit(authorization));
        return refusal ? refusal->status : 200;
    }

    asio::io_context io_{1};
    helper_thread helper_{io_.get_executor()};
    basic_auth auth_{helper_};
    const std::string right_ = "Basic dXNlcjpyaWdodA=="; // user:right
    const std::string wrong_ = "Basic dXNlcjp3cm9uZw=="; // user:wrong
    const std::string other_ = "Basic b3RoZXI6cmlnaHQ="; // other:right
};

TEST_F(BasicAuth, LetsInWhoHasThePassword)
{
    EXPECT_EQ(status_of(right_), 200U);
    EXPECT_EQ(status_of(right_), 200U) << "once proven";
    for (const auto& said : {wrong_, other_, std::string(), std::string("Bearer x")})
        EXPECT_EQ(status_of(said), 401U) << said;
    EXPECT_EQ(status_of(right_), 200U);
}

TEST_F(BasicAuth, TellsWhatItWants)
{
    const auto refusal = support::run(io_, auth_.admit(""));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->fields.at(0).first, "WWW-Authenticate");
    EXPECT_EQ(refusal->fields.at(0).second.substr(0, 6), "Basic ");
}

TEST_F(BasicAuth, TakesNoPasswordWithAZeroByte)
{
    EXPECT_EQ(status_of("Basic dXNlcjpyaWdodAA="), 401U) << "user:right and a zero byte";
}

TEST_F(BasicAuth, ForgetsWhoIsNotKnownAnyMore)
{
    EXPECT_EQ(status_of(right_), 200U);
    auth_.know({{"somebody", hash_of_right}});
    EXPECT_EQ(status_of(right_), 401U);
    auth_.know({});
    EXPECT_EQ(status_of(""), 200U) << "without users everybody may ask";
}

TEST_F(BasicAuth, DoesNotLetInWhoIsForgottenWhileThePasswordIsTried)
{
    support::running<std::optional<proto_http::reply>> asking(io_, auth_.admit(right_));
    support::run_handlers(io_, 1, [&] { return asking.is_done(); });
    ASSERT_FALSE(asking.is_done());
    auth_.know({{"somebody", hash_of_right}});
    EXPECT_TRUE(asking.get().has_value());
}

TEST_F(BasicAuth, LetsFewWait)
{
    std::list<support::running<std::optional<proto_http::reply>>> asking;
    for (int count = 0; count < 20; ++count)
        asking.emplace_back(io_, auth_.admit(wrong_));
    std::map<unsigned, int> statuses;
    for (auto& each : asking)
        ++statuses[each.get()->status];
    EXPECT_EQ(statuses, (std::map<unsigned, int>{{401, 16}, {503, 4}}));
    EXPECT_EQ(status_of(right_), 200U) << "when they are gone";
}

} // namespace
} // namespace runtime
