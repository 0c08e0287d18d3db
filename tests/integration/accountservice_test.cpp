#include "proto_http/client.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/process.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// The program as its users run it, with a database of its own.
struct Accountservice : testing::Test {
    support::temporary_directory directory;
    std::filesystem::path database = directory / "accounts.db";
    std::filesystem::path log = directory / "log";
    std::uint16_t port = free_port();
    std::unique_ptr<child_process> process;
    asio::io_context io{1};

    [[nodiscard]] proto_http::tcp_address where() const { return {"127.0.0.1", port}; }
    [[nodiscard]] std::string listen() const { return "--web.listen-address=127.0.0.1:" + std::to_string(port); }

    void start()
    {
        process = std::make_unique<child_process>(
            arguments{ACCOUNTSERVICE_BINARY, listen(), "--db.file=" + database.string()}, log);
        ASSERT_TRUE(eventually([this] { return http_get(port, "/health").has_value() || !process->running(); }));
        ASSERT_TRUE(process->running()) << support::contents_of(log);
    }

    [[nodiscard]] bool has_logged(const std::string& text) const
    {
        return support::contents_of(log).find(text) != std::string::npos;
    }

    /// Runs the program to its end.
    static command_result run_with(const arguments& more)
    {
        arguments words{ACCOUNTSERVICE_BINARY};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }

    /// Stores accounts, one after the other, until the connection breaks.
    asio::awaitable<void> store_accounts(std::string prefix, std::vector<std::string>& acknowledged)
    {
        support::raw_client peer(io);
        co_await peer.connect(where());
        for (int number = 0;; ++number) {
            const auto id = prefix + std::to_string(number);
            const auto body = "{\"id\":\"" + id + "\",\"name\":\"x\"}";
            auto request = "POST /accounts HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                           "Content-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body;
            co_await peer.send(std::move(request));
            const auto answer = co_await peer.receive_until("}");
            if (!answer.ends_with("}"))
                co_return;
            if (answer.starts_with("HTTP/1.1 201 "))
                acknowledged.push_back(id);
        }
    }

    /// Those of the accounts that the service does not have.
    std::vector<std::string> missing(const std::vector<std::string>& ids)
    {
        std::vector<std::string> not_there;
        proto_http::client from(io.get_executor(), where());
        for (const auto& id : ids) {
            const auto got = support::run(io, from.get("/accounts/" + id));
            if (!got || got->head.status != 200)
                not_there.push_back(id);
        }
        return not_there;
    }

    /// Has many clients store accounts at the same time, and kills the service after so many answers.
    std::vector<std::string> store_until_killed(int round, std::size_t answers)
    {
        constexpr int clients = 8;
        std::vector<std::string> acknowledged;
        std::vector<std::unique_ptr<support::running<void>>> at_work;
        for (int client = 0; client < clients; ++client)
            at_work.push_back(std::make_unique<support::running<void>>(
                io, store_accounts("r" + std::to_string(round) + "-c" + std::to_string(client) + "-", acknowledged)));
        EXPECT_TRUE(support::run_until(io, [&] { return acknowledged.size() >= answers; }));
        process->signal(SIGKILL);
        EXPECT_TRUE(support::run_until(
            io, [&] { return std::ranges::all_of(at_work, [](const auto& each) { return each->is_done(); }); }));
        process->wait();
        return acknowledged;
    }
};

TEST_F(Accountservice, LosesNothingThatItAcknowledged)
{
    constexpr int rounds = 30;
    std::vector<std::string> all;
    for (int round = 0; round < rounds; ++round) {
        start();
        ASSERT_FALSE(HasFatalFailure());
        EXPECT_THAT(missing(all), testing::IsEmpty()) << "after " << round << " ends";
        const auto more = store_until_killed(round, static_cast<std::size_t>(1 + round * 7 % 50));
        all.insert(all.end(), more.begin(), more.end());
    }
    start();
    EXPECT_THAT(missing(all), testing::IsEmpty());
    EXPECT_GE(all.size(), std::size_t{rounds});
}

TEST_F(Accountservice, AnswersWhatIsInProgressWhenItIsStopped)
{
    start();
    const std::string body = R"({"id":"late","name":"x"})";
    support::raw_client slow(io);
    support::run(io, slow.connect(where()));
    support::run(io, slow.send("POST /accounts HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                               "Expect: 100-continue\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n"));
    EXPECT_THAT(support::run(io, slow.receive_until("\r\n\r\n")), StartsWith("HTTP/1.1 100 "));

    process->signal(SIGTERM);
    ASSERT_TRUE(eventually([this] { return has_logged("msg=stopping signal=\"SIGTERM\""); }));
    ASSERT_TRUE(eventually([this] { return !http_get(port, "/health"); })) << "it still takes connections";
    support::run(io, slow.send(body));
    EXPECT_THAT(support::run(io, slow.receive_all()),
                AllOf(StartsWith("HTTP/1.1 201 "), HasSubstr("Connection: close")));
    EXPECT_EQ(process->wait(), 0);
    EXPECT_TRUE(has_logged("msg=stopped"));
    EXPECT_FALSE(std::filesystem::exists(database.string() + "-wal")) << "the log was not written back";

    start();
    EXPECT_THAT(missing({"late"}), testing::IsEmpty());
    process->signal(SIGINT);
    EXPECT_EQ(process->wait(), 0);
}

TEST_F(Accountservice, SaysWhetherItLives)
{
    start();
    EXPECT_EQ(run_with({"health", listen()}).exit_code, 0);
    process->signal(SIGTERM);
    EXPECT_EQ(process->wait(), 0);
    const auto gone = run_with({"health", listen()});
    EXPECT_EQ(gone.exit_code, 1);
    EXPECT_EQ(gone.err, "accountservice: 127.0.0.1:" + std::to_string(port) + ": Connection refused\n");
}

TEST_F(Accountservice, SaysSoOverAUnixSocketToo)
{
    const auto listen_there = "--web.listen-address=unix://" + (directory / "socket").string();
    child_process there({ACCOUNTSERVICE_BINARY, listen_there, "--db.file=" + database.string()}, log);
    EXPECT_TRUE(eventually([&] {
        return run_with({"health", listen_there}).exit_code == 0;
    })) << support::contents_of(log);
}

TEST_F(Accountservice, RefusesAPortThatIsTaken)
{
    start();
    const auto second = run_with({listen(), "--db.file=" + (directory / "other.db").string()});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_EQ(second.err,
              "accountservice: --web.listen-address: 127.0.0.1:" + std::to_string(port) + ": Address already in use\n");
    EXPECT_FALSE(std::filesystem::exists(directory / "other.db"));
}

TEST_F(Accountservice, SharesItsDatabaseWithAnother)
{
    start();
    const auto first = std::exchange(process, nullptr);
    const auto first_port = std::exchange(port, free_port());
    start();
    std::vector<std::string> acknowledged;
    support::running<void> storing(io, store_accounts("shared-", acknowledged));
    ASSERT_TRUE(support::run_until(io, [&] { return acknowledged.size() >= 20; }));
    port = first_port;
    EXPECT_THAT(missing(acknowledged), testing::IsEmpty());
}

TEST_F(Accountservice, SaysInOneLineWhyItCannotStart)
{
    support::write_file(directory / "text", std::string(1000, 'x'));
    for (const auto& [flag, code, message] : std::vector<std::tuple<std::string, int, std::string>>{
             {"--db.file=" + (directory / "text").string(), 1, "text: is not a SQLite database"},
             {"--db.file=" + directory.path().string(), 1, ": is a directory"},
             {"--db.file=" + (directory / "none" / "a.db").string(), 1, "cannot be opened: there is no directory "},
             {"--monitoring=maybe", 2, "--monitoring: \"maybe\" is unknown"},
             {"--nothing", 2, "--nothing"},
         }) {
        const auto ended = run_with({listen(), flag});
        EXPECT_EQ(ended.exit_code, code) << flag;
        EXPECT_THAT(ended.err, AllOf(StartsWith("accountservice: "), HasSubstr(message))) << flag;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    }
    EXPECT_THAT(run_with({"--version"}).out, StartsWith("accountservice, version "));
}

} // namespace
} // namespace integration
