#pragma once

#include "tests/support/http2_peer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace support {

/// A gRPC server with TLS on a Unix socket, in the test's own io_context. It hands each call to a script, keeps a
/// record of all of them, and misbehaves on demand. Its certificate is its own, made when it starts.
class grpc_server {
    struct connection;

public:
    /// A call that came in completely. Answers to one whose connection is gone go nowhere.
    class call {
    public:
        call(std::weak_ptr<connection> where, http2_peer::stream_id id);

        std::string method;  ///< `/package.Service/Method`
        std::string request; ///< the message
        http2_peer::field_list fields;

        /// Sends a message.
        void send(std::string_view message);
        /// Sends bytes as they are.
        void send_bytes(std::string_view bytes);
        /// Ends the answer with a status.
        void end(int status = 0, std::string_view message = {});
        /// Sends one message and ends well.
        void answer(std::string_view message);
        /// Answers with a head alone.
        void refuse(const http2_peer::field_list& trailers, unsigned status = 200);
        void reset(std::uint32_t code);

        /// The code with which the client gave it up.
        [[nodiscard]] std::optional<std::uint32_t> given_up() const;
        /// Whether its connection still stands.
        [[nodiscard]] bool is_connected() const { return !where_.expired(); }
        /// Whether nothing more can be said.
        [[nodiscard]] bool is_over() const { return has_ended_ || !is_connected() || given_up(); }

    private:
        /// The peer to answer by, once the head is sent; null when it is gone.
        std::shared_ptr<connection> begun();

        std::weak_ptr<connection> where_;
        http2_peer::stream_id id_;
        bool has_begun_ = false;
        bool has_ended_ = false;
    };

    grpc_server(boost::asio::any_io_executor executor, const std::filesystem::path& socket,
                std::function<void(call&)> script);
    ~grpc_server();
    grpc_server(const grpc_server&) = delete;
    grpc_server& operator=(const grpc_server&) = delete;

    /// Accepts until cancelled. The socket is there from construction to `close`.
    [[nodiscard]] boost::asio::awaitable<void> run();

    // --- Faults ---

    /// What whoever connects meets.
    enum class front {
        tls,
        tls_without_alpn,
        plain_text, ///< an HTTP/1.1 answer
        silent,     ///< nothing at all
    };
    front shows = front::tls;

    /// Ends every connection now, in the middle of whatever it does.
    void drop_connections();
    /// Tells every client that nothing new will be answered; what is under way goes on.
    void go_away();
    /// Bytes between frames, to every client.
    void send_raw(std::string_view bytes);
    /// Nobody is accepted any more, and the socket's file is gone.
    void close();

    /// Connections not yet ended. Must be none before this object goes.
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

    std::list<call> calls; ///< all that ever came
    [[nodiscard]] std::size_t count(std::string_view method) const;
    /// Drops the calls that are over, for runs of days.
    void forget_ended()
    {
        calls.remove_if([](const call& one) { return one.is_over(); });
    }

private:
    [[nodiscard]] boost::asio::awaitable<void> serve(std::shared_ptr<connection> with);
    [[nodiscard]] boost::asio::awaitable<void> converse(connection& with);
    [[nodiscard]] boost::asio::awaitable<void> receive(connection& with);
    [[nodiscard]] boost::asio::awaitable<void> send(connection& with);
    void take_calls(connection& with);

    std::filesystem::path path_;
    std::function<void(call&)> script_;
    boost::asio::ssl::context context_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::list<std::shared_ptr<connection>> connections_;
};

} // namespace support
