#include "agent/shell/descriptor_budget.hpp"

namespace agent::shell {
namespace {

// Each with what it is needed for at the same time as all the others.
constexpr std::size_t standard_streams = 3;
constexpr std::size_t manager = 1;    ///< to tell systemd
constexpr std::size_t reactor = 5;    ///< epoll, eventfd, timerfd, the signals' pipe
constexpr std::size_t pages = 3;      ///< the listening socket, a connection that is refused, /proc for the metrics
constexpr std::size_t engine = 3;     ///< the stream, what comes before one, reads
constexpr std::size_t watch = 2;      ///< the control socket, the question whether it is of the engine's swarm
constexpr std::size_t lookup = 2;     ///< a host name: files, a socket
constexpr std::size_t writing = 1;    ///< the file that is staged or compared; one at a time
constexpr std::size_t per_output = 3; ///< the directory, the staging place, the lock
constexpr std::size_t own = standard_streams + manager + reactor + pages + engine + watch + lookup + writing;

} // namespace

std::size_t page_connections(std::size_t descriptors, std::size_t outputs) noexcept
{
    const auto needed = own + per_output * outputs;
    return descriptors > needed ? descriptors - needed : 1;
}

} // namespace agent::shell
