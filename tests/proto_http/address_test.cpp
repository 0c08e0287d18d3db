#include "proto_http/address.hpp"

#include <gtest/gtest.h>

namespace proto_http {
namespace {

TEST(Address, ReadsAsAUrlInLogs)
{
    EXPECT_EQ(to_string(unix_address{"/run/docker.sock"}), "unix:///run/docker.sock");
    EXPECT_EQ(to_string(tcp_address{"engine.example", 2375}), "tcp://engine.example:2375");
    EXPECT_EQ(to_string(tcp_address{"10.0.0.1", 80}), "tcp://10.0.0.1:80");
}

TEST(Address, PutsIpv6InBrackets)
{
    EXPECT_EQ(to_string(tcp_address{"fe80::1%eth0", 2375}), "tcp://[fe80::1%eth0]:2375");
    EXPECT_EQ(host_header(tcp_address{"::1", 2375}), "[::1]:2375");
}

TEST(Address, HostHeaderKnowsNoPathAndNoZone)
{
    EXPECT_EQ(host_header(unix_address{"/run/docker.sock"}), "localhost");
    EXPECT_EQ(host_header(tcp_address{"engine.example", 2375}), "engine.example:2375");
    EXPECT_EQ(host_header(tcp_address{"fe80::1%eth0", 2375}), "[fe80::1]:2375");
}

} // namespace
} // namespace proto_http
