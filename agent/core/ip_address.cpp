#include "agent/core/ip_address.hpp"

#include "agent/core/address_list.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace agent::core {
namespace {

bool is_refused(std::uint32_t value)
{
    const bool loopback = (value >> 24U) == 127;
    const bool link_local = (value >> 16U) == 0xA9FEU; // 169.254.0.0/16
    const bool multicast = (value >> 28U) == 0xEU;     // 224.0.0.0/4
    return value == INADDR_ANY || loopback || link_local || multicast;
}

bool is_refused(const in_addr& address)
{
    return is_refused(ntohl(address.s_addr));
}

bool is_refused(const in6_addr& address)
{
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        in_addr inner{};
        std::memcpy(&inner, &address.s6_addr[12], sizeof inner);
        return is_refused(inner);
    }
    return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
           IN6_IS_ADDR_MULTICAST(&address);
}

} // namespace

std::optional<ip_address> scrapable_address(std::string_view cidr)
{
    ip_address result{std::string(cidr.substr(0, cidr.find('/'))), false};
    if (result.text.find('\0') != std::string::npos)
        return std::nullopt;

    in_addr v4{};
    if (inet_pton(AF_INET, result.text.c_str(), &v4) == 1)
        return is_refused(v4) ? std::nullopt : std::optional(result);

    in6_addr v6{};
    if (inet_pton(AF_INET6, result.text.c_str(), &v6) != 1 || is_refused(v6))
        return std::nullopt;
    result.v6 = true;
    return result;
}

std::optional<ip_address> scrapable_address(std::uint32_t ipv4)
{
    return is_refused(ipv4) ? std::nullopt : std::optional(ip_address{ipv4_text(ipv4), false});
}

std::optional<ip_address> parse_cidr(std::string_view cidr)
{
    const auto slash = cidr.find('/');
    if (slash == std::string_view::npos)
        return std::nullopt;
    const std::string host(cidr.substr(0, slash));
    const auto digits = cidr.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || host.find('\0') != std::string::npos)
        return std::nullopt;

    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
        return length <= 32 ? std::optional(ip_address{host, false}) : std::nullopt;
    in6_addr v6{};
    if (inet_pton(AF_INET6, host.c_str(), &v6) != 1 || length > 128)
        return std::nullopt;
    // Go writes an IPv4 address in IPv6 clothes without them.
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    inet_ntop(mapped ? AF_INET : AF_INET6, &v6.s6_addr[mapped ? 12 : 0], canonical.data(), canonical.size());
    return ip_address{canonical.data(), !mapped};
}

std::string join_host_port(std::string_view host, std::uint32_t port)
{
    const bool bracketed = host.find(':') != std::string_view::npos;
    return (bracketed ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

} // namespace agent::core
