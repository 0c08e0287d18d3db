#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent::core {

/// An IP address that Prometheus may be sent to.
struct ip_address {
    std::string text; ///< without prefix length or brackets
    bool v6 = false;
};

/// Reads `10.0.1.3/24`, `10.0.1.3`, `fd00::1/64`.
///
/// @return nothing when it is no address, or one that is never a scrape target: loopback, link-local (the cloud
///         metadata service lives there), multicast, unspecified. IPv4 addresses in IPv6 clothes are judged by the IPv4
///         one.
[[nodiscard]] std::optional<ip_address> scrapable_address(std::string_view cidr);
/// Likewise; in host order.
[[nodiscard]] std::optional<ip_address> scrapable_address(std::uint32_t ipv4);

/// Reads an address with its prefix length, as Go's `net.ParseCIDR` does; any address will do.
[[nodiscard]] std::optional<ip_address> parse_cidr(std::string_view cidr);

/// `10.0.1.3:80`, `[fd00::1]:80`, and whatever the host is, as Go's `net.JoinHostPort` does.
[[nodiscard]] std::string join_host_port(std::string_view host, std::uint32_t port);
[[nodiscard]] inline std::string join_host_port(const ip_address& host, std::uint32_t port)
{
    return join_host_port(host.text, port);
}

} // namespace agent::core
