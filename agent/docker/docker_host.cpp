#include "agent/docker/docker_host.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace agent::docker {
namespace {

// Registered for the Docker Engine API (IANA), without TLS and with it.
constexpr std::uint16_t plain_port = 2375;
constexpr std::uint16_t tls_port = 2376;

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && stop == end && port != 0 ? std::optional(port) : std::nullopt;
}

std::string quoted(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

/// With or without a zone.
bool is_v6_address(std::string_view host)
{
    in6_addr ignored{};
    return inet_pton(AF_INET6, std::string(host.substr(0, host.find('%'))).c_str(), &ignored) == 1;
}

std::variant<docker_host, std::string> parse_unix(std::string_view text, std::string_view path)
{
    if (!path.starts_with('/'))
        return quoted(text) + ": the path of a Unix socket must be absolute";
    if (path.size() > proto_http::longest_socket_path)
        return quoted(text) + ": the path of a Unix socket has at most 107 bytes";
    return docker_host{proto_http::unix_address{std::string(path)}};
}

std::variant<docker_host, std::string> parse_tcp(std::string_view text, std::string_view rest, security how)
{
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    if (rest.find_first_of("/?#@") != std::string_view::npos)
        return quoted(text) + ": only a host and a port are expected, no path, query or user";

    const bool bracketed = rest.starts_with('[');
    const auto host_end = bracketed ? rest.find(']') : rest.find(':');
    const auto host = rest.substr(bracketed ? 1 : 0, bracketed ? host_end - 1 : host_end);
    if (host.empty() || (bracketed && host_end == std::string_view::npos))
        return quoted(text) + ": the host is missing";
    const auto is_v6_char = [](char c) { return is_host_char(c) || c == ':' || c == '%'; };
    if (!std::all_of(host.begin(), host.end(), [&](char c) { return bracketed ? is_v6_char(c) : is_host_char(c); }))
        return quoted(text) + ": the host has a character that no host name has";
    if (bracketed && !is_v6_address(host))
        return quoted(text) + ": only an IPv6 address stands in brackets";

    const auto tail =
        host_end == std::string_view::npos ? std::string_view{} : rest.substr(host_end + (bracketed ? 1 : 0));
    if (tail.empty())
        return docker_host{proto_http::tcp_address{std::string(host), how == security::tls ? tls_port : plain_port},
                           how};
    const auto port = tail.front() == ':' ? parse_port(tail.substr(1)) : std::nullopt;
    if (!port)
        return quoted(text) + ": the port must be a number from 1 to 65535";
    return docker_host{proto_http::tcp_address{std::string(host), *port}, how};
}

} // namespace

std::variant<docker_host, std::string> parse_docker_host(std::string_view text, security of_tcp)
{
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos)
        return quoted(text) + ": expected unix://, tcp://, http:// or https:// and an address";
    const auto scheme = text.substr(0, scheme_end);
    const auto rest = text.substr(scheme_end + 3);

    if (scheme == "unix")
        return parse_unix(text, rest);
    if (scheme == "tcp")
        return parse_tcp(text, rest, of_tcp);
    if (scheme == "https")
        return parse_tcp(text, rest, security::tls);
    if (scheme == "http" && of_tcp == security::tls)
        return quoted(text) + ": this is plain HTTP, but DOCKER_TLS_VERIFY or DOCKER_TLS asks for TLS";
    if (scheme == "http")
        return parse_tcp(text, rest, security::plain);
    return quoted(text) + ": unknown scheme " + quoted(scheme) + ", expected unix, tcp, http or https";
}

} // namespace agent::docker
