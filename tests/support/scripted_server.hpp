#pragma once

#include "proto_http/address.hpp"
#include "proto_http/timeout.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace support {

/// What a scripted server does on one connection, one step after the other. Behind the last step it closes.
namespace step {

/// Reads the head of a request and records it.
struct take_request {};
/// Sends these bytes; on a Unix socket it also waits until they have been read, so that the peer gets them in one
/// piece, apart from the next ones.
struct send {
    std::string bytes;
};
/// Waits for something that the test does or sees.
struct wait_until {
    std::function<bool()> holds;
};
/// Keeps the connection open until the peer closes it.
struct stay {};
/// Breaks the connection off (RST over TCP).
struct reset {};

} // namespace step

using any_step = std::variant<step::take_request, step::send, step::wait_until, step::stay, step::reset>;

/// Steps in their order; scripts and steps are put together with `+`.
struct script {
    script() = default;
    template <class Step>
    requires std::constructible_from<any_step, Step>
    script(Step first) // NOLINT(google-explicit-constructor): a step is a script of one
    {
        steps.emplace_back(std::move(first));
    }

    friend script operator+(script first, script second)
    {
        std::ranges::move(second.steps, std::back_inserter(first.steps));
        return first;
    }

    std::vector<any_step> steps;
};

/// Takes a request and sends `bytes` in pieces of `piece_bytes`.
inline script answer(std::string_view bytes, std::size_t piece_bytes = std::string_view::npos)
{
    script all = step::take_request{};
    while (!bytes.empty()) {
        all.steps.emplace_back(step::send{std::string(bytes.substr(0, piece_bytes))});
        bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    }
    return all;
}

/// A server inside the test's io_context that plays scripts, one for each connection in the order of their coming.
/// Connections beyond the last script are closed at once.
class scripted_server {
public:
    enum class kind { unix_socket, tcp };

    explicit scripted_server(boost::asio::io_context& io, kind which = kind::unix_socket)
        : state_(std::make_shared<state>(io))
    {
        namespace asio = boost::asio;
        using endpoint = asio::generic::stream_protocol::endpoint;
        const auto socket_path = (directory_.path() / "s").string();
        const auto where = which == kind::tcp ? endpoint(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0))
                                              : endpoint(asio::local::stream_protocol::endpoint(socket_path));
        state_->acceptor.open(where.protocol());
        state_->acceptor.bind(where);
        state_->acceptor.listen();
        if (which == kind::tcp)
            address_ = proto_http::tcp_address{"127.0.0.1", bound_port()};
        else
            address_ = proto_http::unix_address{socket_path};
        asio::co_spawn(io, accept(state_), rethrow);
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server() { stop_listening(); }

    [[nodiscard]] const proto_http::address& address() const { return address_; }

    /// The script of the next connection that has none.
    void play(script steps) { state_->scripts.push_back(std::move(steps)); }

    /// Refuses further connections.
    void stop_listening()
    {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
    }

    /// Heads of all requests, in order.
    [[nodiscard]] const std::vector<std::string>& requests() const { return state_->requests; }
    /// Connections so far, and how many of them are still open on our side.
    [[nodiscard]] std::size_t connections() const { return state_->connections; }
    [[nodiscard]] std::size_t open_connections() const { return state_->open; }

private:
    using socket_type = boost::asio::generic::stream_protocol::socket;

    /// Shared with the coroutines, which end some time after the server.
    struct state {
        explicit state(boost::asio::io_context& io) : acceptor(io) {}

        boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor;
        std::deque<script> scripts;
        std::vector<std::string> requests;
        std::size_t connections = 0;
        std::size_t open = 0;
    };

    static void rethrow(const std::exception_ptr& problem)
    {
        if (problem)
            std::rethrow_exception(problem);
    }

    [[nodiscard]] std::uint16_t bound_port() const
    {
        const auto bound = state_->acceptor.local_endpoint();
        boost::asio::ip::tcp::endpoint tcp;
        std::memcpy(tcp.data(), bound.data(), bound.size());
        return tcp.port();
    }

    static boost::asio::awaitable<void> accept(std::shared_ptr<state> shared)
    {
        while (true) {
            auto [error, socket] = co_await shared->acceptor.async_accept(proto_http::use_result);
            if (error)
                co_return;
            ++shared->connections;
            script steps;
            if (!shared->scripts.empty()) {
                steps = std::move(shared->scripts.front());
                shared->scripts.pop_front();
            }
            const auto executor = socket.get_executor();
            boost::asio::co_spawn(executor, perform(shared, std::move(socket), std::move(steps)), rethrow);
        }
    }

    static boost::asio::awaitable<void> perform(std::shared_ptr<state> shared, socket_type socket, script steps)
    {
        ++shared->open;
        std::string received;
        bool goes_on = true;
        for (const auto& each : steps.steps) {
            if (!goes_on)
                break;
            if (std::holds_alternative<step::take_request>(each))
                goes_on = co_await take_request(*shared, socket, received);
            else if (const auto* bytes = std::get_if<step::send>(&each))
                goes_on = co_await send(socket, bytes->bytes);
            else if (const auto* condition = std::get_if<step::wait_until>(&each))
                co_await wait_until(condition->holds);
            else if (std::holds_alternative<step::stay>(each))
                co_await wait_for_end(socket);
            else
                socket.set_option(boost::asio::socket_base::linger(true, 0));
        }
        --shared->open;
    }

    static boost::asio::awaitable<bool> take_request(state& shared, socket_type& socket, std::string& received)
    {
        const auto [error, size] = co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(received),
                                                                          "\r\n\r\n", proto_http::use_result);
        if (error)
            co_return false;
        shared.requests.push_back(received.substr(0, size));
        received.erase(0, size);
        co_return true;
    }

    static boost::asio::awaitable<bool> send(socket_type& socket, const std::string& bytes)
    {
        const auto [error, sent] =
            co_await boost::asio::async_write(socket, boost::asio::buffer(bytes), proto_http::use_result);
        if (error)
            co_return false;
        boost::asio::steady_timer timer(socket.get_executor());
        for (auto turn = 0; unread_bytes(socket) > 0; ++turn) {
            // The peer is in the same io_context, so it mostly has had its turn after one of ours.
            timer.expires_after(std::chrono::microseconds(turn < 10 ? 0 : 500));
            co_await timer.async_wait(proto_http::use_result);
        }
        co_return true;
    }

    /// unix(7): SIOCOUTQ counts what the peer has not read. Over TCP it would count what it has not acknowledged.
    static int unread_bytes(socket_type& socket)
    {
        int unread = 0;
        if (socket.local_endpoint().protocol().family() == AF_UNIX)
            ::ioctl(socket.native_handle(), SIOCOUTQ, &unread);
        return unread;
    }

    static boost::asio::awaitable<void> wait_until(const std::function<bool()>& holds)
    {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        while (!holds()) {
            timer.expires_after(std::chrono::milliseconds(1));
            co_await timer.async_wait(proto_http::use_result);
        }
    }

    static boost::asio::awaitable<void> wait_for_end(socket_type& socket)
    {
        std::array<char, 1024> unread{};
        while (true) {
            const auto [error, count] =
                co_await socket.async_read_some(boost::asio::buffer(unread), proto_http::use_result);
            if (error)
                co_return;
        }
    }

    temporary_directory directory_;
    std::shared_ptr<state> state_;
    proto_http::address address_;
};

} // namespace support
