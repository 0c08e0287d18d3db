// What the engine's client says of answers and failures; its lines reach the user as they are.
#include "agent/docker/engine.hpp"

#include "agent/docker/errc.hpp"
#include "proto_http/errc.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/tls_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace agent::docker {
namespace {

using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using support::answer;
using support::script;
using support::scripted_server;
using support::tls_front;
namespace step = support::step;

constexpr auto pong = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0\r\n\r\n";

std::string message(std::string_view status, std::string_view body, std::string_view type = "text/html")
{
    return "HTTP/1.1 "s.append(status).append("\r\nContent-Type: ").append(type).append("\r\nContent-Length: ") +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// What HAProxy says, and with it Tecnativa's docker-socket-proxy.
const std::string haproxy_page = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n"
                                 "</body></html>\n";

struct fixture : ::testing::Test {
    asio::io_context io{1};
    scripted_server server{io};

    engine make(std::optional<proto_http::origin> where = {})
    {
        return engine(io.get_executor(), where.value_or(server.address()), std::nullopt);
    }

    /// Why a call failed.
    template <class T>
    failure why(asio::awaitable<docker::answer<T>> call)
    {
        const auto got = support::run(io, std::move(call));
        EXPECT_FALSE(got);
        return got ? failure{} : got.error();
    }
};

using Engine = fixture;

/// What each call is named in errors, what lets it through, and how it is made.
struct call_of_ours {
    const char* named;
    const char* flag;
    const char* path;
    failure (*fails)(fixture&, engine&);
};

constexpr std::array<call_of_ours, 9> calls{{
    {"GET /events", "EVENTS=1", "/v1.41/events", [](fixture& test, engine& of) { return test.why(of.events()); }},
    {"GET /services", "SERVICES=1", "/v1.41/services",
     [](fixture& test, engine& of) { return test.why(of.everything({})); }},
    {"GET /services/s1", "SERVICES=1", "/v1.41/services/s1",
     [](fixture& test, engine& of) { return test.why(of.service("s1")); }},
    {"GET /nodes/n1", "NODES=1", "/v1.41/nodes/n1", [](fixture& test, engine& of) { return test.why(of.node("n1")); }},
    {"GET /tasks/t1", "TASKS=1", "/v1.41/tasks/t1", [](fixture& test, engine& of) { return test.why(of.task("t1")); }},
    {"GET /tasks?filters=", "TASKS=1", "/v1.41/tasks",
     [](fixture& test, engine& of) { return test.why(of.tasks_of("s1")); }},
    {"GET /networks", "NETWORKS=1", "/v1.41/networks",
     [](fixture& test, engine& of) { return test.why(of.everything({.swarm = false, .networks = true})); }},
    {"GET /containers/json", "CONTAINERS=1", "/v1.41/containers/json",
     [](fixture& test, engine& of) { return test.why(of.containers()); }},
    {"GET /containers/json", "CONTAINERS=1", "/v1.41/containers/json",
     [](fixture& test, engine& of) { return test.why(of.everything({.swarm = false, .containers = true})); }},
}};

TEST_F(Engine, F20_NamesWhatASocketProxyMustLetThrough)
{
    for (const auto& refusal : {message("403 Forbidden", haproxy_page), message("403 Forbidden", ""),
                                message("403 Forbidden", "Forbidden\n", "text/plain"),
                                message("403 Forbidden", R"({"message":"Forbidden"})", "application/json")}) {
        for (const auto& call : calls) {
            SCOPED_TRACE(call.named + ": "s + refusal);
            server.play(answer(pong));
            server.play(answer(refusal));
            auto asked = make();
            ASSERT_TRUE(support::run(io, asked.connect()));
            const auto end = call.fails(*this, asked);
            EXPECT_EQ(end.code, errc::forbidden);
            EXPECT_THAT(end.detail, StartsWith(call.named));
            EXPECT_THAT(end.detail, EndsWith(": 403 Forbidden (a socket proxy? it must let this call through: "s +
                                             call.flag + ", or -allowGET for " + call.path + ")"));
            EXPECT_THAT(end.detail, AllOf(Not(HasSubstr("<")), Not(HasSubstr("\n"))));
        }
    }
}

TEST_F(Engine, F20_NamesEachListThatASocketProxyRefuses)
{
    const auto list = message("200 OK", "[]", "application/json");
    auto steps = answer(pong);
    for (const auto* flag : {"SERVICES=1", "NODES=1", "TASKS=1"}) {
        server.play(steps + answer(message("403 Forbidden", haproxy_page)));
        auto asked = make();
        EXPECT_THAT(why(asked.everything({})).detail, HasSubstr(flag));
        steps = std::move(steps) + answer(list);
    }
}

TEST_F(Engine, F20_NamesThePingThatASocketProxyRefuses)
{
    server.play(answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 93\r\n\r\n") +
                answer(message("403 Forbidden", haproxy_page)));
    auto asked = make();
    EXPECT_EQ(why(asked.connect()).detail, "GET /_ping: 403 Forbidden (a socket proxy? it must let this call through: "
                                           "PING=1, or -allowGET for /_ping)");
}

TEST_F(Engine, NamesTheMethodThatASocketProxyKnowsNoPathFor)
{
    server.play(answer("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 19\r\n\r\n") +
                answer(message("405 Method Not Allowed", "Method Not Allowed\n", "text/plain")));
    auto asked = make();
    EXPECT_THAT(
        why(asked.connect()).detail,
        StartsWith("GET /_ping: 405 Method Not Allowed (a socket proxy? it must let this call through: PING=1"));
}

TEST_F(Engine, KeepsWhatAnAuthorizationPluginSays)
{
    server.play(answer(pong) + answer(message("403 Forbidden", R"({"message":"authorization denied by plugin x"})",
                                              "application/json")));
    auto asked = make();
    EXPECT_THAT(why(asked.task("t1")).detail, StartsWith("GET /tasks/t1: 403 authorization denied by plugin x (a "));
}

TEST_F(Engine, GivesNoAdviceWhereTheEngineItselfFails)
{
    server.play(answer(pong) + answer(message("500 Oh", R"({"message":"no leader"})", "application/json")));
    auto asked = make();
    EXPECT_EQ(why(asked.task("t1")).detail, "GET /tasks/t1: 500 no leader");
    server.play(answer(pong) + answer(message("502 Bad Gateway", haproxy_page)));
    auto behind_proxy = make();
    EXPECT_EQ(why(behind_proxy.task("t1")).detail, "GET /tasks/t1: 502 Bad Gateway");
}

TEST_F(Engine, SaysWhereAListIsBrokenAndReadsOn)
{
    const std::string list = R"([{"ID":"a"},{"Id":"b"}])";
    server.play(answer(pong) + answer(message("200 OK", list, "application/json")) + step::stay{});
    server.play(answer(message("200 OK", R"([{"ID":"a"}])", "application/json"), 1));
    auto asked = make();
    EXPECT_THAT(why(asked.nodes()).detail,
                AllOf(StartsWith("GET /nodes: "), EndsWith(" (an object without an ID at byte 12)")));
    const auto nodes = support::run(io, asked.nodes());
    ASSERT_TRUE(nodes) << nodes.error().detail;
    EXPECT_EQ(nodes->size(), 1U);
}

TEST_F(Engine, F09_OpensAStreamBesideAReadThatHangs)
{
    bool may_answer = false;
    server.play(answer(pong) + script(step::take_request{}) + step::wait_until{[&may_answer] { return may_answer; }} +
                step::send{message("200 OK", "[]", "application/json")});
    server.play(answer(pong));
    server.play(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + step::stay{});
    auto asked = make();
    support::running read(io, asked.containers());
    ASSERT_TRUE(support::run_until(io, [this] { return server.requests().size() == 2; }));
    EXPECT_TRUE(support::run(io, asked.connect()));
    EXPECT_TRUE(support::run(io, asked.events()));
    EXPECT_FALSE(read.is_done());
    may_answer = true;
    EXPECT_TRUE(read.get());
}

// --- TLS ---

struct tls_fixture : fixture {
    support::certificate_authority ours;
    support::certificate own = ours.issue({.names = {"IP:127.0.0.1"}});

    [[nodiscard]] proto_http::tls_context trust() const
    {
        proto_http::tls_settings settings;
        settings.roots = proto_http::pem{"ca.pem", ours.root()};
        return proto_http::tls_context(settings);
    }
};

using EngineOverTls = tls_fixture;

TEST_F(EngineOverTls, IsAskedAsAnyOther)
{
    server.play(answer(pong));
    server.play(answer(message("200 OK", "[]", "application/json")));
    server.play(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + step::stay{});
    const tls_front front(io, server.address(), {.own = own});
    auto asked = make(proto_http::origin(front.address(), trust()));
    const auto version = support::run(io, asked.connect());
    ASSERT_TRUE(version) << version.error().detail;
    EXPECT_EQ(*version, (api_version{1, 41}));
    EXPECT_TRUE(support::run(io, asked.containers()));
    EXPECT_TRUE(support::run(io, asked.events()));
    EXPECT_EQ(front.connections(), 3U);
}

TEST_F(EngineOverTls, SaysWhyItIsNotTrusted)
{
    const support::certificate_authority theirs;
    const tls_front front(io, server.address(), {.own = theirs.issue({.names = {"IP:127.0.0.1"}})});
    auto asked = make(proto_http::origin(front.address(), trust()));
    EXPECT_THAT(why(asked.connect()).detail, StartsWith("HEAD /_ping: certificate verify failed: "));
}

TEST_F(EngineOverTls, SaysThatNoCertificateWasShown)
{
    const tls_front front(io, server.address(), {.own = own, .client_root = ours.root()});
    auto asked = make(proto_http::origin(front.address(), trust()));
    EXPECT_THAT(why(asked.connect()).detail,
                AllOf(HasSubstr("certificate required"), EndsWith("(no client certificate was shown: DOCKER_CERT_PATH "
                                                                  "has no cert.pem)")));
}

TEST_F(EngineOverTls, IsSuspectedWhereNothingIsSaidInPlain)
{
    const tls_front front(io, server.address(), {.own = own});
    auto asked = make(proto_http::origin(front.address()));
    const auto end = why(asked.connect());
    EXPECT_THAT(end.detail,
                AllOf(StartsWith("HEAD /_ping: "), EndsWith("(if it speaks TLS, set DOCKER_TLS_VERIFY=1)")));

    scripted_server alert(io, scripted_server::kind::tcp);
    alert.play(answer("\x15\x03\x03"));
    auto clear = make(proto_http::origin(alert.address()));
    EXPECT_EQ(why(clear.connect()).detail,
              "HEAD /_ping: the peer speaks TLS, but was asked in plain HTTP (if it speaks "
              "TLS, set DOCKER_TLS_VERIFY=1)");
}

TEST_F(EngineOverTls, IsNotSuspectedOnAUnixSocket)
{
    server.play(answer(""));
    auto asked = make();
    EXPECT_EQ(why(asked.connect()).detail,
              "HEAD /_ping: " + proto_http::error_code(proto_http::errc::closed_early).message());
}

} // namespace
} // namespace agent::docker
