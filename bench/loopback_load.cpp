#include "bench/loopback_load.hpp"

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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

std::vector<std::chrono::nanoseconds> loopback_load::keep_busy(std::chrono::milliseconds span)
{
    using clock = std::chrono::steady_clock;
    std::vector<std::chrono::nanoseconds> took;
    std::vector<clock::time_point> asked(sockets_.size());
    std::vector<pollfd> waiting;
    for (std::size_t number = 0; number < sockets_.size(); ++number) {
        waiting.push_back({sockets_[number], POLLIN, 0});
        asked[number] = clock::now();
        send(sockets_[number]);
    }
    const auto end = clock::now() + span;
    for (std::size_t at_work = sockets_.size(); at_work > 0;) {
        ::poll(waiting.data(), waiting.size(), -1);
        for (std::size_t number = 0; number < waiting.size(); ++number) {
            if (waiting[number].revents == 0)
                continue;
            receive(sockets_[number]);
            const auto now = clock::now();
            took.push_back(now - asked[number]);
            if (now < end) {
                asked[number] = now;
                send(sockets_[number]);
            } else {
                waiting[number].fd = -1; // poll passes it over
                --at_work;
            }
        }
    }
    return took;
}

} // namespace bench
