#include "tests/support/grpc_server.hpp"

#include "proto_http/doorbell.hpp"
#include "proto_http/grpc_framing.hpp"
#include "tests/support/certificates.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

namespace asio = boost::asio;

namespace support {
namespace {

using socket_type = asio::local::stream_protocol::socket;

/// A certificate of its own, as a swarm's nodes have them.
void certify(asio::ssl::context& context)
{
    const auto own = certificate_authority("swarm-ca").issue({.common_name = "swarm-manager"});
    context.use_certificate_chain(asio::buffer(own.chain));
    context.use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
}

/// RFC 7301: of what the client offers, `h2`; nothing when the server is one without it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length, const unsigned char* offered,
                    unsigned offered_length, void* server)
{
    static constexpr std::array<unsigned char, 3> h2{2, 'h', '2'};
    if (static_cast<const grpc_server*>(server)->shows == grpc_server::front::tls_without_alpn)
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char* found = nullptr;
    const auto outcome = SSL_select_next_proto(&found, chosen_length, h2.data(), h2.size(), offered, offered_length);
    *chosen = found;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

} // namespace

struct grpc_server::connection {
    connection(socket_type peer, asio::ssl::context& context)
        : stream(std::move(peer), context), output(stream.get_executor())
    {
    }

    asio::ssl::stream<socket_type> stream;
    http2_peer http2;
    proto_http::doorbell output;
    std::string raw; ///< to be sent before anything else
    std::set<http2_peer::stream_id> taken;
};

// --- A call ---

grpc_server::call::call(std::weak_ptr<connection> where, http2_peer::stream_id id) : where_(std::move(where)), id_(id)
{
    const auto at = where_.lock();
    fields = at->http2.requests.at(id).fields;
    const auto path = std::find_if(fields.begin(), fields.end(), [](const auto& one) { return one.first == ":path"; });
    method = path == fields.end() ? "" : path->second;
    std::string_view body = at->http2.requests.at(id).body;
    const auto message = proto_http::take_grpc_message(body, body.size());
    request = message && *message ? std::string(**message) : "";
}

std::shared_ptr<grpc_server::connection> grpc_server::call::begun()
{
    auto at = where_.lock();
    if (!at || given_up())
        return nullptr;
    if (!std::exchange(has_begun_, true))
        at->http2.head(id_, {{"content-type", "application/grpc"}});
    at->output.ring();
    return at;
}

void grpc_server::call::send(std::string_view message)
{
    send_bytes(proto_http::grpc_frame(message));
}

void grpc_server::call::send_bytes(std::string_view bytes)
{
    if (const auto at = begun())
        at->http2.data(id_, bytes);
}

void grpc_server::call::end(int status, std::string_view message)
{
    has_ended_ = true;
    http2_peer::field_list trailers{{"grpc-status", std::to_string(status)}};
    if (!message.empty())
        trailers.emplace_back("grpc-message", message);
    if (const auto at = begun())
        at->http2.trailers(id_, trailers);
}

void grpc_server::call::answer(std::string_view message)
{
    send(message);
    end();
}

void grpc_server::call::refuse(const http2_peer::field_list& trailers, unsigned status)
{
    has_ended_ = true;
    const auto at = where_.lock();
    if (!at)
        return;
    at->http2.head_and_end(id_, trailers, status);
    at->output.ring();
}

void grpc_server::call::reset(std::uint32_t code)
{
    has_ended_ = true;
    const auto at = where_.lock();
    if (!at)
        return;
    at->http2.reset(id_, code);
    at->output.ring();
}

std::optional<std::uint32_t> grpc_server::call::given_up() const
{
    const auto at = where_.lock();
    return at ? at->http2.requests.at(id_).reset : std::nullopt;
}

// --- The server ---

grpc_server::grpc_server(asio::any_io_executor executor, const std::filesystem::path& socket,
                         std::function<void(call&)> script)
    : path_(socket),
      script_(std::move(script)),
      context_(asio::ssl::context::tls_server),
      acceptor_(std::move(executor), asio::local::stream_protocol::endpoint(socket.string()))
{
    certify(context_);
    SSL_CTX_set_alpn_select_cb(context_.native_handle(), choose_protocol, this);
}

grpc_server::~grpc_server() = default;

asio::awaitable<void> grpc_server::run()
{
    for (;;) {
        auto peer = co_await acceptor_.async_accept(asio::use_awaitable);
        auto with = std::make_shared<connection>(std::move(peer), context_);
        connections_.push_back(with);
        asio::co_spawn(acceptor_.get_executor(), serve(std::move(with)), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
    }
}

asio::awaitable<void> grpc_server::serve(std::shared_ptr<connection> with)
{
    try {
        co_await converse(*with);
    } catch (const boost::system::system_error&) {
        // The client went away, or the script dropped it.
    }
    connections_.remove(with);
}

asio::awaitable<void> grpc_server::converse(connection& with)
{
    using namespace asio::experimental::awaitable_operators;

    auto& socket = with.stream.next_layer();
    if (shows == front::silent)
        co_return co_await socket.async_wait(socket_type::wait_error, asio::use_awaitable);
    if (shows == front::plain_text) {
        static const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
        co_return;
    }
    co_await with.stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
    co_await (receive(with) || send(with));
}

asio::awaitable<void> grpc_server::receive(connection& with)
{
    std::vector<char> buffer(64 * 1024);
    for (;;) {
        const auto [error, count] = co_await with.stream.async_read_some(asio::buffer(buffer), proto_http::use_result);
        if (error || !with.http2.receive({buffer.data(), count}))
            co_return;
        take_calls(with);
        with.output.ring();
    }
}

asio::awaitable<void> grpc_server::send(connection& with)
{
    for (;;) {
        const auto bytes = std::exchange(with.raw, {}) + with.http2.take_output();
        if (bytes.empty()) {
            co_await with.output.wait();
            continue;
        }
        const auto [error, count] =
            co_await asio::async_write(with.stream, asio::buffer(bytes), proto_http::use_result);
        if (error)
            co_return;
    }
}

void grpc_server::take_calls(connection& with)
{
    const auto own = std::find_if(connections_.begin(), connections_.end(),
                                  [&with](const auto& other) { return other.get() == &with; });
    for (const auto& [id, request] : with.http2.requests)
        if (request.has_ended && with.taken.insert(id).second)
            script_(calls.emplace_back(*own, id));
}

void grpc_server::drop_connections()
{
    for (const auto& one : connections_) {
        boost::system::error_code ignored;
        one->stream.next_layer().close(ignored);
    }
}

void grpc_server::go_away()
{
    for (const auto& one : connections_) {
        one->http2.go_away(0, one->taken.empty() ? 0 : *one->taken.rbegin());
        one->output.ring();
    }
}

void grpc_server::send_raw(std::string_view bytes)
{
    for (const auto& one : connections_) {
        one->raw += bytes;
        one->output.ring();
    }
}

void grpc_server::close()
{
    acceptor_.close();
    std::filesystem::remove(path_);
}

std::size_t grpc_server::count(std::string_view method) const
{
    return static_cast<std::size_t>(
        std::count_if(calls.begin(), calls.end(), [method](const call& one) { return one.method == method; }));
}

} // namespace support
