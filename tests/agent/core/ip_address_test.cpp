#include "agent/core/ip_address.hpp"

#include <gtest/gtest.h>

namespace agent::core {
namespace {

std::string read(std::string_view cidr)
{
    const auto address = scrapable_address(cidr);
    return address ? join_host_port(*address, 80) : "none";
}

TEST(IpAddress, IsReadWithAndWithoutPrefixLength)
{
    EXPECT_EQ(read("10.0.1.3/24"), "10.0.1.3:80");
    EXPECT_EQ(read("10.0.1.3"), "10.0.1.3:80");
    EXPECT_EQ(read("fd00::1/64"), "[fd00::1]:80");
    EXPECT_EQ(read("fd00::1"), "[fd00::1]:80");
}

TEST(IpAddress, KnowsItsVersion)
{
    EXPECT_FALSE(scrapable_address("10.0.1.3/24")->v6);
    EXPECT_TRUE(scrapable_address("2001:db8::7/64")->v6);
}

TEST(IpAddress, StaysAsItWasWritten)
{
    EXPECT_EQ(read("FD00:0:0::01/64"), "[FD00:0:0::01]:80");
}

TEST(IpAddress, IsNothingElse)
{
    for (const auto* text : {"", "/24", "10.0.1", "10.0.1.256", "10.0.1.3.4", "010.0.1.3x", " 10.0.1.3", "10.0.1.3 ",
                             "host", "10.0.1.3:80", "[fd00::1]", "fd00::1%eth0/64", "fd00:::1", "0x0a.0.0.1", "1"})
        EXPECT_EQ(read(text), "none") << text;
}

TEST(IpAddress, EndsAtNoNulByte)
{
    EXPECT_EQ(read(std::string_view("10.0.1.3\0.evil", 14)), "none");
}

TEST(IpAddress, RefusesLoopback)
{
    EXPECT_EQ(read("127.0.0.1/8"), "none");
    EXPECT_EQ(read("127.255.255.254"), "none");
    EXPECT_EQ(read("::1/128"), "none");
    EXPECT_EQ(read("128.0.0.1"), "128.0.0.1:80");
}

TEST(IpAddress, RefusesLinkLocal)
{
    EXPECT_EQ(read("169.254.169.254"), "none");
    EXPECT_EQ(read("169.254.0.1/16"), "none");
    EXPECT_EQ(read("fe80::1/64"), "none");
    EXPECT_EQ(read("febf::1"), "none");
    EXPECT_EQ(read("169.253.0.1"), "169.253.0.1:80");
    EXPECT_EQ(read("169.255.0.1"), "169.255.0.1:80");
}

TEST(IpAddress, RefusesMulticast)
{
    EXPECT_EQ(read("224.0.0.1"), "none");
    EXPECT_EQ(read("239.255.255.255"), "none");
    EXPECT_EQ(read("ff02::1"), "none");
    EXPECT_EQ(read("223.255.255.255"), "223.255.255.255:80");
}

TEST(IpAddress, RefusesUnspecified)
{
    EXPECT_EQ(read("0.0.0.0"), "none");
    EXPECT_EQ(read("0.0.0.0/0"), "none");
    EXPECT_EQ(read("::"), "none");
}

TEST(IpAddress, JudgesAMappedAddressByTheIPv4OneInIt)
{
    EXPECT_EQ(read("::ffff:10.0.1.3"), "[::ffff:10.0.1.3]:80");
    EXPECT_EQ(read("::ffff:127.0.0.1"), "none");
    EXPECT_EQ(read("::ffff:169.254.169.254"), "none");
    EXPECT_EQ(read("::ffff:a9fe:a9fe"), "none");
    EXPECT_EQ(read("::ffff:224.0.0.1"), "none");
    EXPECT_EQ(read("::ffff:0.0.0.0"), "none");
}

std::string read_any(std::string_view cidr)
{
    const auto address = parse_cidr(cidr);
    return address ? join_host_port(*address, 80) : "none";
}

TEST(Cidr, IsReadWhateverTheAddressIsFor)
{
    EXPECT_EQ(read_any("10.0.1.3/24"), "10.0.1.3:80");
    EXPECT_EQ(read_any("0.0.0.0/0"), "0.0.0.0:80");
    EXPECT_EQ(read_any("127.0.0.1/32"), "127.0.0.1:80");
    EXPECT_EQ(read_any("fe80::1/128"), "[fe80::1]:80");
}

TEST(Cidr, IsWrittenAsGoWritesIt)
{
    EXPECT_EQ(read_any("FD00:0:0::01/64"), "[fd00::1]:80");
    EXPECT_EQ(read_any("2001:db8:0:1:0:0:0:1/64"), "[2001:db8:0:1::1]:80");
}

TEST(Cidr, NeedsAPrefixLengthThatFits)
{
    for (const auto* text : {"", "/", "/24", "10.0.1.3", "10.0.1.3/", "10.0.1.3/33", "10.0.1.3/-1", "10.0.1.3/+1",
                             "10.0.1.3/24 ", "10.0.1.3/2x", "10.0.1.3/99999999999", "10.0.1.300/24", "10.0.1/24",
                             "10.0.01.3/24", "fd00::1/129", "fd00::g/64", "fe80::1%eth0/64", "x/24"})
        EXPECT_EQ(read_any(text), "none") << text;
}

TEST(HostAndPort, ArePutInBracketsForAColon)
{
    EXPECT_EQ(join_host_port("", 80), ":80");
    EXPECT_EQ(join_host_port("db.example", 80), "db.example:80");
    EXPECT_EQ(join_host_port("fd00::1", 0), "[fd00::1]:0");
}

TEST(Cidr, TakesIpv4AddressesOutOfIpv6Clothes)
{
    EXPECT_EQ(read_any("::ffff:10.0.1.3/120"), "10.0.1.3:80");
}

} // namespace
} // namespace agent::core
