#include "instrumented_service/accounts/options.hpp"

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts {
namespace {

using runtime::early_exit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using words = std::vector<std::string>;
using variables = std::map<std::string, std::string, std::less<>>;

std::variant<options, early_exit> parse(words arguments, const variables& set = {})
{
    return parse_options(std::move(arguments), [&set](std::string_view name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    });
}

options parsed(words arguments, const variables& set = {})
{
    auto result = parse(std::move(arguments), set);
    if (const auto* end = std::get_if<early_exit>(&result)) {
        ADD_FAILURE() << end->text;
        return {};
    }
    return std::get<options>(std::move(result));
}

early_exit ended(words arguments, const variables& set = {})
{
    auto result = parse(std::move(arguments), set);
    EXPECT_TRUE(std::holds_alternative<early_exit>(result)) << "it was accepted";
    return std::holds_alternative<early_exit>(result) ? std::get<early_exit>(result) : early_exit{};
}

TEST(AccountserviceOptions, HaveTheWordsThatTheirHelpTells)
{
    for (const auto& flag : describe_options().flags) {
        const auto name = flag.names.front();
        EXPECT_NE(flag.value, "TEXT") << name << ": what does it take?";
        std::string all;
        for (const auto& word : flag.words()) {
            static_cast<void>(parsed({name + "=" + word}));
            all += (all.empty() ? "" : ", ") + word;
        }
        const bool has_others = flag.value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos;
        if (!all.empty() && !has_others) {
            EXPECT_THAT(ended({name + "=?"}).text, testing::EndsWith("expected one of: " + all));
        }
    }
}

TEST(AccountserviceOptions, HaveTheDocumentedDefaults)
{
    const auto value = parsed({});
    EXPECT_EQ(value.what, command::serve);
    EXPECT_EQ(value.listen_address, ":6767");
    EXPECT_EQ(value.database, "accounts.db");
    EXPECT_TRUE(value.is_monitored);
    EXPECT_THAT(value.names, ElementsAre(http_metrics::naming::original, http_metrics::naming::promhttp));
    EXPECT_EQ(value.clock, http_metrics::clock_choice::automatic);
    EXPECT_EQ(value.level, runtime::log_level::info);
    EXPECT_EQ(value.format, runtime::log_format::logfmt);
}

TEST(AccountserviceOptions, TakeEveryFlag)
{
    const auto value =
        parsed({"--web.listen-address=127.0.0.1:0", "--db.file=/data/a.db", "--monitoring=off", "--metrics.names=otel",
                "--metrics.clock=steady", "--log.level=debug", "--log.format=json"});
    EXPECT_EQ(value.listen_address, "127.0.0.1:0");
    EXPECT_EQ(value.database, "/data/a.db");
    EXPECT_FALSE(value.is_monitored);
    EXPECT_THAT(value.names, ElementsAre(http_metrics::naming::otel));
    EXPECT_EQ(value.clock, http_metrics::clock_choice::steady);
    EXPECT_EQ(value.level, runtime::log_level::debug);
    EXPECT_EQ(value.format, runtime::log_format::json);
    EXPECT_EQ(parsed({"--metrics.clock", "tsc"}).clock, http_metrics::clock_choice::tsc);
}

TEST(AccountserviceOptions, TakeNamesAsAListOrOneByOne)
{
    EXPECT_THAT(parsed({"--metrics.names=otel,original"}).names,
                ElementsAre(http_metrics::naming::otel, http_metrics::naming::original));
    EXPECT_THAT(parsed({"--metrics.names=otel", "--metrics.names", "promhttp"}).names,
                ElementsAre(http_metrics::naming::otel, http_metrics::naming::promhttp));
}

TEST(AccountserviceOptions, TakeTheLastOfTwo)
{
    EXPECT_EQ(parsed({"--db.file=a", "--db.file=b"}).database, "b");
}

TEST(AccountserviceOptions, ComeFromTheEnvironmentToo)
{
    const variables set{{"ACCOUNTSERVICE_DB_FILE", "/env.db"},
                        {"ACCOUNTSERVICE_METRICS_NAMES", "otel,promhttp"},
                        {"ACCOUNTSERVICE_WEB_LISTEN_ADDRESS", ":1"}};
    const auto value = parsed({"--web.listen-address=:2"}, set);
    EXPECT_EQ(value.database, "/env.db");
    EXPECT_EQ(value.listen_address, ":2");
    EXPECT_THAT(value.names, ElementsAre(http_metrics::naming::otel, http_metrics::naming::promhttp));
}

TEST(AccountserviceOptions, KnowTheHealthQuestion)
{
    const auto value = parsed({"health", "--web.listen-address=:7"});
    EXPECT_EQ(value.what, command::health);
    EXPECT_EQ(value.listen_address, ":7");
    EXPECT_EQ(parsed({"--web.listen-address=:7", "health"}).listen_address, ":7");
}

TEST(AccountserviceOptions, SayWhichFlagIsWrong)
{
    for (const auto& [flag, message] : std::vector<std::pair<std::string, std::string>>{
             {"--monitoring=maybe", "--monitoring: \"maybe\" is unknown, expected one of: on, off"},
             {"--metrics.names=original,x",
              "--metrics.names: \"x\" is unknown, expected one of: original, promhttp, otel"},
             {"--metrics.names=otel,otel", "--metrics.names: \"otel\" is given twice"},
             {"--metrics.clock=sun", "--metrics.clock: \"sun\" is unknown, expected one of: auto, tsc, steady"},
             {"--log.level=loud", "--log.level: \"loud\" is unknown, expected one of: debug, info, warn, error"},
             {"--log.format=xml", "--log.format: \"xml\" is unknown, expected one of: logfmt, json"},
         }) {
        const auto end = ended({flag});
        EXPECT_EQ(end.code, 2) << flag;
        EXPECT_EQ(end.text, message);
    }
    for (const auto* wrong : {"--nothing", "nothing", "--db.file="}) {
        const auto end = ended({wrong});
        EXPECT_EQ(end.code, 2) << wrong;
        EXPECT_THAT(end.text, testing::Not(HasSubstr("\n"))) << wrong;
    }
}

TEST(AccountserviceOptions, AnswerHelpAndVersion)
{
    EXPECT_EQ(ended({"--help"}).code, 0);
    for (const auto* flag : {"--web.listen-address", "--db.file", "--monitoring", "--metrics.names", "--metrics.clock",
                             "--log.level", "--log.format", "health"})
        EXPECT_THAT(ended({"--help"}).text, HasSubstr(flag));
    EXPECT_EQ(ended({"--version"}).code, 0);
    EXPECT_THAT(ended({"--version"}).text, StartsWith("accountservice, version "));
}

} // namespace
} // namespace accounts
