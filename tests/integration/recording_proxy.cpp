#include "tests/integration/recording_proxy.hpp"

#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <exception>
#include <utility>

namespace integration {
namespace {

namespace asio = boost::asio;
using proto_http::use_result;

/// An exception here would be a fault of the test itself.
void rethrow(const std::exception_ptr& error)
{
    if (error)
        std::rethrow_exception(error);
}

/// Until either side ends; both belong to the caller, who waits.
asio::awaitable<void> pass_answers(asio::local::stream_protocol::socket& engine,
                                   asio::local::stream_protocol::socket& client)
{
    std::array<char, 65536> buffer;
    for (;;) {
        const auto [read_error, length] = co_await engine.async_read_some(asio::buffer(buffer), use_result);
        if (read_error)
            co_return;
        const auto [write_error, written] =
            co_await asio::async_write(client, asio::buffer(buffer.data(), length), use_result);
        if (write_error)
            co_return;
    }
}

} // namespace

recording_proxy::recording_proxy(const std::filesystem::path& socket, const std::filesystem::path& engine)
    : engine_(engine.string()), acceptor_(io_, protocol::endpoint(socket.string()))
{
    asio::co_spawn(io_, accept(), rethrow);
    thread_ = std::thread([this] { io_.run(); });
}

recording_proxy::~recording_proxy()
{
    io_.stop();
    thread_.join();
}

std::vector<recording_proxy::request> recording_proxy::requests() const
{
    const std::lock_guard lock(mutex_);
    return requests_;
}

asio::awaitable<void> recording_proxy::accept()
{
    for (;;) {
        auto client = co_await acceptor_.async_accept(asio::use_awaitable);
        asio::co_spawn(io_, serve(std::move(client)), rethrow);
    }
}

asio::awaitable<void> recording_proxy::serve(protocol::socket client)
{
    using namespace asio::experimental::awaitable_operators;

    protocol::socket engine(io_);
    const auto [error] = co_await engine.async_connect(engine_, use_result);
    if (error)
        co_return; // the client sees its connection closed, as if nobody listened
    co_await (pass_requests(client, engine) || pass_answers(engine, client));
}

asio::awaitable<void> recording_proxy::pass_requests(protocol::socket& client, protocol::socket& engine)
{
    std::array<char, 65536> buffer;
    std::string pending;
    for (;;) {
        const auto [read_error, length] = co_await client.async_read_some(asio::buffer(buffer), use_result);
        if (read_error)
            co_return;
        // Whatever is no head, such as a request's body, would be recorded as one, and be found to be none.
        pending.append(buffer.data(), length);
        for (auto end = pending.find("\r\n\r\n"); end != std::string::npos; end = pending.find("\r\n\r\n")) {
            record(std::string_view(pending).substr(0, end));
            pending.erase(0, end + 4);
        }
        const auto [write_error, written] =
            co_await asio::async_write(engine, asio::buffer(buffer.data(), length), use_result);
        if (write_error)
            co_return;
    }
}

void recording_proxy::record(std::string_view head)
{
    const auto line = head.substr(0, head.find("\r\n"));
    const auto method_end = line.find(' ');
    const auto rest = method_end == std::string_view::npos ? std::string_view{} : line.substr(method_end + 1);
    const std::lock_guard lock(mutex_);
    requests_.push_back({std::string(line.substr(0, method_end)), std::string(rest.substr(0, rest.find(' ')))});
}

} // namespace integration
