#include "proto_http/client.hpp"

#include "proto_http/body_decoder.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/timeout.hpp"
#include "proto_http/transport.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace asio = boost::asio;

namespace proto_http {
namespace {

/// A target with a blank or a line end would be another request.
bool is_sendable(std::string_view target)
{
    const auto is_visible = [](char letter) { return letter > ' ' && letter < '\x7f'; };
    return target.starts_with('/') && std::ranges::all_of(target, is_visible);
}

std::string request_text(std::string_view method, std::string_view target, const address& server)
{
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
    text.append(host_header(server)).append("\r\n\r\n");
    return text;
}

/// A connection and what has arrived on it.
class wire {
public:
    explicit wire(const asio::any_io_executor& executor) : connection_(executor) {}

    asio::awaitable<result<void>> open(origin server)
    {
        arrived_.clear();
        return connection_.open(std::move(server));
    }

    /// Whether a byte came since the last request.
    [[nodiscard]] bool heard() const { return heard_; }

    void close()
    {
        connection_.close();
        arrived_.clear();
    }

    /// Whether a request may be sent: connected, and as far as we know the server has neither closed nor sent
    /// anything unasked (a 408 before closing an idle connection would pass for the answer to our request).
    [[nodiscard]] bool is_usable() { return arrived_.is_empty() && connection_.is_quiet(); }

    asio::awaitable<error_code> send(std::string text)
    {
        heard_ = false;
        const auto [error, sent] = co_await connection_.write(asio::buffer(text));
        co_return error;
    }

    /// Reads the head of the final response; interim responses are passed over.
    asio::awaitable<result<response_reader::start>> read_head(std::size_t most_bytes, bool to_head)
    {
        arrived_.expect_head(most_bytes, to_head);
        while (true) {
            auto start = arrived_.take_head();
            if (!start)
                co_return start.error();
            if (*start)
                co_return **std::move(start);
            if (const auto error = co_await receive())
                co_return error == asio::error::eof ? make_error_code(errc::closed_early) : error;
        }
    }

    /// What has arrived.
    [[nodiscard]] response_reader& arrived() { return arrived_; }

    /// Waits for more bytes.
    asio::awaitable<error_code> receive()
    {
        const auto room = arrived_.prepare();
        const auto [error, count] = co_await connection_.read_some(asio::buffer(room.data(), room.size()));
        arrived_.commit(count);
        heard_ = heard_ || count > 0;
        co_return error;
    }

    /// Waits for more bytes of a body, or the end of one that the end of the connection ends.
    asio::awaitable<error_code> receive(body_decoder& body)
    {
        const auto error = co_await receive();
        if (error != asio::error::eof)
            co_return error;
        co_return body.close() ? error_code{} : make_error_code(errc::closed_early);
    }

private:
    transport connection_;
    response_reader arrived_;
    bool heard_ = false;
};

} // namespace

// --- client ---

struct client::impl {
    impl(const asio::any_io_executor& executor, origin who, client_limits bounds)
        : server(std::move(who)), limits(bounds), connection(executor), limit(executor)
    {
    }

    /// Whoever holds it has the connection.
    class turn {
    public:
        explicit turn(bool& is_busy) : is_busy_(is_busy) { is_busy_ = true; }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() { is_busy_ = false; }

    private:
        bool& is_busy_;
    };

    asio::awaitable<result<response>> request(std::string method, std::string target, body_sink sink);
    asio::awaitable<result<response>> perform(std::string text, bool to_head, body_sink sink);
    asio::awaitable<result<response>> exchange(std::string text, bool to_head, body_sink sink);
    asio::awaitable<result<std::string>> read_body(body_decoder& framing, bool must_be_whole, body_sink sink);
    result<response_reader::verdict> pass_on(const body_sink& sink, std::size_t& passed, body_decoder& framing);

    origin server;
    client_limits limits;
    wire connection;
    deadline limit;
    deadline::clock::time_point end; ///< of the whole exchange
    bool is_busy = false;            ///< an exchange is under way
};

client::client(const asio::any_io_executor& executor, origin server, client_limits limits)
    : impl_(std::make_unique<impl>(executor, std::move(server), limits))
{
}

client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

asio::awaitable<result<response>> client::get(std::string target)
{
    return impl_->request("GET", std::move(target), {});
}

asio::awaitable<result<response>> client::get(std::string target, body_sink sink)
{
    return impl_->request("GET", std::move(target), std::move(sink));
}

asio::awaitable<result<response>> client::head(std::string target)
{
    return impl_->request("HEAD", std::move(target), {});
}

void client::close()
{
    impl_->connection.close();
}

asio::awaitable<result<response>> client::impl::request(std::string method, std::string target, body_sink sink)
{
    result<response> answer = error_code(asio::error::invalid_argument);
    if (!is_sendable(target))
        co_return answer;
    if (is_busy)
        co_return error_code(asio::error::already_started);
    const turn mine(is_busy);
    try {
        auto text = request_text(method, target, server.where);
        answer = co_await perform(std::move(text), method == "HEAD", std::move(sink));
    } catch (const boost::system::system_error& stopped) {
        answer = stopped.code(); // a wait that begins after the cancellation throws
    }
    if (!answer)
        connection.close();
    co_return answer;
}

asio::awaitable<result<response>> client::impl::perform(std::string text, bool to_head, body_sink sink)
{
    bool is_kept = connection.is_usable();
    for (end = {};; is_kept = false) {
        if (!is_kept) {
            connection.close();
            const auto connected = co_await with_timeout(connection.open(server), limits.connect);
            if (!connected)
                co_return connected.error();
        }
        // A second try does not get more time.
        if (end == deadline::clock::time_point{})
            end = deadline::clock::now() + limits.exchange;
        limit.expires_at(end);
        auto answer = co_await with_deadline(exchange(text, to_head, sink), limit);
        const bool is_final =
            answer || answer.error() == asio::error::operation_aborted || answer.error() == asio::error::timed_out;
        if (is_final || !is_kept || connection.heard())
            co_return answer;
    }
}

asio::awaitable<result<response>> client::impl::exchange(std::string text, bool to_head, body_sink sink)
{
    if (const auto error = co_await connection.send(std::move(text)))
        co_return error;
    auto start = co_await connection.read_head(limits.head_bytes, to_head);
    if (!start)
        co_return start.error();
    auto body = co_await read_body(start->body, start->head.status == 200, std::move(sink));
    if (!body)
        co_return body.error();

    if (!start->body.is_done() || !start->keep_alive)
        connection.close();
    co_return response{std::move(start->head), *std::move(body)};
}

asio::awaitable<result<std::string>> client::impl::read_body(body_decoder& framing, bool must_be_whole, body_sink sink)
{
    const auto most = must_be_whole ? limits.body_bytes : limits.error_body_bytes;
    const bool is_passed_on = must_be_whole && sink;
    std::string kept;
    std::size_t bytes = 0;
    while (true) {
        const auto taken = is_passed_on ? pass_on(sink, bytes, framing) : connection.arrived().append(kept, framing, most);
        if (!taken)
            co_return taken.error();
        if (!is_passed_on)
            bytes = kept.size();
        const bool is_cut = *taken == response_reader::verdict::too_much;
        if (must_be_whole && (is_cut || framing.announced() > most - bytes))
            co_return make_error_code(errc::body_too_large);
        if (is_cut || framing.is_done())
            co_return kept;
        limit.expires_at(std::min(end, deadline::clock::now() + limits.progress));
        if (const auto error = co_await connection.receive(framing))
            co_return error;
    }
}

/// Gives the sink what has arrived of the body.
///
/// @param passed  how much it got before; grows
result<response_reader::verdict> client::impl::pass_on(const body_sink& sink, std::size_t& passed, body_decoder& framing)
{
    while (true) {
        const auto piece = connection.arrived().take(framing);
        if (!piece)
            return piece.error();
        if (piece->empty())
            return response_reader::verdict::fits;
        if (piece->size() > limits.body_bytes - passed)
            return response_reader::verdict::too_much;
        passed += piece->size();
        try {
            if (const auto error = sink(*piece))
                return error;
        } catch (const std::bad_alloc&) {
            return error_code(asio::error::no_memory);
        }
    }
}

// --- response_stream ---

struct response_stream::impl {
    explicit impl(const asio::any_io_executor& executor) : connection(executor), limit(executor) {}

    asio::awaitable<result<void>> connect_and_ask(origin server, std::string target, client_limits limits);
    asio::awaitable<result<void>> ask(std::string text, std::size_t head_bytes);
    asio::awaitable<result<std::string_view>> next();
    void collect();

    wire connection;
    deadline limit;
    response_reader::start start;
    std::string bytes;  ///< handed out last
    error_code problem; ///< found behind bytes that were handed out first
};

response_stream::response_stream(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
response_stream::response_stream(response_stream&&) noexcept = default;
response_stream& response_stream::operator=(response_stream&&) noexcept = default;
response_stream::~response_stream() = default;

asio::awaitable<result<response_stream>> response_stream::open(asio::any_io_executor executor, origin server,
                                                               std::string target, client_limits limits)
{
    if (!is_sendable(target))
        co_return error_code(asio::error::invalid_argument);
    auto state = std::make_unique<impl>(executor);
    result<void> started;
    try {
        started = co_await state->connect_and_ask(std::move(server), std::move(target), limits);
    } catch (const boost::system::system_error& stopped) {
        started = stopped.code(); // a wait that begins after the cancellation throws
    }
    if (!started)
        co_return started.error();
    co_return response_stream(std::move(state));
}

asio::awaitable<result<void>> response_stream::impl::connect_and_ask(origin server, std::string target,
                                                                     client_limits limits)
{
    const auto where = server.where;
    const auto connected = co_await with_timeout(connection.open(std::move(server)), limits.connect);
    if (!connected)
        co_return connected.error();

    limit.expires_after(limits.exchange);
    auto text = request_text("GET", target, where);
    co_return co_await with_deadline(ask(std::move(text), limits.head_bytes), limit);
}

asio::awaitable<result<void>> response_stream::impl::ask(std::string text, std::size_t head_bytes)
{
    if (const auto error = co_await connection.send(std::move(text)))
        co_return error;
    auto answer = co_await connection.read_head(head_bytes, false);
    if (!answer)
        co_return answer.error();
    start = *std::move(answer);
    co_return result<void>();
}

const response_head& response_stream::head() const
{
    return impl_->start.head;
}

asio::awaitable<result<std::string_view>> response_stream::read()
{
    result<std::string_view> piece;
    try {
        piece = co_await impl_->next();
    } catch (const boost::system::system_error& stopped) {
        piece = stopped.code();
    }
    if (!piece)
        impl_->connection.close();
    co_return piece;
}

asio::awaitable<result<std::string_view>> response_stream::impl::next()
{
    bytes.clear();
    while (!problem) {
        collect();
        if (!bytes.empty() || (!problem && start.body.is_done()))
            co_return std::string_view(bytes);
        if (!problem)
            problem = co_await connection.receive(start.body);
    }
    co_return problem;
}

/// All pieces that are here: nothing may wait for what comes after it.
void response_stream::impl::collect()
{
    while (true) {
        const auto piece = connection.arrived().take(start.body);
        if (!piece)
            problem = piece.error();
        if (!piece || piece->empty())
            return;
        bytes.append(*piece);
    }
}

} // namespace proto_http
