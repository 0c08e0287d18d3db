#include "proto_http/server.hpp"

#include "proto_http/connect.hpp"
#include "proto_http/doorbell.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/request_reader.hpp"
#include "proto_http/status.hpp"
#include "proto_http/timeout.hpp"
#include "proto_http/transport.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace proto_http {

using namespace std::chrono_literals;

namespace {

/// How long accepting rests when it failed, mostly for want of file descriptors.
constexpr auto accept_pause = 100ms;

/// How long a connection that we close may take to read our last words. Closing it with unread bytes of the peer would
/// reset it, and the peer might never see the answer.
constexpr auto linger_limit = 500ms;

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). strftime would ask the locale.
std::string http_date(std::time_t now)
{
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                    days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                    months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                                    parts.tm_min, parts.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

/// The Date header's text, written anew once a second.
class date_text {
public:
    const std::string& current()
    {
        const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
        if (now != std::exchange(written_, now))
            text_ = http_date(now);
        return text_;
    }

private:
    std::time_t written_ = 0;
    std::string text_;
};

} // namespace

struct server_state {
    struct connection {
        asio::cancellation_signal stop;
        bool is_busy = false;           ///< from the first byte of a request to the last one of its answer
        bool is_displaced = false;      ///< it ends because another one needs its place
        doorbell* end_stream = nullptr; ///< while it carries a stream
    };

    server_state(router known, server_limits bounds, std::function<void(std::string_view, std::string_view)> told,
                 error_page pages, server_front before)
        : routes(std::move(known)),
          limits(bounds),
          on_error(std::move(told)),
          errors(std::move(pages)),
          front(std::move(before))
    {
    }

    router routes;
    server_limits limits;
    std::function<void(std::string_view, std::string_view)> on_error;
    error_page errors;
    server_front front;

    date_text date;
    std::list<connection> open; ///< idle ones in the order in which they became idle
    server_counts counts;
    std::size_t streams = 0;
    stream_acceptor* listening = nullptr; ///< while serving
    bool is_stopping = false;
    asio::steady_timer* last_closed = nullptr; ///< waited for while stopping

    void report(std::string_view route, std::string_view what) const
    {
        if (on_error)
            on_error(route, what);
    }

    void stop(bool with_busy_ones)
    {
        for (auto& each : open)
            if (with_busy_ones || !each.is_busy)
                each.stop.emit(asio::cancellation_type::terminal);
            else if (each.end_stream != nullptr)
                each.end_stream->ring();
    }

    void becomes_idle(std::list<connection>::iterator which)
    {
        which->is_busy = false;
        open.splice(open.end(), open, which);
    }

    /// Whoever only holds connections must not keep others out: closes the one that has been idle longest.
    /// @return whether there was one
    bool make_room()
    {
        const auto longest =
            std::ranges::find_if(open, [](const connection& each) { return !each.is_busy && !each.is_displaced; });
        if (longest == open.end())
            return false;
        longest->is_displaced = true;
        longest->stop.emit(asio::cancellation_type::terminal);
        ++counts.displaced;
        return true;
    }
};

namespace {

// --- Text of an answer ---

reply error_reply(const server_state& state, unsigned status)
{
    reply answer;
    if (state.errors)
        answer = state.errors(status);
    else
        answer.body.append(std::to_string(status)).append(" ").append(reason_phrase(status)).append("\n");
    answer.status = status;
    return answer;
}

/// A handler that lets through what a client sent must not be able to write header lines of its own.
bool is_sendable(const reply& answer)
{
    const auto is_line = [](std::string_view text) {
        return std::ranges::all_of(text,
                                   [](char letter) { return letter != '\r' && letter != '\n' && letter != '\0'; });
    };
    const auto is_field = [&](const auto& field) { return is_line(field.first) && is_line(field.second); };
    return answer.status >= 200 && answer.status <= 999 && is_line(answer.content_type) &&
           std::ranges::all_of(answer.fields, is_field);
}

/// RFC 9110 §15.3.5 and §15.4.5.
bool may_have_body(unsigned status)
{
    return status != 204 && status != 304;
}

std::string_view connection_header(unsigned version, bool keep_alive)
{
    if (!keep_alive)
        return "Connection: close\r\n";
    return version == 10 ? "Connection: keep-alive\r\n" : "";
}

/// How the end of a body is told (RFC 9112 §6.3). HTTP/1.0 knows no chunks.
std::string framing_header(const reply& answer, unsigned version)
{
    if (!answer.stream)
        return "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    return version == 10 ? "" : "Transfer-Encoding: chunked\r\n";
}

/// RFC 9112 §7.1.
std::string chunk_head(std::size_t bytes)
{
    std::array<char, 24> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%zx\r\n", bytes);
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string head_text(const reply& answer, std::string_view date, unsigned version, bool keep_alive)
{
    std::string text;
    text.reserve(256);
    text.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_phrase(answer.status));
    text.append("\r\nDate: ").append(date).append("\r\n").append(connection_header(version, keep_alive));
    if (may_have_body(answer.status)) {
        text.append("Content-Type: ").append(answer.content_type);
        text.append("\r\n").append(framing_header(answer, version));
    }
    for (const auto& [name, value] : answer.fields)
        text.append(name).append(": ").append(value).append("\r\n");
    return text.append("\r\n");
}

// --- One connection ---

class session {
public:
    session(server_state& state, std::list<server_state::connection>::iterator self, stream_socket socket)
        : state_(state),
          self_(self),
          limit_(socket.get_executor()),
          reader_(state.limits),
          end_stream_(socket.get_executor()),
          connection_(std::move(socket))
    {
    }

    /// Answers requests until one side has enough or something takes too long.
    asio::awaitable<void> run() { co_await with_deadline(guarded(), limit_); }

private:
    struct gone {};
    using incoming = std::variant<gone, request_reader::refusal, request_reader::complete>;

    /// The race against the deadline waits past exceptions, so there must be none.
    asio::awaitable<result<void>> guarded()
    {
        try {
            co_await converse();
        } catch (const boost::system::system_error& stopped) {
            if (stopped.code() != asio::error::operation_aborted)
                state_.report({}, stopped.what());
        } catch (const std::exception& problem) {
            state_.report({}, problem.what());
        }
        co_return result<void>();
    }

    asio::awaitable<void> converse()
    {
        const auto tls = state_.front.tls ? state_.front.tls() : std::nullopt;
        if (tls && !co_await secure(*tls))
            co_return;
        for (bool keep_alive = true; keep_alive;) {
            auto next = co_await read();
            if (std::holds_alternative<gone>(next))
                co_return;
            keep_alive = co_await handle(std::move(next));
        }
        co_await linger();
    }

    /// @return whether the handshake succeeded
    asio::awaitable<bool> secure(tls_context own)
    {
        limit_.expires_after(state_.limits.head);
        const auto done = co_await connection_.shake_hands(std::move(own));
        if (!done && done.error() == errc::plain_http) {
            auto answer = error_reply(state_, 400);
            answer.body = "Client sent an HTTP request to an HTTPS server.\n";
            auto text = head_text(answer, state_.date.current(), 11, false) + answer.body;
            co_await connection_.write_plain(std::move(text));
        }
        co_return done.has_value();
    }

    asio::awaitable<incoming> read()
    {
        if (reader_.is_empty())
            state_.becomes_idle(self_);
        limit_.expires_after(self_->is_busy ? state_.limits.head : state_.limits.idle);
        while (true) {
            auto step = reader_.advance();
            if (auto* refused = std::get_if<request_reader::refusal>(&step))
                co_return *refused;
            if (auto* whole = std::get_if<request_reader::complete>(&step))
                co_return std::move(*whole);
            if (std::holds_alternative<request_reader::expects_continue>(step) && !co_await send_continue())
                co_return gone{};
            if (!co_await receive())
                co_return gone{};
        }
    }

    asio::awaitable<bool> receive()
    {
        const auto room = reader_.prepare();
        const auto [error, count] =
            co_await connection_.read_some(asio::buffer(room.data(), room.size()));
        if (error)
            co_return false;
        reader_.commit(count);
        if (!std::exchange(self_->is_busy, true))
            limit_.expires_after(state_.limits.head);
        co_return true;
    }

    asio::awaitable<bool> send_continue()
    {
        const asio::const_buffer text = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
        const auto [error, sent] = co_await connection_.write(text);
        co_return !error;
    }

    /// @return whether the connection can go on
    asio::awaitable<bool> handle(incoming next)
    {
        if (const auto* refused = std::get_if<request_reader::refusal>(&next)) {
            auto answer = error_reply(state_, refused->status);
            monitored_request watch(state_.routes.unmatched(), {});
            watch.answered(answer.status, answer.body.size());
            if (co_await send(std::move(answer), 11, false, true))
                watch.sent();
            co_return false;
        }
        auto& [message, version, keep_alive] = std::get<request_reader::complete>(next);
        const bool with_body = message.method != "HEAD";
        auto match = state_.routes.find(message.method, message.path);
        monitored_request watch(match.monitor, message);
        limit_.never_expires(); // how long a handler takes is its own business
        const auto* const found = match.found;
        auto answer = co_await respond(std::move(match), std::move(message));
        if (!answer && co_await is_cancelled())
            co_return false;
        // A handler that threw may have left anything behind, and what it was asked may be the reason.
        const bool goes_on = keep_alive && answer && !answer->stream && !state_.is_stopping;
        if (!answer)
            answer = error_reply(state_, 500);
        if (answer->stream && with_body && state_.streams >= state_.limits.streams)
            answer = too_many_streams();
        if (answer->stream) { // so a handler made it, and there is a route
            co_await send_stream(found->name, *std::move(answer), version, with_body, watch);
            co_return false;
        }
        watch.answered(answer->status, with_body && may_have_body(answer->status) ? answer->body.size() : 0);
        if (!co_await send(*std::move(answer), version, goes_on, with_body))
            co_return false;
        watch.sent();
        co_return goes_on;
    }

    /// Nothing when the handler failed.
    asio::awaitable<std::optional<reply>> respond(router::match match, request message)
    {
        if (state_.front.admit) {
            std::string authorization(message.field("Authorization"));
            auto refusal = co_await state_.front.admit(std::move(authorization));
            if (refusal)
                co_return refusal;
        }
        if (http::string_to_verb(message.method) == http::verb::unknown)
            co_return error_reply(state_, 501);
        if (match.found == nullptr) {
            auto answer = error_reply(state_, match.allow.empty() ? 404 : 405);
            if (!match.allow.empty())
                answer.fields.emplace_back("Allow", std::move(match.allow));
            co_return answer;
        }
        message.params = std::move(match.params);
        co_return co_await call(*match.found, std::move(message));
    }

    asio::awaitable<std::optional<reply>> call(const route& chosen, request message)
    {
        std::string problem;
        try {
            auto answer = co_await chosen.handler(std::move(message));
            if (is_sendable(answer))
                co_return answer;
            problem = "the handler's answer has a bad status or header field";
        } catch (const std::exception& thrown) {
            problem = thrown.what();
        } catch (...) {
            problem = "unknown exception";
        }
        if (!co_await is_cancelled())
            state_.report(chosen.name, problem);
        co_return std::nullopt;
    }

    static asio::awaitable<bool> is_cancelled()
    {
        const auto state = co_await asio::this_coro::cancellation_state;
        co_return state.cancelled() != asio::cancellation_type::none;
    }

    asio::awaitable<bool> send(reply answer, unsigned version, bool keep_alive, bool with_body)
    {
        limit_.expires_after(state_.limits.write);
        if (state_.front.fields)
            std::ranges::move(state_.front.fields(), std::back_inserter(answer.fields));
        const auto head = head_text(answer, state_.date.current(), version, keep_alive);
        const bool has_body = with_body && may_have_body(answer.status);
        const std::array<asio::const_buffer, 2> pieces{asio::buffer(head),
                                                       has_body ? asio::buffer(answer.body) : asio::const_buffer{}};
        const auto [error, sent] = co_await connection_.write(pieces);
        co_return !error;
    }

    // --- Streams ---

    /// One of those that carry a stream, for as long as it does.
    class streaming_now {
    public:
        streaming_now(server_state& state, server_state::connection& self, doorbell& end) : state_(state), self_(self)
        {
            ++state_.streams;
            self_.end_stream = &end;
            if (state_.is_stopping)
                end.ring();
        }
        streaming_now(const streaming_now&) = delete;
        streaming_now& operator=(const streaming_now&) = delete;
        ~streaming_now()
        {
            --state_.streams;
            self_.end_stream = nullptr;
        }

    private:
        server_state& state_;
        server_state::connection& self_;
    };

    [[nodiscard]] reply too_many_streams() const
    {
        auto answer = error_reply(state_, 503);
        answer.fields.emplace_back("Retry-After", "10");
        return answer;
    }

    /// @param route  for the log
    asio::awaitable<void> send_stream(std::string route, reply answer, unsigned version, bool with_body,
                                      monitored_request& watch)
    {
        const streaming_now known(state_, *self_, end_stream_);
        watch.answered(answer.status, 0);
        if (!co_await send(answer, version, false, false))
            co_return;
        watch.sent(); // that a reader leaves is how a stream ends
        is_chunked_ = version != 10;
        if (with_body)
            co_await send_pieces(std::move(route), std::move(answer.stream), std::move(answer.farewell));
    }

    asio::awaitable<void> send_pieces(std::string route, body_writer write, std::string farewell)
    {
        using namespace asio::experimental::awaitable_operators;

        auto written = write_body(std::move(route), std::move(write));
        auto left = reader_has_gone();
        auto stopped = is_to_end();
        const auto first = co_await (std::move(written) || std::move(left) || std::move(stopped));
        const bool is_over = first.index() == 0 ? std::get<0>(first) : first.index() == 2;
        if (!is_over || is_cut_ || co_await is_cancelled())
            co_return;
        if (first.index() == 2 && !co_await send_piece(std::move(farewell)))
            co_return;
        if (is_chunked_)
            co_await write_all("0\r\n\r\n");
    }

    /// @return whether the writer came to its end
    asio::awaitable<bool> write_body(std::string route, body_writer write)
    {
        std::string problem;
        try {
            const piece_sender send = [this](std::string piece) { return send_piece(std::move(piece)); };
            co_await write(send);
            co_return true;
        } catch (const std::exception& thrown) {
            problem = thrown.what();
        } catch (...) {
            problem = "unknown exception";
        }
        if (!co_await is_cancelled())
            state_.report(route, problem);
        co_return false;
    }

    asio::awaitable<bool> send_piece(std::string piece)
    {
        if (piece.empty())
            co_return true; // an empty chunk would be the last one
        if (is_chunked_)
            piece = chunk_head(piece.size()) + piece + "\r\n";
        co_return co_await write_all(std::move(piece));
    }

    asio::awaitable<bool> write_all(std::string bytes)
    {
        is_cut_ = true;
        limit_.expires_after(state_.limits.write);
        const auto [error, sent] = co_await connection_.write(asio::buffer(bytes));
        limit_.never_expires(); // how long a writer waits for what is to come is its own business
        is_cut_ = error.failed();
        co_return !is_cut_;
    }

    /// Whatever else a reader says while it reads is not listened to.
    asio::awaitable<void> reader_has_gone()
    {
        std::array<char, 256> unread{};
        error_code error;
        while (!error)
            std::tie(error, std::ignore) = co_await connection_.read_some(asio::buffer(unread));
    }

    /// Ends when the server stops. A race waits past exceptions, so there is none.
    asio::awaitable<void> is_to_end()
    {
        try {
            co_await end_stream_.wait();
        } catch (const boost::system::system_error&) {
            // Cancelled: the stream ended otherwise.
        }
    }

    /// Lets the peer read our last words before the connection goes.
    asio::awaitable<void> linger()
    {
        state_.becomes_idle(self_);
        limit_.expires_after(linger_limit);
        co_await connection_.finish();
    }

    server_state& state_;
    std::list<server_state::connection>::iterator self_;
    deadline limit_;
    request_reader reader_;
    doorbell end_stream_; ///< rung when the server stops
    transport connection_;
    bool is_chunked_ = false;
    bool is_cut_ = false; ///< in the midst of a piece
};

asio::awaitable<void> run_session(std::shared_ptr<server_state> state,
                                  std::list<server_state::connection>::iterator self, stream_socket socket)
{
    session talk(*state, self, std::move(socket));
    co_await talk.run();
}

void start_session(const std::shared_ptr<server_state>& state, stream_socket socket)
{
    const auto executor = socket.get_executor();
    const auto self = state->open.emplace(state->open.end());
    auto forget = [state, self](const std::exception_ptr&) { // guarded() has reported what there was
        state->open.erase(self);
        if (state->open.empty() && state->last_closed != nullptr)
            state->last_closed->cancel();
    };
    asio::co_spawn(executor, run_session(state, self, std::move(socket)),
                   asio::bind_cancellation_slot(self->stop.slot(), std::move(forget)));
}

// --- All connections ---

asio::awaitable<void> accept_sessions(std::shared_ptr<server_state> state, stream_acceptor& acceptor)
{
    asio::steady_timer pause(acceptor.get_executor());
    while (true) {
        auto [error, socket] = co_await acceptor.async_accept(use_result);
        if (error == asio::error::operation_aborted)
            co_return;
        if (error == asio::error::connection_aborted)
            continue; // that one changed its mind
        if (error) {
            ++state->counts.accept_failures;
            pause.expires_after(accept_pause);
            co_await pause.async_wait(use_result);
            continue;
        }
        if (state->open.size() >= state->limits.connections && !state->make_room()) {
            ++state->counts.refused;
            continue; // and the socket is closed
        }
        ++state->counts.accepted;
        tune(socket);
        start_session(state, std::move(socket));
    }
}

/// Makes the acceptor known for as long as it is there: the coroutine that has it may just be destroyed.
class listening_now {
public:
    listening_now(server_state& state, stream_acceptor& acceptor) : state_(state) { state_.listening = &acceptor; }
    listening_now(const listening_now&) = delete;
    listening_now& operator=(const listening_now&) = delete;
    ~listening_now() { state_.listening = nullptr; }

private:
    server_state& state_;
};

/// Waits until no connection is left, at most until `until`.
asio::awaitable<void> wait_closed(server_state& state, deadline::clock::time_point until)
{
    asio::steady_timer last_closed(co_await asio::this_coro::executor, until);
    state.last_closed = &last_closed;
    if (!state.open.empty())
        co_await last_closed.async_wait(use_result);
    state.last_closed = nullptr;
}

asio::awaitable<void> drain(std::shared_ptr<server_state> state)
{
    state->is_stopping = true;
    state->stop(false);
    co_await wait_closed(*state, deadline::clock::now() + state->limits.drain);
    state->stop(true);
    co_await wait_closed(*state, deadline::clock::time_point::max());
    state->is_stopping = false;
}

} // namespace

server::server(router routes, server_limits limits,
               std::function<void(std::string_view route, std::string_view what)> on_error, error_page errors,
               server_front front)
    : state_(std::make_shared<server_state>(std::move(routes), limits, std::move(on_error), std::move(errors),
                                            std::move(front)))
{
}

std::size_t server::connections() const noexcept
{
    return state_->open.size();
}

std::size_t server::streams() const noexcept
{
    return state_->streams;
}

const server_limits& server::limits() const noexcept
{
    return state_->limits;
}

const server_counts& server::counts() const noexcept
{
    return state_->counts;
}

std::optional<proto_http::accept_queue> server::accept_queue() const
{
    return state_->listening == nullptr ? std::nullopt : queue_of(*state_->listening);
}

asio::awaitable<void> server::serve(listener on)
{
    const auto state = state_;
    const listening_now known(*state, on.acceptor_);
    try {
        co_await accept_sessions(state, on.acceptor_);
    } catch (const boost::system::system_error&) {
        // A wait that begins after the cancellation throws; nothing else here does.
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    error_code ignored;
    on.acceptor_.close(ignored);
    co_await drain(state);
    co_await asio::this_coro::reset_cancellation_state();
}

} // namespace proto_http
