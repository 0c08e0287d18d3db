#include "instrumented_service/accounts/service.hpp"

#include "instrumented_service/accounts/limits.hpp"
#include "instrumented_service/accounts/replies.hpp"
#include "instrumented_service/accounts/service_metrics.hpp"
#include "proto_http/client.hpp"
#include "proto_http/server.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace accounts {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct answered {
    std::string head;
    std::string body;

    [[nodiscard]] std::string status() const { return head.substr(9, 3); }
};

struct Service : testing::Test {
    support::temporary_directory directory;
    std::filesystem::path file = directory / "a.db";
    runtime::logger log{runtime::log_level::error, runtime::log_format::logfmt};
    asio::io_context io{1};
    store accounts{io.get_executor(), file};
    service answers{accounts, log};
    service_metrics metrics{options{}, answers.counters(), log};
    proto_http::server pages{metrics.router_of(answers.routes()), limits(), {}, server_error};
    proto_http::listener on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    std::uint16_t port = on.port();
    support::running<void> committing{io, accounts.run()};
    support::running<void> serving{io, pages.serve(std::move(on))};

    static proto_http::server_limits limits()
    {
        proto_http::server_limits bounds;
        bounds.body_bytes = most_body_bytes;
        return bounds;
    }

    answered send(std::string_view method, std::string_view target, std::string_view body = {},
                  std::string_view type = "application/json")
    {
        std::string bytes(method);
        bytes.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        if (!body.empty() && !type.empty())
            bytes.append("Content-Type: ").append(type).append("\r\n");
        if (!body.empty())
            bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
        bytes.append("\r\n").append(body);
        support::raw_client peer(io);
        const auto received = support::run(io, peer.exchange(proto_http::tcp_address{"127.0.0.1", port}, bytes));
        const auto end = received.find("\r\n\r\n");
        if (end == std::string::npos)
            return {received + std::string(12, ' '), {}};
        return {received.substr(0, end + 2), received.substr(end + 4)};
    }

    /// Holds the lock of those who write, as another process may.
    void while_locked(const std::function<void()>& work)
    {
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        work();
        sqlite3_close(other);
    }
};

TEST_F(Service, AnswersAnAccount)
{
    const auto got = send("GET", "/accounts/10000");
    EXPECT_EQ(got.status(), "200");
    EXPECT_THAT(got.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_EQ(got.body, R"({"id":"10000","name":"Ada Berg"})");
    EXPECT_EQ(send("HEAD", "/accounts/10000").body, "");
}

TEST_F(Service, SpeaksWithOurClient)
{
    proto_http::client from(io.get_executor(), proto_http::tcp_address{"127.0.0.1", port});
    for (const auto* id : {"10001", "10042", "10099"}) {
        const auto got = support::run(io, from.get(std::string("/accounts/") + id));
        ASSERT_TRUE(got);
        EXPECT_THAT(got->body, StartsWith(std::string(R"({"id":")") + id));
    }
    EXPECT_EQ(pages.connections(), 1U);
}

TEST_F(Service, KnowsNoOtherAccount)
{
    const auto got = send("GET", "/accounts/nobody");
    EXPECT_EQ(got.status(), "404");
    EXPECT_EQ(got.body, R"({"error":{"code":"not_found","message":"there is no account \"nobody\""}})");
}

TEST_F(Service, RefusesIdsThatNobodyCanHave)
{
    for (const auto& id : {std::string("a.b"), std::string("%C3%A5"), std::string(65, 'x')}) {
        const auto got = send("GET", "/accounts/" + id);
        EXPECT_EQ(got.status(), "400") << id;
        EXPECT_THAT(got.body, HasSubstr("\"code\":\"invalid_id\"")) << id;
    }
}

TEST_F(Service, StoresAnAccount)
{
    const auto stored = send("POST", "/accounts", R"({"name":"Åsa"})");
    EXPECT_EQ(stored.status(), "201");
    EXPECT_THAT(stored.head, HasSubstr("\r\nLocation: /accounts/10100\r\n"));
    EXPECT_EQ(stored.body, R"({"id":"10100","name":"Åsa"})");
    EXPECT_EQ(send("GET", "/accounts/10100").body, stored.body);
    EXPECT_EQ(send("POST", "/accounts", R"({"id":"own","name":"x"})", "Application/JSON; charset=utf-8").status(),
              "201");
}

TEST_F(Service, StoresNoAccountOverAnother)
{
    const auto got = send("POST", "/accounts", R"({"id":"10000","name":"x"})");
    EXPECT_EQ(got.status(), "409");
    EXPECT_EQ(got.body, R"({"error":{"code":"already_exists","message":"there is an account \"10000\" already"}})");
    EXPECT_THAT(send("GET", "/accounts/10000").body, HasSubstr("Ada Berg"));
}

TEST_F(Service, UpdatesAnAccount)
{
    const auto got = send("PUT", "/accounts", R"({"id":"10000","name":"New"})");
    EXPECT_EQ(got.status(), "200");
    EXPECT_EQ(got.body, R"({"id":"10000","name":"New"})");
    EXPECT_EQ(send("GET", "/accounts/10000").body, got.body);
    EXPECT_EQ(send("PUT", "/accounts", R"({"id":"nobody","name":"x"})").status(), "404");
    EXPECT_EQ(send("PUT", "/accounts", R"({"name":"x"})").status(), "400");
}

TEST_F(Service, SaysWhatIsWrongWithABody)
{
    EXPECT_EQ(send("POST", "/accounts", "{").body,
              R"({"error":{"code":"invalid_json","message":"not JSON: line 1, column 2: incomplete JSON"}})");
    EXPECT_EQ(send("POST", "/accounts").status(), "415");
    for (const auto* type : {"", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"}) {
        const auto got = send("POST", "/accounts", R"({"name":"x"})", type);
        EXPECT_EQ(got.status(), "415") << type;
        EXPECT_THAT(got.body, HasSubstr("Content-Type must be application/json")) << type;
    }
}

TEST_F(Service, AnswersAllErrorsInOneForm)
{
    for (const auto& [method, target, status, code] :
         std::vector<std::tuple<std::string, std::string, std::string, std::string>>{
             {"GET", "/nothing", "404", "no_such_path"},
             {"DELETE", "/accounts/10000", "405", "method_not_allowed"},
             {"GET", "/accounts", "405", "method_not_allowed"},
             {"BREW", "/accounts", "501", "unknown_method"},
             {"GET", "/" + std::string(3000, 'x'), "414", "target_too_long"},
             {"GET", "//%", "400", "bad_request"},
         }) {
        const auto got = send(method, target);
        EXPECT_EQ(got.status(), status) << method << target;
        EXPECT_THAT(got.head, HasSubstr("\r\nContent-Type: application/json\r\n")) << target;
        EXPECT_THAT(got.body, StartsWith(R"({"error":{"code":")" + code + '"')) << target;
    }
    const auto large = send("POST", "/accounts", std::string(most_body_bytes + 1, 'x'));
    EXPECT_EQ(large.status(), "413");
    EXPECT_THAT(large.body, HasSubstr("a body may have 65536 bytes at most"));
}

TEST_F(Service, AnswersGraphql)
{
    const auto got = send("POST", "/graphql",
                          R"({"query":"query($a:ID!){account(id:$a){name} b:account(id:\"no\"){id}}",)"
                          R"("variables":{"a":"10000"}})");
    EXPECT_EQ(got.status(), "200");
    EXPECT_THAT(got.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(got.body, AllOf(HasSubstr(R"("data":{"account":{"name":"Ada Berg"},"b":null})"),
                                HasSubstr(R"(There is no account \"no\".)")));
}

TEST_F(Service, RefusesGraphqlThatIsNone)
{
    for (const auto* body : {"{", "{}", R"({"query":"{"})", R"({"query":"{nothing}"})", R"({"query":"mutation{x}"})",
                             R"({"query":"query($a:ID!){account(id:$a){id}}"})"}) {
        const auto got = send("POST", "/graphql", body);
        EXPECT_EQ(got.status(), "400") << body;
        EXPECT_THAT(got.body, StartsWith(R"({"errors":[{"message":")")) << body;
    }
    EXPECT_EQ(send("POST", "/graphql", R"({"query":"{__typename}"})", "text/plain").status(), "415");
}

TEST_F(Service, Lives)
{
    EXPECT_EQ(send("GET", "/health").body, "OK\n");
}

TEST_F(Service, ShowsItsMetrics)
{
    metrics.watch(pages);
    send("GET", "/accounts/10000");
    send("POST", "/accounts", R"({"name":"x"})");
    send("PUT", "/accounts", R"({"id":"10001","name":"x"})");
    send("GET", "/health");
    const auto text = send("GET", "/metrics").body;
    for (const auto* line : {
             "# HELP accountservice_GetAccount GET /accounts/{accountId}\n# TYPE accountservice_GetAccount summary\n",
             "accountservice_GetAccount_count{service=\"duration\"} 1\n",
             "accountservice_GetAccount{service=\"size\",quantile=\"0.5\"} 32\n",
             "http_requests_total{method=\"post\",handler=\"/accounts\",code=\"201\"} 1\n",
             "accountservice_accounts_created_total 1\n",
             "accountservice_accounts_updated_total 1\n",
             "accountservice_build_info{version=",
             "\nprocess_resident_memory_bytes ",
             "\nreactor_lag_seconds_count ",
             "\nhttp_connections ",
         })
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(text, Not(HasSubstr("HealthCheck")));
}

TEST_F(Service, MeasuresNothingWhereMonitoringIsOff)
{
    options unmonitored;
    unmonitored.is_monitored = false;
    service_metrics off(unmonitored, answers.counters(), log);
    const auto router = off.router_of(answers.routes());
    EXPECT_EQ(router.find("GET", "/accounts/10000").monitor, nullptr);
    EXPECT_EQ(router.unmatched(), nullptr);
    EXPECT_NE(router.find("GET", "/metrics").found, nullptr);
}

TEST_F(Service, HasTheRoutesOfTheServiceThatItFollows)
{
    std::vector<std::string> lines;
    for (const auto& each : answers.routes())
        lines.push_back(each.name + " " + each.method + " " + each.pattern + (each.monitored ? "" : " unmonitored"));
    EXPECT_THAT(lines, testing::ElementsAre("GetAccount GET /accounts/{accountId}", "StoreAccount POST /accounts",
                                            "UpdateAccount PUT /accounts", "GraphQL POST /graphql",
                                            "HealthCheck GET /health unmonitored"));
}

TEST_F(Service, ReadsWhileSomebodyElseWritesAndSaysThatItCannotWrite)
{
    while_locked([this] {
        testing::internal::CaptureStderr();
        EXPECT_EQ(send("GET", "/accounts/10000").status(), "200");
        const auto got = send("POST", "/accounts", R"({"name":"x"})");
        EXPECT_EQ(got.status(), "503");
        EXPECT_EQ(got.body, R"({"error":{"code":"storage_unavailable",)"
                            R"("message":"the account cannot be stored at the moment"}})");
        testing::internal::GetCapturedStderr();
    });
    EXPECT_EQ(send("POST", "/accounts", R"({"name":"x"})").status(), "201");
}

} // namespace
} // namespace accounts
