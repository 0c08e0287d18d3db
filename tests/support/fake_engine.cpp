#include "tests/support/fake_engine.hpp"

#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace support {
namespace {

namespace asio = boost::asio;
using proto_http::use_result;
using clock = std::chrono::steady_clock;

constexpr std::string_view end_of_head = "\r\n\r\n";

using socket_type = asio::basic_stream_socket<asio::generic::stream_protocol>;

/// What tells that the other side has closed. Over TCP that is not an error but the end of what is read; what is left
/// unread on a Unix socket must not count.
socket_type::wait_type end_of(const socket_type& socket)
{
    return socket.local_endpoint().protocol().family() == AF_UNIX ? socket_type::wait_error : socket_type::wait_read;
}

asio::awaitable<void> wait_for_end(socket_type& socket)
{
    co_await socket.async_wait(end_of(socket), use_result);
}

/// Waits for the bell or the time.
/// @return false if the connection ended meanwhile, from either side
asio::awaitable<bool> wait(socket_type& socket, proto_http::doorbell& bell, clock::time_point latest)
{
    using namespace asio::experimental::awaitable_operators;
    const auto first = co_await (bell.wait_until(latest) || wait_for_end(socket));
    co_return first.index() == 0;
}

bool has_hung_up(socket_type& socket)
{
    pollfd state{socket.native_handle(), 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

/// Reads the head of a request but for its last byte. A Unix socket that is closed with something unread resets the
/// connection, unix(7); there is no other way to do so.
asio::awaitable<std::string> read_head(socket_type& socket)
{
    std::string head;
    std::array<char, 4096> piece;
    for (;;) {
        co_await socket.async_wait(socket_type::wait_read, asio::use_awaitable);
        const auto arrived = socket.receive(asio::buffer(piece), asio::socket_base::message_peek);
        const auto before = head.size();
        head.append(piece.data(), arrived);
        const auto end = head.find(end_of_head, before < 3 ? 0 : before - 3);
        const auto is_whole = end != std::string::npos;
        if (is_whole)
            head.resize(end + end_of_head.size());
        const auto taken = head.size() - before - (is_whole ? 1 : 0);
        co_await asio::async_read(socket, asio::buffer(piece.data(), taken), asio::use_awaitable);
        if (is_whole)
            co_return head;
    }
}

/// 41 of `1.41` or `/v1.41`
std::optional<unsigned> minor_version(std::string_view text)
{
    const auto dot = text.find("1.");
    unsigned minor = 0;
    if (dot == std::string_view::npos ||
        std::from_chars(text.data() + dot + 2, text.data() + text.size(), minor).ec != std::errc{})
        return std::nullopt;
    return minor;
}

fake_engine::request request_in(const std::string& head)
{
    const auto blank = head.find(' ');
    return {head.substr(0, blank), head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1), 0};
}

} // namespace

fake_engine::connection::connection(socket_type accepted) : socket(std::move(accepted)), bell(socket.get_executor()) {}

/// The way of one answer onto the wire.
class fake_engine::outlet {
public:
    outlet(fake_engine& engine, connection& peer, toxic how) : engine_(engine), peer_(peer), how_(std::move(how)) {}

    [[nodiscard]] const toxic& how() const noexcept { return how_; }
    [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

    /// Does nothing more once it was cut.
    asio::awaitable<void> send(std::string bytes)
    {
        std::string_view rest = bytes;
        while (!rest.empty() && !is_cut_) {
            if (!is_first_)
                co_await rest_for(how_.pause);
            is_first_ = false;
            co_await engine_.while_frozen(peer_);
            auto piece = rest.substr(0, how_.slice);
            if (how_.cut_at && sent_ + piece.size() >= *how_.cut_at) {
                is_cut_ = true;
                piece = piece.substr(0, *how_.cut_at - sent_);
            }
            co_await asio::async_write(peer_.socket, asio::buffer(piece), asio::use_awaitable);
            sent_ += piece.size();
            rest.remove_prefix(piece.size());
        }
    }

    asio::awaitable<void> rest_for(clock::duration time)
    {
        if (time == time.zero())
            co_return;
        const auto end = clock::now() + time;
        while (clock::now() < end) {
            // Named: g++ 12 takes a throw behind a condition with co_await for unreachable.
            const bool stands = co_await wait(peer_.socket, peer_.bell, end);
            if (!stands)
                throw boost::system::system_error(asio::error::eof);
        }
    }

private:
    fake_engine& engine_;
    connection& peer_;
    toxic how_;
    std::size_t sent_ = 0;
    bool is_first_ = true;
    bool is_cut_ = false;
};

/// Counts.
class fake_engine::read_in_progress {
public:
    read_in_progress(fake_engine& engine, std::string_view path)
        : engine_(engine), counts_(path != "/_ping" && path != "/events")
    {
        if (counts_)
            engine_.most_reads_ = std::max(engine_.most_reads_, ++engine_.reads_);
    }
    read_in_progress(const read_in_progress&) = delete;
    read_in_progress& operator=(const read_in_progress&) = delete;
    ~read_in_progress()
    {
        if (counts_)
            --engine_.reads_;
    }

private:
    fake_engine& engine_;
    bool counts_;
};

fake_engine::fake_engine(asio::any_io_executor executor, const std::filesystem::path& socket)
    : fake_engine(std::move(executor), asio::local::stream_protocol::endpoint(socket.string()))
{
}

fake_engine::fake_engine(asio::any_io_executor executor)
    : fake_engine(std::move(executor), asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0))
{
}

fake_engine::fake_engine(asio::any_io_executor executor, protocol::endpoint where)
    : where_(std::move(where)), acceptor_(executor), listening_(executor)
{
    listen();
}

void fake_engine::listen()
{
    acceptor_.open(where_.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(where_);
    acceptor_.listen();
    where_ = acceptor_.local_endpoint();
}

std::uint16_t fake_engine::port() const
{
    asio::ip::tcp::endpoint tcp;
    std::memcpy(tcp.data(), where_.data(), where_.size());
    return tcp.port();
}

// --- Connections ---

asio::awaitable<void> fake_engine::run()
{
    for (;;) {
        if (!acceptor_.is_open() || is_frozen_) {
            co_await listening_.wait();
            continue;
        }
        auto [error, socket] = co_await acceptor_.async_accept(use_result);
        if (error)
            continue; // the script closed it, or froze; cancelled, the next wait throws
        if (turns_away > 0) {
            --turns_away;
            continue;
        }
        connections_.emplace_back(std::move(socket));
        asio::co_spawn(acceptor_.get_executor(), serve(std::prev(connections_.end())), [](std::exception_ptr problem) {
            if (problem)
                std::rethrow_exception(problem);
        });
    }
}

asio::awaitable<void> fake_engine::serve(std::list<connection>::iterator peer)
{
    try {
        co_await converse(*peer);
    } catch (const boost::system::system_error&) {
        // The agent went away, or the script dropped it: the end of this connection in any case.
    }
    connections_.erase(peer);
}

asio::awaitable<void> fake_engine::converse(connection& peer)
{
    for (bool goes_on = true; goes_on;) {
        const auto head = co_await read_head(peer.socket);
        co_await while_frozen(peer);
        if (has_hung_up(peer.socket))
            co_return; // before it was accepted, or thawed
        auto asked = request_in(head);
        asked.number = ++asked_;
        requests.push_back(asked);
        note(asked, moment::asked);
        auto outcome = moment::lost;
        const auto report = [this, &asked](const moment* what) { note(asked, *what); };
        const std::unique_ptr<const moment, decltype(report)> reported(&outcome, report);
        goes_on = co_await answer(peer, asked);
        if (goes_on)
            outcome = moment::answered;
    }
}

asio::awaitable<void> fake_engine::while_frozen(connection& peer)
{
    while (is_frozen_) {
        const bool stands = co_await wait(peer.socket, peer.bell, clock::time_point::max());
        if (!stands)
            throw boost::system::system_error(asio::error::eof);
    }
}

void fake_engine::note(const request& asked, moment what) const
{
    if (observe)
        observe(asked, what);
}

void fake_engine::drop_connections()
{
    boost::system::error_code ignored;
    for (auto& peer : connections_)
        peer.socket.close(ignored);
}

void fake_engine::go_away(bool leaves_file)
{
    acceptor_.close();
    if (const auto* where = reinterpret_cast<const sockaddr_un*>(where_.data());
        where->sun_family == AF_UNIX && !leaves_file)
        std::filesystem::remove(where->sun_path);
    drop_connections();
}

void fake_engine::come_back()
{
    if (const auto* where = reinterpret_cast<const sockaddr_un*>(where_.data()); where->sun_family == AF_UNIX)
        std::filesystem::remove(where->sun_path);
    listen();
    listening_.ring();
}

void fake_engine::freeze()
{
    is_frozen_ = true;
    acceptor_.cancel();
}

void fake_engine::thaw()
{
    is_frozen_ = false;
    listening_.ring();
    for (auto& peer : connections_)
        peer.bell.ring();
}

// --- Answers ---

asio::awaitable<bool> fake_engine::answer(connection& peer, request asked)
{
    const auto path = plain_path(asked.target);
    auto how = toxics_.meet(path);
    const auto way = journey_of ? journey_of(asked) : journey{};
    if (way.cut_at)
        how.cut_at = way.cut_at;
    outlet out(*this, peer, std::move(how));
    const read_in_progress counted(*this, path);
    if (out.how().then != toxic::ending::reset) {
        char last = 0;
        co_await asio::async_read(peer.socket, asio::buffer(&last, 1), asio::use_awaitable);
    }
    if (!way.arrives || std::find(hanging.begin(), hanging.end(), path) != hanging.end()) {
        co_await wait_for_end(peer.socket);
        co_return false;
    }

    co_await out.rest_for(way.before);
    const auto tampered = tampered_answer(asked);
    const auto is_stream = path == "/events" && !tampered && !out.how().status && !out.how().body;
    std::string text; // of what is true now: a slow answer is an old one
    if (!is_stream)
        text = text_of(asked, tampered, out.how());
    co_await out.rest_for(way.after + out.how().delay);
    if (is_stream)
        co_await stream_events(peer, out);
    else
        co_await out.send(std::move(text));

    if (out.how().then == toxic::ending::stall) {
        co_await wait_for_end(peer.socket);
        co_return false;
    }
    if (!tampered && out.how().is_harmless())
        told_truth_at_[path] = clock::now();
    if (out.how().then == toxic::ending::reset)
        peer.socket.set_option(asio::socket_base::linger(true, 0));
    co_return !is_stream && !out.is_cut() && out.how().then == toxic::ending::keep &&
        out.how().framed != toxic::framing::until_close;
}

/// What the script wants said instead of the truth.
std::optional<engine_answer> fake_engine::tampered_answer(const request& asked) const
{
    auto scripted = tamper ? tamper(asked) : std::nullopt;
    if (const auto found = instead.find(plain_path(asked.target)); !scripted && found != instead.end())
        scripted = found->second;
    if (scripted)
        return engine_answer{scripted->status, scripted->body, scripted->content_type};
    return refusal_of_version(asked.target);
}

std::string fake_engine::text_of(const request& asked, const std::optional<engine_answer>& tampered,
                                 const toxic& how) const
{
    const auto told = tampered ? *tampered : state.answer(asked.target);
    return wire_text(told, own_fields(), how, asked.method == "HEAD");
}

/// What engines say to a version that is none of theirs; measured with 20.10.
std::optional<engine_answer> fake_engine::refusal_of_version(const std::string& target) const
{
    const auto asked = minor_version(target.substr(0, target.find('/', 1)));
    if (!asked || api_version.empty())
        return std::nullopt;
    const auto version = "client version 1." + std::to_string(*asked);
    if (*asked > minor_version(api_version))
        return engine_answer{400, R"({"message":")" + version + " is too new. Maximum supported API version is " +
                                      api_version + R"("})"};
    if (*asked < minor_version(oldest_api))
        return engine_answer{400, R"({"message":")" + version + " is too old. Minimum supported API version is " +
                                      oldest_api + R"(, please upgrade your client to a newer version"})"};
    return std::nullopt;
}

std::string fake_engine::own_fields() const
{
    std::string fields;
    if (!api_version.empty())
        fields += "Api-Version: " + api_version + "\r\n";
    if (!swarm.empty())
        fields += "Swarm: " + swarm + "\r\n";
    return fields;
}

std::size_t fake_engine::count(std::string_view path) const
{
    return static_cast<std::size_t>(std::count_if(
        requests.begin(), requests.end(), [path](const request& asked) { return plain_path(asked.target) == path; }));
}

std::optional<std::chrono::steady_clock::time_point> fake_engine::told_truth_at(std::string_view path) const
{
    const auto found = told_truth_at_.find(path);
    return found == told_truth_at_.end() ? std::nullopt : std::optional(found->second);
}

// --- Events ---

asio::awaitable<void> fake_engine::stream_events(connection& peer, outlet& out)
{
    const auto own = streams_.emplace(streams_.end(), peer.socket);
    const auto leave = [this](const std::list<stream>::iterator* at) { streams_.erase(*at); };
    const std::unique_ptr<const std::list<stream>::iterator, decltype(leave)> registered(&own, leave);

    toxic head;
    head.framed = toxic::framing::chunked;
    head.headers = out.how().headers;
    auto text = wire_text(engine_answer{}, own_fields(), head, true);
    text.insert(0, out.how().interim);
    co_await out.send(std::move(text));
    if (on_stream)
        on_stream();
    while (!out.is_cut()) {
        if (!own->pending.empty()) {
            co_await out.send(as_chunks(own->pending.front(), events.chunk_bytes, out.how().chunk_extension));
            own->pending.pop_front();
        } else if (own->ending) {
            std::string end = "0\r\n" + out.how().trailers + "\r\n";
            co_await out.send(std::move(end));
            co_return;
        } else {
            const bool stands = co_await wait(peer.socket, own->bell, clock::time_point::max());
            if (!stands)
                co_return;
        }
    }
}

void fake_engine::emit(std::string_view record)
{
    send(mangler_.take(std::string(record) + "\n", events));
}

void fake_engine::emit_bytes(std::string bytes)
{
    send({std::move(bytes)});
}

void fake_engine::flush_events()
{
    send(mangler_.rest(events));
}

void fake_engine::send(std::vector<std::string> bodies)
{
    for (auto& open : streams_) {
        open.pending.insert(open.pending.end(), bodies.begin(), bodies.end());
        open.bell.ring();
    }
}

void fake_engine::end_streams()
{
    for (auto& open : streams_) {
        open.ending = true;
        open.bell.ring();
    }
}

bool fake_engine::events_sent() const
{
    return std::all_of(streams_.begin(), streams_.end(), [](const stream& open) { return open.pending.empty(); });
}

std::size_t fake_engine::unread_event_bytes() const
{
    std::size_t sum = 0;
    for (const auto& open : streams_) {
        int bytes = 0; // unix(7): what the other side has not read yet
        if (open.socket.is_open() && ::ioctl(open.socket.native_handle(), SIOCOUTQ, &bytes) == 0)
            sum += static_cast<std::size_t>(bytes);
    }
    return sum;
}

} // namespace support
