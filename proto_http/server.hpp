#pragma once

#include "proto_http/listener.hpp"
#include "proto_http/router.hpp"
#include "proto_http/tls.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proto_http {

/// Bounds of a server. The defaults are for an exporter that anybody on the network can reach.
struct server_limits {
    /// For one more, the one that has been idle longest is closed; if none is idle, the new one.
    std::size_t connections = 512;
    std::size_t head_bytes = 8 * 1024; ///< request line and header fields
    std::size_t fields = 100;
    std::size_t target_bytes = 2 * 1024;
    std::size_t body_bytes = 0;              ///< 0: a request with a body is refused with 413
    std::chrono::milliseconds head{10'000};  ///< from the first byte to the end of the body, absolute
    std::chrono::milliseconds idle{60'000};  ///< between requests of one connection
    std::chrono::milliseconds write{30'000}; ///< for one whole response, or one piece of a streamed one
    std::chrono::milliseconds drain{5'000};  ///< for requests in progress when the server is stopped
    /// Streamed replies at a time: they last, and nothing may displace them. For one more the answer is 503.
    std::size_t streams = 16;
};

/// What became of connections since the server was made.
struct server_counts {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;         ///< closed at once: `server_limits::connections` were open, and none was idle
    std::uint64_t displaced = 0;       ///< closed while idle, to make room for a new one
    std::uint64_t accept_failures = 0; ///< attempts to accept that failed, mostly for want of file descriptors
};

/// Makes the answer for a status that the server itself gives. Status and Allow header are the server's business.
using error_page = std::function<reply(unsigned status)>;

/// What stands before all pages. Each part may be missing, and is asked anew each time: what it says may change.
struct server_front {
    /// How the next connection has to speak TLS; nothing: it speaks plain HTTP. A client that speaks plain HTTP all the
    /// same reads a 400 that says so.
    std::function<std::optional<tls_context>()> tls{};
    /// Whether a request with that Authorization field (empty: none) is answered; if not, what it gets instead.
    std::function<boost::asio::awaitable<std::optional<reply>>(std::string authorization)> admit{};
    /// Header fields of every answer.
    std::function<field_list()> fields{};
};

struct server_state;

/// HTTP/1.1 on one thread, one coroutine per connection.
///
/// Beyond what Beast's parser refuses, a request is answered with 400 and its connection closed when it has another
/// Transfer-Encoding than exactly `chunked` or one on HTTP/1.0, more than one Content-Length, not exactly one Host on
/// HTTP/1.1, a target for another host than that, a folded header line, a body on GET or HEAD, a zero byte in its path,
/// or framing in its trailer. A handler that throws costs a 500 and its connection, nothing else.
///
/// A reply may be streamed: chunked to HTTP/1.1 clients, to HTTP/1.0 ones until the connection closes. No piece is kept
/// beyond the one that is being sent. A stream that breaks off, because its writer throws, lacks its last chunk.
///
/// The server itself answers 404, 405, 413 (body), 414 (target), 417 (Expect), 431 (head), 501 (unknown method),
/// 503 (too many streams) and 505 (version), with one line of text if not told otherwise. A connection that is too slow
/// is closed without a word.
class server {
public:
    /// @param on_error  told of what handlers throw, for the log
    /// @param errors    what clients read with a status of the server's own; nothing: `404 Not Found` and a line end
    server(router routes, server_limits limits = {},
           std::function<void(std::string_view route, std::string_view what)> on_error = {}, error_page errors = {},
           server_front front = {});

    /// Accepts until cancelled, then stops accepting, closes idle connections, ends streams with their last words, lets
    /// requests in progress finish within `limits.drain`, and returns when the last connection has ended. Handlers that
    /// are still at work after `limits.drain` are cancelled. Running out of file descriptors pauses accepting; it does
    /// not end it.
    ///
    /// One call at a time. Returns with the caller's cancellation state reset to its default.
    [[nodiscard]] boost::asio::awaitable<void> serve(listener on);

    /// How many are open.
    [[nodiscard]] std::size_t connections() const noexcept;
    /// How many of them carry a streamed reply.
    [[nodiscard]] std::size_t streams() const noexcept;
    [[nodiscard]] const server_limits& limits() const noexcept;
    [[nodiscard]] const server_counts& counts() const noexcept;

    /// Of the socket that it listens on; nothing while it does not serve, and for a Unix socket.
    [[nodiscard]] std::optional<proto_http::accept_queue> accept_queue() const;

private:
    // Shared with the connections: when an io_context is destroyed, their coroutines go in no particular order.
    std::shared_ptr<server_state> state_;
};

} // namespace proto_http
