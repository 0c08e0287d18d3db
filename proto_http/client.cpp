#include "proto_http/client.hpp"

#include "proto_http/body_decoder.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/timeout.hpp"
#include "proto_http/transport.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <new>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace proto_http {
namespace {

/// How much is asked of the socket at once.
constexpr std::size_t read_bytes = 64 * 1024;

/// Beast reads heads only.
using head_parser = http::response_parser<http::empty_body>;

error_code translate(error_code parsing)
{
    return parsing == http::error::header_limit ? errc::head_too_large : errc::bad_message;
}

/// A target with a blank or a line end would be another request.
bool is_sendable(std::string_view target)
{
    const auto is_visible = [](char letter) { return letter > ' ' && letter < '\x7f'; };
    return target.starts_with('/') && std::ranges::all_of(target, is_visible);
}

/// A server that expected TLS answers with an alert: content type 21, legacy version 3.x (RFC 8446 §5.1).
bool starts_tls_record(asio::const_buffer bytes)
{
    const auto* first = static_cast<const unsigned char*>(bytes.data());
    return bytes.size() >= 2 && first[0] == 21 && first[1] == 3;
}

std::string request_text(std::string_view method, std::string_view target, const address& server)
{
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
    text.append(host_header(server)).append("\r\n\r\n");
    return text;
}

response_head copy_head(const head_parser& parser)
{
    response_head head;
    head.status = parser.get().result_int();
    for (const auto& field : parser.get())
        head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return head;
}

/// What Beast 1.81 lets pass: another coding than `chunked` would leave us with bytes that we cannot read, and a
/// switch of protocols was never asked for.
error_code check_head(const head_parser& parser)
{
    const auto& message = parser.get();
    if (message.result_int() == 101)
        return errc::bad_message;
    const auto codings = message.equal_range(http::field::transfer_encoding);
    for (auto coding = codings.first; coding != codings.second; ++coding)
        if (message.version() < 11 || !equal_ignoring_case(std::string_view(coding->value()), "chunked"))
            return errc::bad_message;
    if (message.count(http::field::transfer_encoding) > 1)
        return errc::bad_message;
    return {};
}

body_decoder framing_of(const head_parser& parser)
{
    if (parser.is_done())
        return body_decoder::nothing();
    if (parser.chunked())
        return body_decoder::chunked();
    if (const auto length = parser.content_length())
        return body_decoder::of_length(*length);
    return body_decoder::until_close();
}

/// The head of a response, and how its body is framed.
struct response_start {
    response_head head;
    body_decoder body = body_decoder::nothing();
    bool keep_alive = false;
};

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
    [[nodiscard]] bool is_usable() { return arrived_.size() == 0 && connection_.is_quiet(); }

    asio::awaitable<error_code> send(std::string text)
    {
        heard_ = false;
        const auto [error, sent] = co_await connection_.write(asio::buffer(text));
        co_return error;
    }

    /// Reads the head of the final response; interim responses are passed over.
    asio::awaitable<result<response_start>> read_head(std::size_t most_bytes, bool to_head)
    {
        while (true) {
            head_parser parser;
            parser.header_limit(static_cast<std::uint32_t>(most_bytes));
            parser.body_limit(boost::none);
            parser.skip(to_head);
            auto error = parse(parser);
            while (!error && !parser.is_header_done()) {
                error = co_await receive();
                if (!error)
                    error = parse(parser);
            }
            if (!error)
                error = check_head(parser);
            if (error)
                co_return error == asio::error::eof ? make_error_code(errc::closed_early) : error;
            if (parser.get().result_int() / 100 != 1)
                co_return response_start{copy_head(parser), framing_of(parser), parser.keep_alive()};
        }
    }

    /// The next piece of a body among the bytes that are here; valid until the next call of `receive`.
    result<std::string_view> take(body_decoder& body)
    {
        auto rest = std::string_view(static_cast<const char*>(arrived_.data().data()), arrived_.size());
        const auto piece = body.take(rest);
        arrived_.consume(arrived_.size() - rest.size());
        return piece;
    }

    /// Waits for more bytes.
    asio::awaitable<error_code> receive()
    {
        const auto room = arrived_.prepare(read_bytes);
        const auto [error, count] = co_await connection_.read_some(room);
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
    /// Hands the head, as far as it has arrived, to the parser, and not a byte more.
    error_code parse(head_parser& parser)
    {
        while (arrived_.size() > 0 && !parser.is_header_done()) {
            if (starts_tls_record(arrived_.data()))
                return errc::unexpected_tls;
            error_code error;
            arrived_.consume(parser.put(arrived_.data(), error));
            if (error == http::error::need_more)
                break;
            if (error)
                return translate(error);
        }
        return {};
    }

    transport connection_;
    beast::flat_buffer arrived_;
    bool heard_ = false;
};

} // namespace

std::string_view response_head::field(std::string_view name) const
{
    return find_field(fields, name);
}

// --- client ---

struct client::impl {
    impl(const asio::any_io_executor& executor, origin who, client_limits bounds)
        : server(std::move(who)), limits(bounds), connection(executor), limit(executor)
    {
    }

    enum class verdict { fits, too_much };

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

    /// Where a body goes: to `sink` if there is one.
    struct body_place {
        body_sink sink;
        std::string kept{};
        std::size_t bytes = 0;
    };

    asio::awaitable<result<response>> request(std::string method, std::string target, body_sink sink);
    asio::awaitable<result<response>> perform(std::string text, bool to_head, body_sink sink);
    asio::awaitable<result<response>> exchange(std::string text, bool to_head, body_sink sink);
    asio::awaitable<result<std::string>> read_body(body_decoder& framing, bool must_be_whole, body_sink sink);
    result<verdict> take_pieces(body_place& into, body_decoder& framing, std::size_t most);
    error_code put(body_place& into, std::string_view piece, std::uint64_t to_come);

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
    body_place body;
    if (must_be_whole)
        body.sink = std::move(sink);
    while (true) {
        const auto taken = take_pieces(body, framing, most);
        if (!taken)
            co_return taken.error();
        const bool is_cut = *taken == verdict::too_much;
        if (must_be_whole && (is_cut || framing.announced() > most - body.bytes))
            co_return make_error_code(errc::body_too_large);
        if (is_cut || framing.is_done())
            co_return std::move(body.kept);
        limit.expires_at(std::min(end, deadline::clock::now() + limits.progress));
        if (const auto error = co_await connection.receive(framing))
            co_return error;
    }
}

/// Takes what has arrived of the body, up to `most` bytes in all.
result<client::impl::verdict> client::impl::take_pieces(body_place& into, body_decoder& framing, std::size_t most)
{
    while (true) {
        const auto piece = connection.take(framing);
        if (!piece)
            return piece.error();
        if (piece->empty())
            return verdict::fits;
        const auto room = most - into.bytes;
        const auto to_come = std::min<std::uint64_t>(framing.announced(), room - std::min(room, piece->size()));
        if (const auto error = put(into, piece->substr(0, room), to_come))
            return error;
        if (piece->size() > room)
            return verdict::too_much;
    }
}

/// @param to_come  how much is known to follow
error_code client::impl::put(body_place& into, std::string_view piece, std::uint64_t to_come)
{
    try {
        into.bytes += piece.size();
        if (into.sink)
            return into.sink(piece);
        // The engine sends a list as one chunk, whatever its size. Growing in steps, it would be moved often.
        into.kept.reserve(into.kept.size() + piece.size() + to_come);
        into.kept.append(piece);
        return {};
    } catch (const std::bad_alloc&) {
        return asio::error::no_memory;
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
    response_start start;
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
        const auto piece = connection.take(start.body);
        if (!piece)
            problem = piece.error();
        if (!piece || piece->empty())
            return;
        bytes.append(*piece);
    }
}

} // namespace proto_http
