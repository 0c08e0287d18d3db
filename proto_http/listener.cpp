#include "proto_http/listener.hpp"

#include "proto_http/errc.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using tcp = asio::ip::tcp;
using endpoint = asio::generic::stream_protocol::endpoint;

constexpr std::string_view unix_scheme = "unix://";

struct host_and_port {
    std::string host; ///< empty: all addresses
    std::uint16_t port = 0;
};

result<host_and_port> take_apart(std::string_view where)
{
    const auto colon = where.rfind(':');
    if (colon == std::string_view::npos)
        return make_error_code(errc::bad_address);

    const auto digits = where.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), port);
    if (problem != std::errc{} || end != digits.end())
        return make_error_code(errc::bad_address);

    auto host = where.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (is_bracketed)
        host = host.substr(1, host.size() - 2);
    else if (host.find_first_of(":[]") != std::string_view::npos)
        return make_error_code(errc::bad_address);
    return host_and_port{std::string(host), port};
}

result<endpoint> resolve(const asio::any_io_executor& executor, const host_and_port& where)
{
    error_code error;
    if (const auto numeric = asio::ip::make_address(where.host, error); !error)
        return endpoint(tcp::endpoint(numeric, where.port));

    tcp::resolver resolver(executor);
    const auto found = resolver.resolve(where.host, std::to_string(where.port), error);
    if (error || found.empty())
        return {boost::system::in_place_error, make_error_code(errc::host_not_found)};
    return endpoint(found.begin()->endpoint());
}

result<stream_acceptor> open(const asio::any_io_executor& executor, const endpoint& where)
{
    error_code error;
    stream_acceptor acceptor(executor);
    acceptor.open(where.protocol(), error);
    if (!error && where.protocol().family() != AF_UNIX)
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && where.protocol().family() == AF_INET6)
        acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error)
        acceptor.bind(where, error);
    if (!error)
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return error;
    return acceptor;
}

result<stream_acceptor> open_unix(const asio::any_io_executor& executor, std::string_view path)
{
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path) || path.find('\0') != std::string_view::npos)
        return make_error_code(errc::bad_address);
    return open(executor, asio::local::stream_protocol::endpoint(path));
}

/// One socket takes both families, unless the machine has no IPv6.
result<stream_acceptor> open_everywhere(const asio::any_io_executor& executor, std::uint16_t port)
{
    auto both = open(executor, tcp::endpoint(tcp::v6(), port));
    if (both || both.error() == asio::error::address_in_use)
        return both;
    return open(executor, tcp::endpoint(tcp::v4(), port));
}

result<stream_acceptor> open_tcp(const asio::any_io_executor& executor, std::string_view where)
{
    const auto parts = take_apart(where);
    if (!parts)
        return parts.error();
    if (parts->host.empty())
        return open_everywhere(executor, parts->port);
    const auto found = resolve(executor, *parts);
    if (!found)
        return found.error();
    return open(executor, *found);
}

} // namespace

std::optional<accept_queue> queue_of(stream_acceptor& acceptor)
{
    // Of a listening socket, these two fields are its queue (Linux, tcp_get_info).
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        info.tcpi_state != TCP_LISTEN)
        return std::nullopt;
    return accept_queue{info.tcpi_unacked, info.tcpi_sacked};
}

result<listener> listener::bind(const asio::any_io_executor& executor, std::string_view where)
{
    auto acceptor = where.starts_with(unix_scheme) ? open_unix(executor, where.substr(unix_scheme.size()))
                                                   : open_tcp(executor, where);
    if (!acceptor)
        return acceptor.error();
    return listener(*std::move(acceptor));
}

listener::listener(stream_acceptor acceptor) : acceptor_(std::move(acceptor)) {}

std::uint16_t listener::port() const
{
    error_code ignored;
    const auto bound = acceptor_.local_endpoint(ignored);
    if (bound.protocol().family() == AF_UNIX)
        return 0;
    // The port is at the same place for both families.
    tcp::endpoint address;
    std::copy_n(static_cast<const char*>(static_cast<const void*>(bound.data())), bound.size(),
                static_cast<char*>(static_cast<void*>(address.data())));
    return address.port();
}

} // namespace proto_http
