// The service that is shipped, among clients that mean it no good. What it refuses, form by form, is in the table of
// tests/proto_http/server_test.cpp. Needs neither an engine nor root.
#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/integration/process.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <list>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

namespace integration {
namespace {

namespace asio = boost::asio;

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::raw_client;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// The service takes 4,096 connections.
constexpr std::size_t most_connections = 4'096;
constexpr std::size_t flood = most_connections + 300;

const std::string good_request = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// The status of each response.
std::vector<std::string> statuses(const std::string& received)
{
    static const std::regex line("HTTP/1\\.1 ([0-9]{3}) [A-Z][A-Za-z -]*\r\n");
    std::vector<std::string> found;
    for (std::sregex_iterator at(received.begin(), received.end(), line), end; at != end; ++at)
        found.push_back((*at)[1]);
    return found;
}

/// Lets this process and its children have as many descriptors as a flood takes. @return whether they may
bool raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= flood + 200;
}

class HostileRequests : public testing::Test {
protected:
    void SetUp() override
    {
        if (!raise_descriptor_limit()) {
            ASSERT_EQ(std::getenv("CI"), nullptr) << "cannot run: too few descriptors are allowed";
            GTEST_SKIP() << "too few descriptors are allowed";
        }
        std::filesystem::current_path(directory_.path()); // its files go there
        where_ = {"127.0.0.1", free_port()};
        service_.emplace(
            arguments{ACCOUNTSERVICE_BINARY, "--web.listen-address=127.0.0.1:" + std::to_string(where_.port)},
            directory_.path() / "log");
        ASSERT_TRUE(eventually([this] { return http_get(where_.port, "/health").has_value(); }));
    }

    void TearDown() override
    {
        if (!service_)
            return;
        EXPECT_TRUE(is_answered_at_once()) << "the service is as it was";
        service_->signal(SIGTERM);
        EXPECT_EQ(service_->wait(), 0);
        std::filesystem::current_path("/");
    }

    std::string exchange(std::string bytes)
    {
        raw_client peer(io_);
        return support::run(io_, peer.exchange(where_, std::move(bytes)));
    }

    /// Some milliseconds, but on a machine that runs other tests, too.
    bool is_answered_at_once()
    {
        const auto begin = std::chrono::steady_clock::now();
        const auto found = statuses(exchange(good_request));
        return found == std::vector<std::string>{"200"} && std::chrono::steady_clock::now() - begin < 1s;
    }

    raw_client& connect()
    {
        auto& peer = peers_.emplace_back(io_);
        const asio::ip::tcp::endpoint to(asio::ip::make_address(where_.host), where_.port);
        peer.socket().connect(to);
        return peer;
    }

    support::temporary_directory directory_;
    proto_http::tcp_address where_;
    std::optional<child_process> service_;
    asio::io_context io_{1};
    std::list<raw_client> peers_;
};

TEST_F(HostileRequests, SmuggleNothing)
{
    const auto post = "POST /accounts HTTP/1.1\r\nHost: a\r\n"s;
    const auto smuggled = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"s;
    const auto size = std::to_string(smuggled.size());
    for (const auto& bytes : {
             post + "Content-Length: " + size + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Content-Length: 0\r\nContent-Length: " + size + "\r\n\r\n" + smuggled,
             post + "Content-Length: 0, 0\r\n\r\n" + smuggled,
             post + "Content-Length: +0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled,
             post + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: chunked\r\n\r\n1;x\nab\r\n0\r\n\r\n" + smuggled,
             post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 0\r\n\r\n" + smuggled,
             "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: "s + size + "\r\n\r\n" + smuggled,
             "GET http://b/health HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
             "\x16\x03\x01\x02\x01\x01\x03\x03"s + smuggled,
         }) {
        const auto received = exchange(bytes);
        EXPECT_THAT(statuses(received), ElementsAre("400")) << bytes;
        EXPECT_THAT(received, HasSubstr("\r\nConnection: close\r\n")) << bytes;
    }
}

TEST_F(HostileRequests, AreAnsweredInOrderWhenPipelined)
{
    std::string bytes;
    std::vector<std::string> expected;
    for (int number = 0; number < 100; ++number) {
        const bool exists = number % 3 == 0 || number % 7 == 0;
        bytes += "GET /"s + (exists ? "health" : "nothing") + " HTTP/1.1\r\nHost: a\r\n\r\n";
        expected.emplace_back(exists ? "200" : "404");
    }
    expected.emplace_back("200");
    EXPECT_EQ(statuses(exchange(bytes + good_request)), expected);
}

TEST_F(HostileRequests, DoNotMatterWhenTheyNeverCome)
{
    for (int number = 0; number < 1'000; ++number)
        connect();
    EXPECT_TRUE(is_answered_at_once());
    for (auto& each : peers_)
        EXPECT_EQ(each.socket().available(), 0U) << "nobody was sent away";
    peers_.clear();
}

TEST_F(HostileRequests, DoNotMatterWhenNobodyReadsTheAnswers)
{
    std::string bytes;
    for (int number = 0; number < 500; ++number)
        bytes += "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    for (int number = 0; number < 100; ++number) {
        auto& peer = connect();
        peer.socket().set_option(asio::socket_base::receive_buffer_size(4'096));
        peer.socket().non_blocking(true);
        boost::system::error_code full;
        peer.socket().send(asio::buffer(bytes), 0, full);
    }
    EXPECT_TRUE(is_answered_at_once());
    peers_.clear();
}

TEST_F(HostileRequests, DoNotMatterBeyondTheLimitOfConnections)
{
    for (std::size_t number = 0; number < flood; ++number)
        connect();
    const auto closed = [this] {
        return static_cast<std::size_t>(std::ranges::count_if(peers_, [](raw_client& each) {
            each.socket().non_blocking(true);
            char byte = 0;
            boost::system::error_code error;
            each.socket().receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
            return error == asio::error::eof || error == asio::error::connection_reset;
        }));
    };
    EXPECT_TRUE(eventually([&] { return closed() >= flood - most_connections; }));
    EXPECT_LT(closed(), flood);
    peers_.clear();
    EXPECT_TRUE(eventually([this] { return http_get(where_.port, "/health").has_value(); }));
}

} // namespace
} // namespace integration
