#include "runtime/logging.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runtime {
namespace {

using testing::MatchesRegex;

template <class Log>
std::string logged(log_level least, log_format format, Log write)
{
    testing::internal::CaptureStderr();
    write(logger(least, format));
    return testing::internal::GetCapturedStderr();
}

TEST(Logging, WritesLogfmt)
{
    const auto line = logged(log_level::info, log_format::logfmt, [](const logger& log) {
        log.info("file_written",
                 {{"path", std::string("/sd/x.json")}, {"targets", 3}, {"duration_seconds", 0.25}, {"first", true}});
    });
    EXPECT_THAT(line, MatchesRegex("ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z level=info msg=file_written "
                                   "path=\"/sd/x\\.json\" targets=3 duration_seconds=0\\.25 first=true\n"));
}

TEST(Logging, WritesJson)
{
    const auto line = logged(log_level::info, log_format::json, [](const logger& log) {
        log.warn("read_failed", {{"error", "no \"leader\""}, {"attempt", 2U}});
    });
    EXPECT_THAT(line, MatchesRegex("\\{\"ts\":\"[^\"]+Z\",\"level\":\"warn\",\"msg\":\"read_failed\",\"error\":\"no "
                                   "\\\\\"leader\\\\\"\",\"attempt\":2\\}\n"));
}

TEST(Logging, KeepsBackWhatIsBelowItsLevel)
{
    EXPECT_EQ(logged(log_level::warn, log_format::logfmt, [](const logger& log) { log.info("started"); }), "");
    EXPECT_NE(logged(log_level::warn, log_format::logfmt, [](const logger& log) { log.error("failed"); }), "");
    EXPECT_NE(logged(log_level::debug, log_format::logfmt, [](const logger& log) { log.debug("read"); }), "");
}

TEST(Logging, LetsNoTextFromOutsideForgeALine)
{
    for (const auto format : {log_format::logfmt, log_format::json}) {
        const auto text = logged(log_level::info, format, [](const logger& log) {
            log.info("x", {{"error", "a\nts=1 level=error \"b\" \x01\xff"}});
        });
        EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
        EXPECT_EQ(text.find("level=error \"b\""), std::string::npos) << text;
    }
}

} // namespace
} // namespace runtime
