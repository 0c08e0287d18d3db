#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// A client for benchmarks in the same process as the server: keep-alive connections over loopback, on the thread of
/// whoever calls.
namespace bench {

class loopback_load {
public:
    /// Connects. @throws std::system_error
    loopback_load(std::uint16_t port, std::size_t connections, const std::string& target);
    loopback_load(const loopback_load&) = delete;
    loopback_load& operator=(const loopback_load&) = delete;
    ~loopback_load();

    /// One request on each connection, all at once; returns when all have been answered.
    ///
    /// @throws std::runtime_error  an answer is not 200
    void round();

    /// Keeps a request at work on each connection, for so long, as wrk does.
    ///
    /// @return how long each request took
    std::vector<std::chrono::nanoseconds> keep_busy(std::chrono::milliseconds span);

    [[nodiscard]] std::size_t connections() const noexcept { return sockets_.size(); }

private:
    void send(int socket) const;
    void receive(int socket);

    std::string request_;
    std::vector<int> sockets_;
    std::vector<char> answer_;
};

} // namespace bench
