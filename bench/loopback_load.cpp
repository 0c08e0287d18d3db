#include "bench/loopback_load.hpp"

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

int connected(std::uint16_t port)
{
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    if (made < 0 || ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
        ::connect(made, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
        throw std::system_error(errno, std::generic_category(), "connect");
    return made;
}

} // namespace

loopback_load::loopback_load(std::uint16_t port, std::size_t connections, const std::string& target)
    : request_("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), answer_(64 * 1024)
{
    for (std::size_t number = 0; number < connections; ++number)
        sockets_.push_back(connected(port));
}

loopback_load::~loopback_load()
{
    for (const int each : sockets_)
        ::close(each);
}

void loopback_load::send(int socket) const
{
    if (::send(socket, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
        throw std::system_error(errno, std::generic_category(), "send");
}

/// Small answers come whole: the server writes head and body at once.
void loopback_load::receive(int socket)
{
    const auto size = ::recv(socket, answer_.data(), answer_.size(), 0);
    if (size <= 0)
        throw std::system_error(errno, std::generic_category(), "recv");
    if (!std::string_view(answer_.data(), static_cast<std::size_t>(size)).starts_with("HTTP/1.1 200 "))
        throw std::runtime_error("the answer is not 200");
}

void loopback_load::round()
{
    for (const int each : sockets_)
        send(each);
    for (const int each : sockets_)
        receive(each);
}

std::chrono::nanoseconds loopback_load::one()
{
    const int socket = sockets_[next_++ % sockets_.size()];
    const auto from = std::chrono::steady_clock::now();
    send(socket);
    receive(socket);
    return std::chrono::steady_clock::now() - from;
}

} // namespace bench
