#pragma once

#include "proto_http/address.hpp"
#include "proto_http/grpc_status.hpp"
#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace proto_http {

struct grpc_limits {
    std::chrono::milliseconds connect{5'000}; ///< until the TLS handshake is done
    std::size_t message_bytes = 512 * 1024 * 1024;
};

/// One gRPC connection over TLS, for several calls at a time.
///
/// The server is not verified: this is for a Unix socket whose owner has made it reachable for root alone. No client
/// certificate is shown. Nothing happens on the connection unless `run` is under way.
///
/// Calls must not outlive the client. A call that is cancelled or out of time is ended at the server, too.
class grpc_client {
public:
    struct impl;

    /// Connects and shakes hands. `h2` is offered by ALPN, and HTTP/2 spoken even where the server settles on nothing:
    /// a manager of engine 20.10 that was demoted and promoted again has forgotten its own.
    [[nodiscard]] static boost::asio::awaitable<result<grpc_client>> connect(boost::asio::any_io_executor executor,
                                                                             address server, grpc_limits limits = {});
    grpc_client(grpc_client&&) noexcept;
    grpc_client& operator=(grpc_client&&) noexcept;
    ~grpc_client();

    /// Carries frames in both directions until the connection ends or this is cancelled. Calls then fail.
    ///
    /// @return why it ended
    [[nodiscard]] boost::asio::awaitable<error_code> run();

    /// Takes the next piece of a message, as `body_sink` of `client.hpp` does.
    using piece_sink = std::function<error_code(std::string_view)>;

    /// Calls a method that answers with one message. The message is not kept: `sink` gets it as it arrives, and the
    /// reactor has a turn after each piece. What it got is only known to be the whole message when the call succeeds.
    ///
    /// @param method  `/package.Service/Method`
    /// @param limit   for the whole call; the server is told
    [[nodiscard]] boost::asio::awaitable<grpc_result<void>> call(std::string method, std::string request,
                                                                 std::chrono::milliseconds limit, piece_sink sink);

    /// Calls a method that answers with messages without end, and has no time limit.
    [[nodiscard]] grpc_result<class grpc_stream> open_stream(std::string_view method, std::string_view request);

private:
    explicit grpc_client(std::unique_ptr<impl> state);
    std::unique_ptr<impl> impl_;
};

/// The messages of one call, as they come. Ends the call when it is destroyed.
class grpc_stream {
public:
    grpc_stream(grpc_stream&&) noexcept;
    grpc_stream& operator=(grpc_stream&&) noexcept;
    ~grpc_stream();

    /// Waits until there is a message, without limit, and hands over every one that has arrived by then.
    ///
    /// @return why there will be none any more
    [[nodiscard]] boost::asio::awaitable<grpc_result<void>> read(std::function<void(std::string_view)> take);

    struct exchange;
    explicit grpc_stream(std::unique_ptr<exchange> state);

private:
    std::unique_ptr<exchange> exchange_;
};

} // namespace proto_http
