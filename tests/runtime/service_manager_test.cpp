#include "runtime/service_manager.hpp"

#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::MatchesRegex;
using protocol = asio::local::datagram_protocol;

environment having(std::map<std::string, std::string, std::less<>> set)
{
    return [set = std::move(set)](std::string_view name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    };
}

/// Listens as systemd does.
class listening {
public:
    explicit listening(const std::string& address) : socket_(io, protocol::endpoint(address))
    {
        socket_.non_blocking(true);
    }

    /// What it was told since it was asked last.
    std::vector<std::string> heard()
    {
        std::vector<std::string> messages;
        std::array<char, 4096> text{};
        boost::system::error_code error;
        for (;;) {
            const auto size = socket_.receive(asio::buffer(text), 0, error);
            if (error)
                return messages;
            messages.emplace_back(text.data(), size);
        }
    }

    asio::io_context io{1};

private:
    protocol::socket socket_;
};

TEST(ServiceManager, IsToldAtAPath)
{
    const support::temporary_directory directory;
    const std::string path = directory / "notify";
    listening systemd(path);
    const service_manager manager(having({{"NOTIFY_SOCKET", path}}));
    EXPECT_FALSE(manager.tell("READY=1"));
    EXPECT_FALSE(manager.tell("STOPPING=1"));
    EXPECT_THAT(systemd.heard(), ElementsAre("READY=1", "STOPPING=1"));
}

TEST(ServiceManager, IsToldAtAnAbstractName)
{
    const auto name = "swarm-sd-test-" + std::to_string(::getpid());
    listening systemd('\0' + name);
    const service_manager manager(having({{"NOTIFY_SOCKET", '@' + name}}));
    EXPECT_FALSE(manager.tell("READY=1"));
    EXPECT_THAT(systemd.heard(), ElementsAre("READY=1"));
}

TEST(ServiceManager, ThatIsNotThereNeedsNotBeTold)
{
    EXPECT_FALSE(service_manager(having({})).tell("READY=1"));
    EXPECT_FALSE(service_manager(having({{"NOTIFY_SOCKET", ""}})).tell("READY=1"));
}

TEST(ServiceManager, ThatCannotBeToldIsReported)
{
    const auto error_at = [](const std::string& where) {
        return service_manager(having({{"NOTIFY_SOCKET", where}})).tell("READY=1");
    };
    EXPECT_EQ(error_at("/nowhere/notify"), std::errc::no_such_file_or_directory);
    EXPECT_EQ(error_at("vsock:2:1234"), std::errc::address_family_not_supported);
    EXPECT_EQ(error_at("/" + std::string(107, 'x')), std::errc::filename_too_long);
    EXPECT_EQ(error_at("/" + std::string(106, 'x')), std::errc::no_such_file_or_directory) << "the longest";
}

TEST(ServiceManager, IsNeverWaitedFor)
{
    const support::temporary_directory directory;
    const std::string path = directory / "notify";
    listening systemd(path);
    const service_manager manager(having({{"NOTIFY_SOCKET", path}}));
    std::error_code error;
    for (int sent = 0; sent < 1'000'000 && !error; ++sent)
        error = manager.tell("READY=1");
    EXPECT_EQ(error, std::errc::resource_unavailable_try_again);
    EXPECT_FALSE(systemd.heard().empty());
    EXPECT_FALSE(manager.tell("READY=1")) << "there is room again";
}

TEST(ServiceManager, LearnsWhenItIsBeingReloaded)
{
    const support::temporary_directory directory;
    const std::string path = directory / "notify";
    listening systemd(path);
    EXPECT_FALSE(service_manager(having({{"NOTIFY_SOCKET", path}})).tell_reloading());
    EXPECT_THAT(systemd.heard(), ElementsAre(MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+")));
}

TEST(ServiceManager, WatchesOnlyTheProcessThatItMeans)
{
    const auto watchdog = [](const std::string& interval, const std::optional<std::string>& process) {
        std::map<std::string, std::string, std::less<>> set{{"WATCHDOG_USEC", interval}};
        if (process)
            set.emplace("WATCHDOG_PID", *process);
        return service_manager(having(std::move(set))).watchdog();
    };
    const auto own = std::to_string(::getpid());
    EXPECT_EQ(watchdog("30000000", std::nullopt), 30s);
    EXPECT_EQ(watchdog("30000000", own), 30s);
    EXPECT_EQ(watchdog("30000000", "1"), std::nullopt);
    EXPECT_EQ(watchdog("30000000", "?"), std::nullopt);
    for (const auto* wrong : {"", "0", "-1", "30s", "99999999999999999999", "18446744073709551615"})
        EXPECT_EQ(watchdog(wrong, std::nullopt), std::nullopt) << wrong;
}

TEST(ServiceManager, HearsWordsWhenTheyChangeAndSignsOfLifeWhileTheReactorTurns)
{
    const support::temporary_directory directory;
    const std::string path = directory / "notify";
    listening systemd(path);
    const service_manager manager(having({{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "2000"}}));
    std::string words = "not ready";
    int asked = 0;
    auto status = [&words, &asked] {
        ++asked;
        return words;
    };
    support::running<void> telling(systemd.io, manager.keep_told(status));
    ASSERT_TRUE(support::run_until(systemd.io, [&asked] { return asked == 2; }));
    EXPECT_THAT(systemd.heard(), ElementsAre("WATCHDOG=1\nSTATUS=not ready", "WATCHDOG=1\n"));
    words = "ready";
    ASSERT_TRUE(support::run_until(systemd.io, [&asked] { return asked == 3; }));
    EXPECT_THAT(systemd.heard(), ElementsAre("WATCHDOG=1\nSTATUS=ready"));
    telling.cancel();
    EXPECT_TRUE(support::run_until(systemd.io, [&telling] { return telling.is_done(); }));
}

TEST(ServiceManager, WithoutAWatchdogHearsWordsOnly)
{
    const support::temporary_directory directory;
    const std::string path = directory / "notify";
    listening systemd(path);
    const service_manager manager(having({{"NOTIFY_SOCKET", path}}));
    bool is_asked = false;
    auto status = [&is_asked] {
        is_asked = true;
        return std::string("ready");
    };
    support::running<void> telling(systemd.io, manager.keep_told(status));
    ASSERT_TRUE(support::run_until(systemd.io, [&is_asked] { return is_asked; }));
    EXPECT_THAT(systemd.heard(), ElementsAre("STATUS=ready"));
    telling.cancel();
    EXPECT_TRUE(support::run_until(systemd.io, [&telling] { return telling.is_done(); }));
}

} // namespace
} // namespace runtime
