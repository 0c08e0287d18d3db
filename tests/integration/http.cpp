#include "tests/integration/http.hpp"

#include "tests/integration/process.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace integration {

std::optional<std::string> http_get(std::uint16_t port, const std::string& path)
{
    auto result = run({"curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "5",
                       "http://127.0.0.1:" + std::to_string(port) + path});
    if (result.exit_code != 0)
        return std::nullopt;
    return std::move(result.out);
}

std::optional<double> sample(const std::string& exposition, const std::string& series)
{
    const auto line = '\n' + series + ' ';
    const auto found = ('\n' + exposition).find(line);
    if (found == std::string::npos)
        return std::nullopt;
    return std::stod(exposition.substr(found + line.size() - 1));
}

std::uint16_t free_port()
{
    const auto descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address); // the sockets interface wants it so
    if (bind(descriptor, any, length) != 0 || getsockname(descriptor, any, &length) != 0)
        throw std::runtime_error("no free port: " + std::string(std::strerror(errno)));
    close(descriptor);
    return ntohs(address.sin_port);
}

std::string jq(const std::string& program, const std::string& json)
{
    return output_of({"jq", "--raw-output", "--compact-output", "--sort-keys", program}, std::chrono::seconds{10},
                     json);
}

} // namespace integration
