#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace integration {

/// Stands between a client and an engine, on Unix sockets, passes every byte on as it comes, and keeps each request's
/// method and target. It runs in a thread of its own until the object goes.
class recording_proxy {
public:
    struct request {
        std::string method;
        std::string target;
    };

    /// @param socket  what it listens on; must not exist
    /// @param engine  the socket it passes requests on to
    recording_proxy(const std::filesystem::path& socket, const std::filesystem::path& engine);
    recording_proxy(const recording_proxy&) = delete;
    recording_proxy& operator=(const recording_proxy&) = delete;
    ~recording_proxy();

    /// Those that came so far, in order.
    [[nodiscard]] std::vector<request> requests() const;

private:
    using protocol = boost::asio::local::stream_protocol;

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(protocol::socket client);
    boost::asio::awaitable<void> pass_requests(protocol::socket& client, protocol::socket& engine);
    void record(std::string_view head);

    mutable std::mutex mutex_; // guards the record
    std::vector<request> requests_;
    protocol::endpoint engine_;
    boost::asio::io_context io_{1}; // frames of the coroutines go with it: before what they use
    protocol::acceptor acceptor_;
    std::thread thread_;
};

} // namespace integration
