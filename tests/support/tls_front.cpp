#include "tests/support/tls_front.hpp"

#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl.h>

#include <array>
#include <exception>
#include <utility>
#include <variant>

namespace support {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using unix_protocol = asio::local::stream_protocol;
using proto_http::use_result;
using namespace asio::experimental::awaitable_operators;

void rethrow(const std::exception_ptr& problem)
{
    if (problem)
        std::rethrow_exception(problem);
}

/// Copies until either side has ended.
template <class From, class To>
asio::awaitable<void> pump(From& from, To& to)
{
    std::array<char, 4096> bytes{};
    while (true) {
        const auto [error, count] = co_await from.async_read_some(asio::buffer(bytes), use_result);
        if (error)
            co_return;
        const auto [problem, sent] = co_await asio::async_write(to, asio::buffer(bytes, count), use_result);
        if (problem)
            co_return;
    }
}

int choose_protocol(SSL* /*session*/, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned offered_bytes, void* wanted)
{
    const auto& name = *static_cast<const std::string*>(wanted);
    for (unsigned at = 0; at < offered_bytes; at += 1U + offered[at]) {
        if (std::string(offered + at + 1, offered + at + 1 + offered[at]) != name)
            continue;
        *chosen = offered + at + 1;
        *length = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

} // namespace

struct tls_front::state {
    state(asio::io_context& io, const proto_http::address& server, settings wanted)
        : acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          behind(std::get<proto_http::unix_address>(server).path),
          how(std::move(wanted)),
          context(ssl::context::tls_server)
    {
        show(how.own);
        if (!how.client_root.empty()) {
            context.add_certificate_authority(asio::buffer(how.client_root));
            context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
        }
        if (how.newest_version != 0)
            ::SSL_CTX_set_max_proto_version(context.native_handle(), how.newest_version);
        if (!how.protocol.empty())
            ::SSL_CTX_set_alpn_select_cb(context.native_handle(), choose_protocol, &how.protocol);
    }

    void show(const certificate& own)
    {
        context.use_certificate_chain(asio::buffer(own.chain));
        context.use_private_key(asio::buffer(own.key), ssl::context::pem);
    }

    static asio::awaitable<void> accept(std::shared_ptr<state> shared)
    {
        while (true) {
            auto [error, socket] = co_await shared->acceptor.async_accept(use_result);
            if (error)
                co_return;
            ++shared->connections;
            asio::co_spawn(shared->acceptor.get_executor(), serve(shared, std::move(socket)), rethrow);
        }
    }

    static asio::awaitable<void> serve(std::shared_ptr<state> shared, tcp::socket socket)
    {
        ssl::stream<tcp::socket> client(std::move(socket), shared->context);
        const auto [refused] = co_await client.async_handshake(ssl::stream_base::server, use_result);
        if (const auto* name = ::SSL_get_servername(client.native_handle(), TLSEXT_NAMETYPE_host_name))
            shared->asked_name = name;
        if (refused)
            co_return;
        ++shared->handshakes;
        unix_protocol::socket server(shared->acceptor.get_executor());
        const auto [absent] = co_await server.async_connect(unix_protocol::endpoint(shared->behind), use_result);
        if (!absent)
            co_await (pump(client, server) || pump(server, client));
        ++shared->ended; // nobody sees that before the next line has sent the alert, if its turn comes
        if (shared->how.end == ending::announced)
            co_await client.async_shutdown(use_result);
    }

    tcp::acceptor acceptor;
    std::string behind;
    settings how;
    ssl::context context;
    std::size_t connections = 0;
    std::size_t handshakes = 0;
    std::size_t ended = 0;
    std::string asked_name;
};

tls_front::tls_front(asio::io_context& io, const proto_http::address& behind, const settings& how)
    : state_(std::make_shared<state>(io, behind, how))
{
    asio::co_spawn(io, state::accept(state_), rethrow);
}

tls_front::~tls_front()
{
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

proto_http::address tls_front::address(const std::string& host) const
{
    return proto_http::tcp_address{host, state_->acceptor.local_endpoint().port()};
}

void tls_front::show(const certificate& own)
{
    state_->show(own);
}

std::size_t tls_front::connections() const
{
    return state_->connections;
}

std::size_t tls_front::handshakes() const
{
    return state_->handshakes;
}

std::size_t tls_front::ended() const
{
    return state_->ended;
}

std::string tls_front::asked_name() const
{
    return state_->asked_name;
}

} // namespace support
