#include "proto_http/address.hpp"

#include <string_view>

namespace proto_http {
namespace {

std::string host_and_port(std::string_view host, std::uint16_t port)
{
    const bool is_v6 = host.find(':') != std::string_view::npos;
    const std::string bracketed = is_v6 ? "[" + std::string(host) + "]" : std::string(host);
    return bracketed + ":" + std::to_string(port);
}

} // namespace

std::string to_string(const address& where)
{
    if (const auto* file = std::get_if<unix_address>(&where))
        return "unix://" + file->path;
    const auto& [host, port] = std::get<tcp_address>(where);
    return "tcp://" + host_and_port(host, port);
}

std::string host_header(const address& where)
{
    if (std::holds_alternative<unix_address>(where))
        return "localhost";
    const auto& [host, port] = std::get<tcp_address>(where);
    // A zone (`fe80::1%eth0`) means something on this machine only.
    return host_and_port(std::string_view(host).substr(0, host.find('%')), port);
}

} // namespace proto_http
