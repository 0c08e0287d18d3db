#pragma once

#include "proto_http/address.hpp"
#include "proto_http/connect.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A connection on which a test sends any bytes and sees what comes back. Coroutines, which throw what fails.
class raw_client {
public:
    explicit raw_client(boost::asio::io_context& io) : socket_(io) {}

    boost::asio::awaitable<void> connect(proto_http::address where)
    {
        const auto connected = co_await proto_http::connect(socket_, std::move(where));
        if (!connected)
            throw boost::system::system_error(connected.error());
    }

    boost::asio::awaitable<void> send(std::string bytes)
    {
        co_await boost::asio::async_write(socket_, boost::asio::buffer(bytes), boost::asio::use_awaitable);
    }

    /// Everything up to and with the `count`-th `end`; less when the server closes before.
    boost::asio::awaitable<std::string> receive_until(std::string end, std::size_t count = 1)
    {
        while (true) {
            std::size_t size = 0;
            for (std::size_t found = 0; found < count && size != std::string::npos; ++found) {
                size = received_.find(end, size);
                size += size == std::string::npos ? 0 : end.size();
            }
            if (size != std::string::npos)
                co_return take(size);
            if (!co_await receive())
                co_return take(received_.size());
        }
    }

    /// Everything until the server closes.
    boost::asio::awaitable<std::string> receive_all()
    {
        // Not `while (co_await receive())`: g++ 12 compiles that to a trap under -fsanitize=undefined.
        bool is_open = true;
        while (is_open)
            is_open = co_await receive();
        co_return take(received_.size());
    }

    /// Sends `bytes` and returns everything until the server closes.
    boost::asio::awaitable<std::string> exchange(proto_http::address where, std::string bytes)
    {
        co_await connect(std::move(where));
        co_await send(std::move(bytes));
        co_return co_await receive_all();
    }

    /// Whether the server broke the connection off rather than close it.
    [[nodiscard]] bool was_reset() const { return error_ == boost::asio::error::connection_reset; }

    void close_sending() { socket_.shutdown(boost::asio::socket_base::shutdown_send); }
    void close() { socket_.close(); }
    [[nodiscard]] proto_http::stream_socket& socket() { return socket_; }

private:
    std::string take(std::size_t size)
    {
        auto taken = received_.substr(0, size);
        received_.erase(0, size);
        return taken;
    }

    boost::asio::awaitable<bool> receive()
    {
        std::array<char, 4096> bytes{};
        const auto [error, count] =
            co_await socket_.async_read_some(boost::asio::buffer(bytes), proto_http::use_result);
        error_ = error;
        received_.append(bytes.data(), count);
        co_return !error;
    }

    proto_http::stream_socket socket_;
    std::string received_;
    boost::system::error_code error_;
};

} // namespace support
