#include "agent/docker/docker_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::docker {
namespace {

using proto_http::tcp_address;
using proto_http::unix_address;
using ::testing::HasSubstr;
using ::testing::Not;

/// What is wrong with the text; empty when nothing is.
std::string complaint(std::string_view text)
{
    const auto read = parse_docker_host(text, security::plain);
    const auto* message = std::get_if<std::string>(&read);
    return message ? *message : std::string{};
}

proto_http::address address(std::string_view text)
{
    EXPECT_EQ(complaint(text), "");
    const auto read = parse_docker_host(text, security::plain);
    const auto* found = std::get_if<docker_host>(&read);
    return found ? found->where : proto_http::address{};
}

using outcome = std::variant<docker_host, std::string>;

outcome over_tls(const char* host, std::uint16_t port)
{
    return docker_host{tcp_address{host, port}, security::tls};
}

outcome plain(proto_http::address where)
{
    return docker_host{std::move(where), security::plain};
}

TEST(DockerHost, MayBeAUnixSocket)
{
    EXPECT_EQ(address("unix:///var/run/docker.sock"), proto_http::address(unix_address{"/var/run/docker.sock"}));
}

TEST(DockerHost, MayBeAHostAndPort)
{
    EXPECT_EQ(address("tcp://manager:2376"), proto_http::address(tcp_address{"manager", 2376}));
    EXPECT_EQ(address("http://10.0.0.1:80"), proto_http::address(tcp_address{"10.0.0.1", 80}));
    EXPECT_EQ(address("tcp://tasks.docker-socket_proxy:1"),
              proto_http::address(tcp_address{"tasks.docker-socket_proxy", 1}));
    EXPECT_EQ(address("tcp://host:65535/"), proto_http::address(tcp_address{"host", 65535}));
}

TEST(DockerHost, HasPort2375WhereNoneIsGiven)
{
    EXPECT_EQ(address("tcp://manager"), proto_http::address(tcp_address{"manager", 2375}));
    EXPECT_EQ(address("http://[fd00::1]/"), proto_http::address(tcp_address{"fd00::1", 2375}));
}

TEST(DockerHost, MayBeOverTlsThenOnPort2376)
{
    for (const auto of_tcp : {security::plain, security::tls}) {
        EXPECT_EQ(parse_docker_host("https://engine", of_tcp), over_tls("engine", 2376));
        EXPECT_EQ(parse_docker_host("https://[::1]:443", of_tcp), over_tls("::1", 443));
        EXPECT_EQ(parse_docker_host("unix:///s", of_tcp), plain(unix_address{"/s"})) << "needs none";
    }
    EXPECT_EQ(parse_docker_host("tcp://engine", security::tls), over_tls("engine", 2376));
    EXPECT_EQ(parse_docker_host("tcp://engine:2375", security::tls), over_tls("engine", 2375));
    EXPECT_EQ(parse_docker_host("tcp://engine:2376", security::plain), plain(tcp_address{"engine", 2376}));
    EXPECT_EQ(parse_docker_host("http://engine", security::plain), plain(tcp_address{"engine", 2375}));
}

TEST(DockerHost, IsNotPlainWhereTlsIsAskedFor)
{
    const auto read = parse_docker_host("http://engine", security::tls);
    ASSERT_TRUE(std::holds_alternative<std::string>(read));
    EXPECT_THAT(std::get<std::string>(read), HasSubstr("\"http://engine\": this is plain HTTP"));
}

TEST(DockerHost, MayBeAnIPv6AddressInBrackets)
{
    EXPECT_EQ(address("tcp://[::1]:2375"), proto_http::address(tcp_address{"::1", 2375}));
    EXPECT_EQ(address("tcp://[fe80::1%eth0]:1"), proto_http::address(tcp_address{"fe80::1%eth0", 1}));
}

TEST(DockerHost, HasNothingElseInBrackets)
{
    for (const auto* text :
         {"tcp://[manager]:2375", "tcp://[10.0.0.1]", "tcp://[U%1]", "tcp://[%eth0]:1", "tcp://[::g]"})
        EXPECT_THAT(complaint(text), HasSubstr("IPv6 address")) << text;
}

TEST(DockerHost, NeedsAnAbsoluteSocketPathThatFits)
{
    EXPECT_THAT(complaint("unix://"), HasSubstr("absolute"));
    EXPECT_THAT(complaint("unix://var/run/docker.sock"), HasSubstr("absolute"));
    EXPECT_EQ(complaint("unix:///" + std::string(106, 'a')), "");
    EXPECT_THAT(complaint("unix:///" + std::string(107, 'a')), HasSubstr("107 bytes"));
}

TEST(DockerHost, NeedsAHost)
{
    for (const auto* text : {"tcp://", "tcp://:2375", "tcp:///", "tcp://[]:1", "tcp://[::1", "tcp://["})
        EXPECT_THAT(complaint(text), HasSubstr("host is missing")) << text;
}

TEST(DockerHost, NeedsAGoodPort)
{
    for (const auto* text : {"tcp://h:", "tcp://h:0", "tcp://h:65536", "tcp://h:x", "tcp://h:1:2", "tcp://[::1]2375",
                             "tcp://[::1]:", "tcp://::1:2375"})
        EXPECT_NE(complaint(text), "") << text;
}

TEST(DockerHost, HasNoPathQueryOrUser)
{
    for (const auto* text : {"tcp://h:1/path", "tcp://h?q", "http://user@h", "http://h#x", "http://h//"})
        EXPECT_THAT(complaint(text), HasSubstr("no path")) << text;
}

TEST(DockerHost, HasNoForeignCharactersInTheHost)
{
    for (const auto* text : {"tcp://a b", "tcp://a\r\nX:1", "tcp://h\xC3\xB6st", "tcp://[a b]:1", "tcp://a%00"})
        EXPECT_THAT(complaint(text), HasSubstr("character")) << text;
}

TEST(DockerHost, HasAKnownScheme)
{
    for (const auto* text : {"", "manager:2375", "/var/run/docker.sock", "unix:/var/run/docker.sock"})
        EXPECT_THAT(complaint(text), HasSubstr("expected unix://")) << text;
    for (const auto* text : {"ssh://host", "npipe:////./pipe/docker", "fd://", "UNIX:///x", "://x"})
        EXPECT_THAT(complaint(text), HasSubstr("unknown scheme")) << text;
}

TEST(DockerHost, IsQuotedInComplaints)
{
    EXPECT_THAT(complaint("ssh://host"), HasSubstr("\"ssh://host\""));
    EXPECT_THAT(complaint("ssh://host"), Not(HasSubstr("\n")));
}

} // namespace
} // namespace agent::docker
