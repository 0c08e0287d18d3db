#include "proto_http/transport.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <variant>

namespace asio = boost::asio;
namespace ssl = asio::ssl;

namespace proto_http {
namespace {

bool is_ssl(const error_code& error, int reason)
{
    return error.category() == asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(error.value())) == reason;
}

/// Asks for a host by name, and expects its name or address in the certificate.
///
/// Names count only where they are subject alternative names, as for Go and so for the docker command line.
void expect_host(SSL* session, const std::string& host, bool verifies)
{
    const auto name = host.substr(0, host.find('%')); // a zone means something on this machine only
    error_code not_numeric;
    static_cast<void>(asio::ip::make_address(name, not_numeric));
    // SSL_set_tlsext_host_name, without the cast in it. OpenSSL copies the name.
    if (not_numeric)
        ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
    if (!verifies)
        return;
    auto* const wanted = ::SSL_get0_param(session);
    ::X509_VERIFY_PARAM_set_hostflags(wanted,
                                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (not_numeric)
        ::X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size());
    else
        ::X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
}

/// Why there was no handshake.
error_code explain(const error_code& error, SSL* session)
{
    if (is_ssl(error, SSL_R_CERTIFICATE_VERIFY_FAILED))
        return {static_cast<int>(::SSL_get_verify_result(session)), certificate_category()};
    if (is_ssl(error, SSL_R_WRONG_VERSION_NUMBER))
        return errc::not_tls;
    if (error == ssl::error::stream_truncated || error == asio::error::eof)
        return errc::handshake_cut;
    return error;
}

} // namespace

struct transport::tls_session {
    tls_session(stream_socket& socket, const tls_context& trust) : stream(socket, trust.native()) {}

    ssl::stream<stream_socket&> stream;
};

transport::transport(const asio::any_io_executor& executor) : socket_(executor) {}
transport::transport(stream_socket accepted) : socket_(std::move(accepted)) {}
transport::~transport() = default;

asio::awaitable<result<void>> transport::open(origin server)
{
    close();
    tls_.reset();
    const auto connected = co_await connect(socket_, server.where);
    if (!connected || !server.tls)
        co_return connected;
    co_return co_await shake_hands_with(std::move(server));
}

asio::awaitable<result<void>> transport::shake_hands_with(origin server)
{
    tls_ = std::make_unique<tls_session>(socket_, *server.tls);
    auto* const session = tls_->stream.native_handle();
    if (const auto* host = std::get_if<tcp_address>(&server.where))
        expect_host(session, host->host, server.tls->verifies());
    const auto [error] = co_await tls_->stream.async_handshake(ssl::stream_base::client, use_result);
    if (error)
        co_return explain(error, session);
    socket_.non_blocking(true); // for `is_quiet`
    co_return result<void>();
}

asio::awaitable<result<void>> transport::shake_hands(tls_context own)
{
    tls_ = std::make_unique<tls_session>(socket_, own);
    const auto [error] = co_await tls_->stream.async_handshake(ssl::stream_base::server, use_result);
    if (is_ssl(error, SSL_R_HTTP_REQUEST))
        co_return make_error_code(errc::plain_http);
    if (error)
        co_return explain(error, tls_->stream.native_handle());
    co_return result<void>();
}

asio::awaitable<transport::transferred> transport::read_some(asio::mutable_buffer room)
{
    return tls_ ? read_tls(room) : socket_.async_read_some(room, use_result);
}

asio::awaitable<transport::transferred> transport::write(asio::const_buffer bytes)
{
    return tls_ ? write_tls(bytes) : asio::async_write(socket_, bytes, use_result);
}

asio::awaitable<transport::transferred> transport::write(std::array<asio::const_buffer, 2> pieces)
{
    return tls_ ? asio::async_write(tls_->stream, pieces, use_result) : asio::async_write(socket_, pieces, use_result);
}

asio::awaitable<transport::transferred> transport::write_plain(std::string bytes)
{
    co_return co_await asio::async_write(socket_, asio::buffer(bytes), use_result);
}

asio::awaitable<void> transport::finish()
{
    if (tls_)
        co_await tls_->stream.async_shutdown(use_result);
    error_code error;
    socket_.shutdown(asio::socket_base::shutdown_send, error);
    std::array<char, 4096> unread{};
    while (!error)
        std::tie(error, std::ignore) = co_await socket_.async_read_some(asio::buffer(unread), use_result);
}

asio::awaitable<transport::transferred> transport::read_tls(asio::mutable_buffer room)
{
    const auto [error, count] = co_await tls_->stream.async_read_some(room, use_result);
    if (error == ssl::error::stream_truncated)
        co_return transferred(errc::closed_early, count);
    co_return transferred(error, count);
}

asio::awaitable<transport::transferred> transport::write_tls(asio::const_buffer bytes)
{
    const auto [error, count] = co_await asio::async_write(tls_->stream, bytes, use_result);
    if (error != asio::error::connection_reset && error != asio::error::broken_pipe)
        co_return transferred(error, count);
    // The server refused us after our side of the handshake (TLS 1.3 has it so) and left. What it said is still here.
    std::array<char, 1> unread{};
    const auto [said, none] = co_await tls_->stream.async_read_some(asio::buffer(unread), use_result);
    const bool is_alert = said.category() == asio::error::get_ssl_category();
    co_return transferred(is_alert ? said : error, count);
}

bool transport::is_quiet()
{
    if (!socket_.is_open())
        return false;
    char byte = 0;
    error_code error;
    if (tls_) {
        // The socket alone does not tell: what came may be for TLS itself, or may have been taken out of it already.
        tls_->stream.read_some(asio::buffer(&byte, 1), error);
    } else if (::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
        error.assign(errno, boost::system::system_category());
    }
    const bool is_quiet = error == asio::error::would_block;
    if (!is_quiet)
        close();
    return is_quiet;
}

std::string transport::protocol() const
{
    const unsigned char* name = nullptr;
    unsigned length = 0;
    if (tls_)
        ::SSL_get0_alpn_selected(tls_->stream.native_handle(), &name, &length);
    return {name, name + length};
}

void transport::close()
{
    error_code ignored;
    socket_.close(ignored);
}

} // namespace proto_http
