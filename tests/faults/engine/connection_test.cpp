// Faults 1–6, 21, 22, 57 and 58: the connection to the engine.
#include "tests/faults/engine/engine_faults.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_front.hpp"

#include <algorithm>
#include <string>

namespace faults {
namespace {

using EngineConnection = engine_faults;

TEST_F(EngineConnection, F01_AnEngineThatRestartsAgainAndAgainIsFollowed)
{
    start_ready();
    std::size_t descriptors = 0;
    for (unsigned round = 1; round <= 6; ++round) {
        engine().go_away(false);
        ASSERT_TRUE(until([this] { return metric("swarm_sd_stream_connected") == 0; }));
        const auto before = file();
        scale(1 + round % 3);
        ASSERT_TRUE(until_lists_fail());
        EXPECT_EQ(file(), before) << "nothing is known meanwhile";
        engine().come_back();
        ASSERT_TRUE(until_right());
        ASSERT_TRUE(until_connected());
        if (round == 1)
            descriptors = open_descriptors();
    }
    EXPECT_TRUE(until([=] { return open_descriptors() <= descriptors; })) << open_descriptors();
}

TEST_F(EngineConnection, F01_EveryConnectionMayBreakAtOnce)
{
    start_ready();
    engine().drop_connections();
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until_connected());
}

TEST_F(EngineConnection, F01_AStreamThatEndsIsOpenedAgainAndEverythingIsListed)
{
    settings().resync_interval = 1h;
    start_ready();
    engine().end_streams();
    ASSERT_TRUE(until([this] { return engine().streams() == 0; }));
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric(R"(swarm_sd_stream_losses_total{cause="eof"})"), 1);
    EXPECT_EQ(metric("swarm_sd_stream_connected"), 1);
}

TEST_F(EngineConnection, F02_AnEngineThatWasKilledAndUpgradedIsSpokenToInItsNewVersion)
{
    start_ready();
    engine().go_away(true);
    ASSERT_TRUE(until([this] { return metric(R"(swarm_sd_stream_losses_total{cause="refused"})") >= 1; }));
    engine().api_version = "1.44";
    engine().oldest_api = "1.44";
    scale(2);
    engine().come_back();
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until_connected());
    EXPECT_TRUE(engine().requests.back().target.starts_with("/v1.44/")) << engine().requests.back().target;
}

TEST_F(EngineConnection, F03_AnEngineThatIsNotThereYetIsWaitedForWithPauses)
{
    engine().go_away(false);
    start();
    const auto started = clock::now();
    const std::string losses = R"(swarm_sd_stream_losses_total{cause="refused"})";
    ASSERT_TRUE(until([&] { return metric(losses) >= 3; }));
    EXPECT_GE(clock::now() - started, 750ms) << "250 ms and 500 ms lie between";
    EXPECT_FALSE(std::filesystem::exists(harness->output())) << "no list, no write";
    EXPECT_EQ(harness->agent->not_ready_because(), "no complete list of the swarm yet");
    EXPECT_TRUE(until([this] { return metric(R"(swarm_sd_read_failure_reasons_total{reason="refused"})") >= 1; }));
    engine().come_back();
    EXPECT_TRUE(until_right());
}

TEST_F(EngineConnection, F06_AStreamThatFellSilentIsFoundOutAndReplaced)
{
    start_ready();
    engine().events.mute = true;
    auto changed = made_up_service{"s1", "accountservice", 2, 6767};
    put(changed);
    scale(2);
    engine().emit(support::object_event("service", "update", "s1"));
    EXPECT_TRUE(until_right()) << "lists do not depend on it";
    EXPECT_TRUE(until([this] { return metric(R"(swarm_sd_missed_changes_total{announced="true"})") == 1; }));
    EXPECT_TRUE(until([this] { return engine().count("/events") == 2; }));
    EXPECT_EQ(metric(R"(swarm_sd_stream_losses_total{cause="silent"})"), 1);
}

TEST_F(EngineConnection, F22_AProxyWithoutItsEngineIsAnEngineThatFails)
{
    start_ready();
    for (const unsigned status : {502U, 503U, 504U}) {
        engine().poison(
            {.status = status, .body = "<html><body>Bad Gateway</body></html>", .content_type = "text/html"});
        engine().end_streams();
        scale(2);
        const auto before = metric(R"(swarm_sd_read_failure_reasons_total{reason="engine_error"})");
        ASSERT_TRUE(until([&] {
            return metric(R"(swarm_sd_read_failure_reasons_total{reason="engine_error"})") >= before + 2;
        })) << status;
        engine().cure();
        EXPECT_TRUE(until_right());
        scale(1);
        EXPECT_TRUE(until_right());
    }
}

// --- TLS ---

using support::certificate;
using support::certificate_authority;

struct untrusted {
    const char* name;
    certificate (*shown)(const certificate_authority& ours);
};

std::string name_of(const testing::TestParamInfo<untrusted>& info)
{
    return info.param.name;
}

class EngineOverTls : public engine_faults, public testing::WithParamInterface<untrusted> {
protected:
    EngineOverTls() : engine_faults(false) {}
};

TEST_P(EngineOverTls, F57_IsNotTrustedAndTheFileStaysUntilItHasAGoodCertificate)
{
    const certificate_authority authority;
    const auto valid = authority.issue({.names = {"IP:127.0.0.1"}});
    const proto_http::address behind = proto_http::unix_address{harness->directory.path() / "engine.sock"};
    std::optional<support::tls_front> front;
    front.emplace(harness->io, behind, support::tls_front::settings{.own = valid});
    proto_http::tls_settings trusted;
    trusted.roots = proto_http::pem{"ca.pem", authority.root()};
    settings().engine = {front->address(), proto_http::tls_context(trusted)};
    start_ready();
    EXPECT_TRUE(until_connected());

    front->show(GetParam().shown(authority));
    engine().drop_connections();
    const auto before = file();
    scale(2);
    ASSERT_TRUE(until([this] { return metric(R"(swarm_sd_stream_losses_total{cause="tls"})") >= 2; }));
    ASSERT_TRUE(until([this] { return metric(R"(swarm_sd_read_failure_reasons_total{reason="tls"})") >= 1; }));
    EXPECT_EQ(file(), before);
    EXPECT_EQ(metric("swarm_sd_stream_connected"), 0);

    front->show(valid);
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until_connected());
    harness->stop();
}

INSTANTIATE_TEST_SUITE_P(Showing, EngineOverTls,
                         testing::Values(untrusted{"F57_expired",
                                                   [](const certificate_authority& ours) {
                                                       return ours.issue(
                                                           {.names = {"IP:127.0.0.1"}, .is_expired = true});
                                                   }},
                                         untrusted{"F57_of_another_authority",
                                                   [](const certificate_authority&) {
                                                       return certificate_authority("others").issue(
                                                           {.names = {"IP:127.0.0.1"}});
                                                   }},
                                         untrusted{"F57_of_another_host",
                                                   [](const certificate_authority& ours) {
                                                       return ours.issue({.names = {"IP:127.0.0.2", "DNS:other"}});
                                                   }}),
                         name_of);

// --- Oddities of HTTP ---

struct oddity {
    const char* name;
    toxic how;
};

std::string oddity_name(const testing::TestParamInfo<oddity>& info)
{
    return info.param.name;
}

class EngineOddity : public engine_faults, public testing::WithParamInterface<oddity> {};

TEST_P(EngineOddity, F58_CostsNoRead)
{
    engine().poison(GetParam().how);
    start_ready();
    const auto lists = engine().count("/tasks");
    ASSERT_TRUE(until([&] { return engine().count("/tasks") >= lists + 5; }));
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_EQ(metric(R"(swarm_sd_read_failures_total{what="everything"})"), 0);
}

INSTANTIATE_TEST_SUITE_P(
    As, EngineOddity,
    testing::Values(oddity{"F58_connection_close",
                           {.path = "/tasks", .headers = {{"Connection", "close"}}, .then = toxic::ending::close}},
                    oddity{"F58_closed_behind_every_answer", {.path = "/nodes", .then = toxic::ending::close}},
                    oddity{"F58_closed_as_the_request_comes",
                           {.path = "/services", .first = 3, .last = 3, .cut_at = 0, .then = toxic::ending::close}},
                    oddity{"F58_reset_as_the_request_comes",
                           {.path = "/tasks", .first = 3, .last = 3, .cut_at = 0, .then = toxic::ending::reset}},
                    oddity{"F58_interim_answers",
                           {.interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"}}),
    oddity_name);

TEST_F(EngineConnection, F58_ASwitchOfProtocolsIsNoAnswer)
{
    start_ready();
    engine().poison({.path = "/tasks", .status = 101, .headers = {{"Connection", "Upgrade"}, {"Upgrade", "h2c"}}});
    scale(2);
    const auto before = metric(R"(swarm_sd_read_failure_reasons_total{reason="broken"})");
    ASSERT_TRUE(until([&] { return metric(R"(swarm_sd_read_failure_reasons_total{reason="broken"})") > before; }));
    engine().cure();
    EXPECT_TRUE(until_right());
}

TEST_F(EngineConnection, F58_WhoIsTurnedAwayComesAgain)
{
    start_ready();
    engine().turns_away = 3;
    engine().drop_connections();
    scale(2);
    EXPECT_TRUE(until_right());
    EXPECT_TRUE(until_connected());
}

} // namespace
} // namespace faults
