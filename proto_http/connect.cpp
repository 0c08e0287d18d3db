#include "proto_http/connect.hpp"

#include "proto_http/errc.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace proto_http {
namespace {

using tcp = asio::ip::tcp;
using endpoint = asio::generic::stream_protocol::endpoint;

static_assert(longest_socket_path == sizeof(sockaddr_un::sun_path) - 1);

/// Between two knocks at a Unix server whose queue is full.
constexpr std::chrono::milliseconds queue_pause{20};

result<std::vector<endpoint>> unix_endpoints(const std::string& path)
{
    if (path.empty() || path.size() > longest_socket_path || path.find('\0') != std::string::npos)
        return make_error_code(errc::bad_address);
    return std::vector<endpoint>{asio::local::stream_protocol::endpoint(path)};
}

/// A question to the resolver. Its thread cannot be interrupted, so the answer may come when nobody waits any more:
/// the resolver's handler and the coroutine that asked both own this.
struct lookup {
    explicit lookup(const asio::any_io_executor& executor) : resolver(executor), answered(executor) {}

    tcp::resolver resolver;
    asio::steady_timer answered;
    bool is_answered = false;
    error_code error;
    std::vector<endpoint> found;
};

error_code describe(error_code error)
{
    const bool unknown = error == asio::error::host_not_found || error == asio::error::no_data;
    return unknown ? make_error_code(errc::host_not_found) : error;
}

void ask(const std::shared_ptr<lookup>& question, const tcp_address& where)
{
    const auto take_answer = [question](error_code error, const tcp::resolver::results_type& answers) {
        question->is_answered = true;
        question->error = describe(error);
        for (const auto& answer : answers)
            question->found.emplace_back(answer.endpoint());
        question->answered.cancel();
    };
    question->resolver.async_resolve(where.host, std::to_string(where.port), tcp::resolver::numeric_service,
                                     take_answer);
}

asio::awaitable<result<std::vector<endpoint>>> resolve(tcp_address where)
{
    error_code not_numeric;
    const auto numeric = asio::ip::make_address(where.host, not_numeric);
    if (!not_numeric)
        co_return std::vector<endpoint>{tcp::endpoint(numeric, where.port)};
    if (where.host.empty() || where.host.find('\0') != std::string::npos)
        co_return make_error_code(errc::bad_address);

    const auto question = std::make_shared<lookup>(co_await asio::this_coro::executor);
    ask(question, where);
    question->answered.expires_at(asio::steady_timer::time_point::max());
    co_await question->answered.async_wait(use_result);
    if (!question->is_answered)
        co_return error_code(asio::error::operation_aborted);
    if (question->error)
        co_return question->error;
    if (question->found.empty())
        co_return make_error_code(errc::host_not_found);
    co_return std::move(question->found);
}

/// Connects to one address. A Unix server whose queue is full answers EAGAIN (connect(2)), which Asio takes for "in
/// progress" and soon after for success; there is nothing to wait for then but time.
asio::awaitable<error_code> connect_to(stream_socket& socket, endpoint where)
{
    asio::steady_timer pause(socket.get_executor());
    while (true) {
        error_code ignored;
        socket.close(ignored);
        const auto [error] = co_await socket.async_connect(where, use_result);
        if (error || where.protocol().family() != AF_UNIX)
            co_return error;

        error_code problem;
        static_cast<void>(socket.remote_endpoint(problem));
        if (problem != asio::error::not_connected)
            co_return problem;
        pause.expires_after(queue_pause);
        const auto [stopped] = co_await pause.async_wait(use_result);
        if (stopped)
            co_return stopped;
    }
}

void set(stream_socket& socket, int level, int name, int value)
{
    // An option that cannot be set is a comfort lost, no more.
    static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof value));
}

} // namespace

asio::awaitable<result<void>> connect(stream_socket& socket, address where)
{
    auto candidates = result<std::vector<endpoint>>(std::vector<endpoint>{});
    if (const auto* file = std::get_if<unix_address>(&where))
        candidates = unix_endpoints(file->path);
    else
        candidates = co_await resolve(std::get<tcp_address>(where));
    if (!candidates)
        co_return candidates.error();

    error_code error;
    for (const auto& candidate : *candidates) {
        error = co_await connect_to(socket, candidate);
        if (!error) {
            tune(socket);
            co_return result<void>();
        }
        if (error == asio::error::operation_aborted)
            break;
    }
    co_return error;
}

void tune(stream_socket& socket)
{
    error_code ignored;
    if (socket.local_endpoint(ignored).protocol().family() == AF_UNIX)
        return;
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

} // namespace proto_http
