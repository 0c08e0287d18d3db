// An engine that is reached over TLS only: a real dockerd with --tlsverify.
#include "tests/integration/agent_process.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/file_history.hpp"
#include "tests/integration/oracle.hpp"
#include "tests/integration/swarm_test.hpp"
#include "tests/support/certificates.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void write(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path) << text;
}

/// A directory as DOCKER_CERT_PATH wants it.
void write_certificates(const std::filesystem::path& directory, const support::certificate_authority& trusted,
                        const support::certificate& own)
{
    std::filesystem::create_directory(directory);
    write(directory / "ca.pem", trusted.root());
    write(directory / "cert.pem", own.chain);
    write(directory / "key.pem", own.key);
}

class Tls : public swarm_test {
protected:
    /// Has the engine of node 1 listen on TCP, too, for clients of ours only.
    void serve_tls(const private_swarm& swarm)
    {
        const auto servers = swarm.directory() / "server";
        write_certificates(servers, authority_, authority_.issue({.names = {"IP:127.0.0.1", "DNS:localhost"}}));
        swarm.node("stop");
        swarm.start({"--host=tcp://127.0.0.1:2376", "--tlsverify", "--tlscacert=" + (servers / "ca.pem").string(),
                     "--tlscert=" + (servers / "cert.pem").string(), "--tlskey=" + (servers / "key.pem").string()});
        host_ = "tcp://127.0.0.1:" + std::to_string(swarm.forward(2376));
        write_certificates(swarm.directory() / "client", authority_, authority_.issue({}));
    }

    /// `once` with the given variables, such as `DOCKER_TLS_VERIFY=1`.
    [[nodiscard]] command_result once(const arguments& variables, const std::filesystem::path& file) const
    {
        arguments command{"env", "DOCKER_HOST=" + host_};
        command.insert(command.end(), variables.begin(), variables.end());
        command.insert(command.end(), {AGENT_BINARY, "once", "--output=endpoints=" + file.string()});
        return run(command);
    }

    support::certificate_authority authority_;
    std::string host_;
};

void make_service(const private_swarm& swarm)
{
    swarm.make_image("localhost:5000/accountservice:1", {ACCOUNTSERVICE_BINARY});
    swarm.docker({"network", "create", "--driver", "overlay", "my_network"});
    swarm.docker({"service", "create", "--detach", "--no-resolve-image", "--name", "accountservice", "--network",
                  "my_network", "--publish", "6767:6767", "--replicas", "2", "localhost:5000/accountservice:1"});
    ASSERT_TRUE(eventually([&] { return targets_in(expected_endpoints(swarm)).size() == 2; }));
}

TEST_F(Tls, ShowsTheSwarmThatTheSocketShows)
{
    const private_swarm swarm;
    serve_tls(swarm);
    make_service(swarm);
    const auto certificates = swarm.directory() / "client";
    const auto over_tls = swarm.directory() / "tls.json";
    const auto over_socket = swarm.directory() / "socket.json";

    const auto written = once({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates.string()}, over_tls);
    ASSERT_EQ(written.exit_code, 0) << written.err;
    ASSERT_EQ(run({AGENT_BINARY, "once", "--docker.host=unix://" + swarm.socket().string(),
                   "--output=endpoints=" + over_socket.string()})
                  .exit_code,
              0);
    EXPECT_EQ(contents_of(over_tls), contents_of(over_socket));
    EXPECT_EQ(targets_in(contents_of(over_tls)).size(), 2U);

    // --- What is refused, and how that is told ---
    const auto refused = [&](const arguments& variables) {
        const auto never = swarm.directory() / "never.json";
        const auto result = once(variables, never);
        EXPECT_EQ(result.exit_code, 1) << result.err;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_FALSE(std::filesystem::exists(never));
        return result.err;
    };
    const support::certificate_authority theirs("another CA");
    const auto mistrusting = swarm.directory() / "mistrusting";
    write_certificates(mistrusting, theirs, authority_.issue({}));
    EXPECT_THAT(refused({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + mistrusting.string()}),
                HasSubstr("certificate verify failed: "));
    const auto foreign = swarm.directory() / "foreign";
    write_certificates(foreign, authority_, theirs.issue({}));
    EXPECT_THAT(refused({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + foreign.string()}),
                AllOf(HasSubstr("alert"), HasSubstr("certificate")));
    std::filesystem::remove(foreign / "cert.pem");
    std::filesystem::remove(foreign / "key.pem");
    EXPECT_THAT(refused({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + foreign.string()}),
                AllOf(HasSubstr("alert"), HasSubstr("no client certificate was shown")));
    EXPECT_THAT(refused({}), HasSubstr("HTTPS")) << "the engine's own words";

    std::filesystem::remove(foreign / "ca.pem");
    const auto absent = once({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + foreign.string()}, over_tls);
    EXPECT_EQ(absent.exit_code, 2);
    EXPECT_THAT(absent.err, HasSubstr((foreign / "ca.pem").string() + ": No such file or directory"));
}

TEST_F(Tls, CarriesEventsAndReadsCertificatesAnewOnSighup)
{
    const private_swarm swarm;
    serve_tls(swarm);
    make_service(swarm);
    const auto certificates = swarm.directory() / "client";
    const auto file = swarm.directory() / "output" / "endpoints.json";
    ::setenv("DOCKER_TLS_VERIFY", "1", 1);
    ::setenv("DOCKER_CERT_PATH", certificates.c_str(), 1);
    // So that what comes soon comes by an event.
    agent_process agent(swarm, file, {"--docker.host=" + host_, "--docker.resync-interval=1h"});
    ::unsetenv("DOCKER_TLS_VERIFY");
    ::unsetenv("DOCKER_CERT_PATH");
    ASSERT_TRUE(agent.becomes_ready()) << contents_of(agent.log());
    EXPECT_EQ(targets_in(contents_of(file)).size(), 2U);
    EXPECT_THAT(contents_of(agent.log()), HasSubstr("engine=\"https://127.0.0.1:"));

    swarm.docker({"service", "scale", "--detach", "accountservice=3"});
    EXPECT_TRUE(eventually([&] { return targets_in(contents_of(file)).size() == 3; }));

    write(certificates / "cert.pem", "rubbish");
    agent.reload();
    EXPECT_TRUE(eventually([&] { return contents_of(agent.log()).find("reload_failed") != std::string::npos; }));
    swarm.docker({"service", "scale", "--detach", "accountservice=1"});
    EXPECT_TRUE(eventually([&] { return targets_in(contents_of(file)).size() == 1; }));

    const auto renewed = authority_.issue({.common_name = "renewed"});
    write(certificates / "cert.pem", renewed.chain);
    write(certificates / "key.pem", renewed.key);
    agent.reload();
    ASSERT_TRUE(agent.becomes_ready());
    swarm.docker({"service", "scale", "--detach", "accountservice=2"});
    EXPECT_TRUE(eventually([&] { return targets_in(contents_of(file)).size() == 2; }));
    EXPECT_EQ(agent.stop(), 0);
}

} // namespace
} // namespace integration
