#pragma once

#include "proto_http/connect.hpp"
#include "proto_http/origin.hpp"
#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>

namespace proto_http {

/// The bytes of one connection at a time, plain or over TLS, of a client or of a server. One read and one write may be under way at once.
///
/// What is awaited must not outlive the transport. Cancelled waits end with `operation_aborted`; the connection is then
/// good for nothing but `close`.
class transport {
public:
    /// The error, if any, and how many bytes there were.
    using transferred = std::tuple<error_code, std::size_t>;

    explicit transport(const boost::asio::any_io_executor& executor);
    /// One that was accepted. Over TLS `shake_hands` comes first.
    explicit transport(stream_socket accepted);
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;
    ~transport();

    /// Connects anew, and shakes hands where TLS is spoken.
    ///
    /// @return as `connect`; what is wrong with the server's certificate (`certificate_category`), `errc::not_tls`,
    ///         `errc::handshake_cut`, or the alert that the server sent (asio's SSL category)
    [[nodiscard]] boost::asio::awaitable<result<void>> open(origin server);

    /// The server's side of the handshake, on an accepted connection.
    ///
    /// @return as `open`; `errc::plain_http` for a client that speaks HTTP without TLS
    [[nodiscard]] boost::asio::awaitable<result<void>> shake_hands(tls_context own);

    /// Waits for bytes. The announced end is `boost::asio::error::eof`. Over TLS an end without `close_notify` is
    /// `errc::closed_early`: somebody may have cut off the rest (RFC 8446 §6.1).
    [[nodiscard]] boost::asio::awaitable<transferred> read_some(boost::asio::mutable_buffer room);

    /// Sends all of it. Over TLS the server's last alert, if it sent one, is the error.
    [[nodiscard]] boost::asio::awaitable<transferred> write(boost::asio::const_buffer bytes);
    /// Likewise of two, one after the other.
    [[nodiscard]] boost::asio::awaitable<transferred> write(std::array<boost::asio::const_buffer, 2> pieces);
    /// Without TLS, whatever is spoken.
    [[nodiscard]] boost::asio::awaitable<transferred> write_plain(std::string bytes);

    /// Says that nothing more is to come, and waits until the other side has said so, too.
    [[nodiscard]] boost::asio::awaitable<void> finish();

    /// Whether it is open, and nothing has come that nobody read, not even the end; closes it otherwise. What TLS sends
    /// for itself (session tickets, new keys) is taken in and does not count. Not while something is under way.
    [[nodiscard]] bool is_quiet();

    /// What ALPN settled on; empty where nothing was offered or the server chose none.
    [[nodiscard]] std::string protocol() const;

    /// Without `close_notify`: that would be one more wait for a server that may be gone, and no request of ours is cut
    /// by it.
    void close();

private:
    struct tls_session;

    [[nodiscard]] boost::asio::awaitable<result<void>> shake_hands_with(origin server);
    [[nodiscard]] boost::asio::awaitable<transferred> read_tls(boost::asio::mutable_buffer room);
    [[nodiscard]] boost::asio::awaitable<transferred> write_tls(boost::asio::const_buffer bytes);

    stream_socket socket_;
    std::unique_ptr<tls_session> tls_; ///< none: plain
};

} // namespace proto_http
