#include "proto_http/grpc_client.hpp"

#include "proto_http/doorbell.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/grpc_framing.hpp"
#include "proto_http/http2_session.hpp"
#include "proto_http/timeout.hpp"
#include "proto_http/transport.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <map>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace proto_http {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
const std::string http2_name = "h2"; // RFC 9113 §3.2

} // namespace

// --- The connection ---

struct grpc_client::impl {
    impl(const asio::any_io_executor& where_it_runs, origin where, grpc_limits bounds)
        : executor(where_it_runs),
          limits(bounds),
          server(std::move(where)),
          wire(where_it_runs),
          session({.body_bytes = bounds.message_bytes + grpc_prefix_bytes}),
          output(where_it_runs)
    {
    }

    asio::awaitable<error_code> receive();
    asio::awaitable<error_code> send();
    void announce();
    void finish(error_code why);

    asio::any_io_executor executor;
    grpc_limits limits;
    origin server;
    transport wire;
    http2_session session;
    doorbell output;                                       ///< there may be something to send
    std::map<http2_session::stream_id, doorbell*> waiting; ///< the calls under way
    std::optional<error_code> ended;
};

asio::awaitable<error_code> grpc_client::impl::receive()
{
    std::vector<char> buffer(read_bytes);
    for (;;) {
        const auto [error, count] = co_await wire.read_some(asio::buffer(buffer));
        if (error)
            co_return error;
        const auto broken = session.receive({buffer.data(), count});
        announce();
        output.ring();
        if (broken)
            co_return broken;
        if (const auto over = session.over())
            co_return *over;
    }
}

asio::awaitable<error_code> grpc_client::impl::send()
{
    for (;;) {
        const auto bytes = session.take_output();
        announce(); // what could not be sent any more has ended, and so has what we refused
        if (bytes.empty()) {
            co_await output.wait();
            continue;
        }
        const auto [error, count] = co_await wire.write(asio::buffer(bytes));
        if (error)
            co_return error;
        if (const auto over = session.over())
            co_return *over;
    }
}

/// Wakes those whose answers have grown.
void grpc_client::impl::announce()
{
    for (const auto id : session.take_changed())
        if (const auto call = waiting.find(id); call != waiting.end())
            call->second->ring();
}

void grpc_client::impl::finish(error_code why)
{
    ended = why;
    for (const auto& [id, bell] : waiting)
        bell->ring();
}

grpc_client::grpc_client(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
grpc_client::grpc_client(grpc_client&&) noexcept = default;
grpc_client& grpc_client::operator=(grpc_client&&) noexcept = default;
grpc_client::~grpc_client() = default;

asio::awaitable<result<grpc_client>> grpc_client::connect(asio::any_io_executor executor, address server,
                                                          grpc_limits limits)
{
    tls_settings trust;
    trust.verify = tls_settings::verification::none;
    trust.protocols = {http2_name};
    auto state = std::make_unique<impl>(executor, origin(std::move(server), tls_context(trust)), limits);
    const auto opened = co_await with_timeout(state->wire.open(state->server), limits.connect);
    if (!opened)
        co_return opened.error();
    co_return grpc_client(std::move(state));
}

asio::awaitable<error_code> grpc_client::run()
{
    using namespace asio::experimental::awaitable_operators;
    // However this ends, the calls have to hear of it.
    struct at_end {
        impl& connection;
        error_code why = asio::error::operation_aborted;
        ~at_end() { connection.finish(why); }
    } end{*impl_};
    const auto first = co_await (impl_->receive() || impl_->send());
    end.why = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
    co_return end.why;
}

// --- Calls ---

/// A call under way: known to the connection for as long as this lives.
struct grpc_stream::exchange {
    exchange(grpc_client::impl& connection, const asio::any_io_executor& executor, http2_session::stream_id stream)
        : owner(connection), id(stream), changed(executor)
    {
        owner.waiting.emplace(id, &changed);
        owner.output.ring();
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;
    ~exchange()
    {
        owner.waiting.erase(id);
        owner.session.forget(id);
        owner.output.ring();
    }

    /// Waits for messages and hands over those that are here.
    asio::awaitable<grpc_result<void>> read(std::function<void(std::string_view)> take);
    /// Waits for the end of an answer that is one message, and hands it over as it comes.
    asio::awaitable<grpc_result<void>> read_only(grpc_client::piece_sink sink);
    error_code take_piece(http2_answer& answer, const grpc_client::piece_sink& sink);
    result<std::size_t> take_all(http2_answer& answer, const std::function<void(std::string_view)>& take) const;

    grpc_client::impl& owner;
    http2_session::stream_id id;
    doorbell changed;
    std::optional<std::size_t> to_come; ///< of the only message, once its prefix is here
};

asio::awaitable<grpc_result<void>> grpc_stream::exchange::read(std::function<void(std::string_view)> take)
{
    for (;;) {
        auto& answer = *owner.session.find(id);
        const auto count = take_all(answer, take);
        if (!count)
            co_return grpc_failure{count.error(), {}};
        if (*count > 0)
            co_return grpc_result<void>{};
        if (answer.has_ended || answer.end) {
            const auto failed = grpc_verdict(answer);
            co_return failed.value_or(grpc_failure{asio::error::eof, {}});
        }
        if (owner.ended)
            co_return grpc_failure{*owner.ended, {}};
        co_await changed.wait();
    }
}

/// @return how many there were
result<std::size_t> grpc_stream::exchange::take_all(http2_answer& answer,
                                                    const std::function<void(std::string_view)>& take) const
{
    std::string_view rest = answer.body;
    std::size_t count = 0;
    for (;;) {
        const auto message = take_grpc_message(rest, owner.limits.message_bytes);
        if (!message)
            return message.error();
        if (!*message)
            break;
        take(**message);
        ++count;
    }
    answer.body.erase(0, answer.body.size() - rest.size());
    return count;
}

asio::awaitable<grpc_result<void>> grpc_stream::exchange::read_only(grpc_client::piece_sink sink)
{
    for (;;) {
        auto& answer = *owner.session.find(id);
        const bool is_over = answer.has_ended || answer.end;
        auto failed = is_over ? grpc_verdict(answer) : std::nullopt; // its status stands in the trailers
        if (const auto error = failed ? error_code{} : take_piece(answer, sink))
            failed = grpc_failure{error, {}};
        if (is_over && !failed && (to_come != 0U || !answer.body.empty()))
            failed = grpc_failure{errc::bad_message, "not one message"};
        if (failed)
            co_return *std::move(failed);
        if (is_over)
            co_return grpc_result<void>{};
        if (owner.ended)
            co_return grpc_failure{*owner.ended, {}};
        co_await changed.wait();
    }
}

/// Hands over what is here of the only message. What comes behind it stays.
error_code grpc_stream::exchange::take_piece(http2_answer& answer, const grpc_client::piece_sink& sink)
{
    auto& body = answer.body;
    if (!to_come) {
        std::string_view arrived = body;
        if (const auto message = take_grpc_message(arrived, owner.limits.message_bytes); !message)
            return message.error();
        const auto frame_bytes = grpc_frame_bytes(body);
        if (frame_bytes == 0)
            return {};
        to_come = frame_bytes - grpc_prefix_bytes;
        body.erase(0, grpc_prefix_bytes);
    }
    const auto piece = std::string_view(body).substr(0, *to_come);
    if (piece.empty())
        return {};
    *to_come -= piece.size();
    try {
        const auto error = sink(piece);
        body.erase(0, piece.size());
        return error;
    } catch (const std::bad_alloc&) {
        return asio::error::no_memory;
    }
}

namespace {

/// Begins a call.
result<std::unique_ptr<grpc_stream::exchange>> begin(grpc_client::impl& connection, std::string_view method,
                                                     std::string_view request,
                                                     std::optional<std::chrono::milliseconds> limit)
{
    if (connection.ended)
        return *connection.ended;
    field_list fields{{"content-type", "application/grpc"}, {"te", "trailers"}};
    if (limit)
        fields.emplace_back("grpc-timeout", grpc_timeout(*limit));
    const auto id = connection.session.post(host_header(connection.server.where), method, fields, grpc_frame(request));
    if (!id)
        return id.error();
    return std::make_unique<grpc_stream::exchange>(connection, connection.executor, *id);
}

/// A result of its own, so that running out of time is another one.
struct call_outcome {
    grpc_result<void> value;
};

asio::awaitable<result<call_outcome>> wrapped(asio::awaitable<grpc_result<void>> reading)
{
    auto value = co_await std::move(reading); // g++ 12 would destroy it twice as a part of the whole
    co_return call_outcome{std::move(value)};
}

} // namespace

asio::awaitable<grpc_result<void>> grpc_client::call(std::string method, std::string request,
                                                     std::chrono::milliseconds limit, piece_sink sink)
{
    const auto begun = begin(*impl_, method, request, limit);
    if (!begun)
        co_return grpc_failure{begun.error(), {}};
    auto outcome = co_await with_timeout(wrapped((*begun)->read_only(std::move(sink))), limit);
    if (!outcome)
        co_return grpc_failure{outcome.error(), {}};
    co_return std::move(outcome->value);
}

grpc_result<grpc_stream> grpc_client::open_stream(std::string_view method, std::string_view request)
{
    auto begun = begin(*impl_, method, request, std::nullopt);
    if (!begun)
        return grpc_failure{begun.error(), {}};
    return grpc_stream(*std::move(begun));
}

grpc_stream::grpc_stream(std::unique_ptr<exchange> state) : exchange_(std::move(state)) {}
grpc_stream::grpc_stream(grpc_stream&&) noexcept = default;
grpc_stream& grpc_stream::operator=(grpc_stream&&) noexcept = default;
grpc_stream::~grpc_stream() = default;

asio::awaitable<grpc_result<void>> grpc_stream::read(std::function<void(std::string_view)> take)
{
    co_return co_await exchange_->read(std::move(take));
}

} // namespace proto_http
