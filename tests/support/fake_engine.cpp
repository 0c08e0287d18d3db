#include "tests/support/fake_engine.hpp"

#include "proto_http/target.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

#include <linux/sockios.h>
#include <simdjson.h>
#include <sys/ioctl.h>

namespace support {
namespace {

namespace asio = boost::asio;
namespace dom = simdjson::dom;
using proto_http::use_result;

engine_state::objects by_id(const std::string& list)
{
    dom::parser parser;
    dom::array elements;
    if (parser.parse(list).get(elements) != simdjson::SUCCESS)
        throw std::runtime_error("not a JSON list: " + list.substr(0, 80));
    engine_state::objects found;
    for (const dom::element element : elements) {
        std::string_view id;
        if (element["ID"].get(id) != simdjson::SUCCESS)
            throw std::runtime_error("an object without ID in: " + list.substr(0, 80));
        found.emplace(id, simdjson::minify(element));
    }
    return found;
}

bool belongs_to(const std::string& task, std::string_view service_id)
{
    dom::parser parser;
    std::string_view found;
    return parser.parse(task)["ServiceID"].get(found) == simdjson::SUCCESS && found == service_id;
}

template <class Keep>
std::string as_list(const engine_state::objects& objects, Keep keep)
{
    std::string list = "[";
    for (const auto& [id, text] : objects)
        if (keep(text))
            list += (list.size() > 1 ? "," : "") + text;
    return list + "]\n";
}

std::string as_list(const engine_state::objects& objects)
{
    return as_list(objects, [](const std::string&) { return true; });
}

/// The service that a `filters` value asks for.
std::string service_filter(const std::string& filters)
{
    dom::parser parser;
    std::string_view id;
    if (parser.parse(filters)["service"].at(0).get(id) != simdjson::SUCCESS)
        return {};
    return std::string(id);
}

/// `/tasks/x` of `/v1.41/tasks/x`
std::string without_version(std::string path)
{
    if (path.starts_with("/v1."))
        path.erase(0, path.find('/', 1));
    return path;
}

std::string path_of(const std::string& target)
{
    const auto split = proto_http::split(target);
    return split ? without_version(split->path) : target;
}

std::string head_of(unsigned status, const fake_engine& engine, std::string_view content_type)
{
    return "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nApi-Version: " + engine.api_version +
           "\r\nSwarm: " + engine.swarm + "\r\nContent-Type: " + std::string(content_type) + "\r\n";
}

std::string as_chunk(const std::string& bytes)
{
    char size[20];
    const auto length = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return std::string(size, static_cast<std::size_t>(length)) + bytes + "\r\n";
}

} // namespace

engine_state engine_state::of(const std::string& services, const std::string& nodes, const std::string& tasks)
{
    return {by_id(services), by_id(nodes), by_id(tasks)};
}

fake_engine::fake_engine(asio::any_io_executor executor, const std::filesystem::path& socket)
    : acceptor_(std::move(executor), asio::local::stream_protocol::endpoint(socket.string()))
{
}

asio::awaitable<void> fake_engine::run()
{
    for (;;) {
        auto peer = co_await acceptor_.async_accept(asio::use_awaitable);
        connections_.push_back(std::move(peer));
        asio::co_spawn(acceptor_.get_executor(), serve(std::prev(connections_.end())), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
    }
}

asio::awaitable<void> fake_engine::serve(std::list<socket_type>::iterator connection)
{
    try {
        co_await converse(*connection);
    } catch (const boost::system::system_error&) {
        // The agent went away, or the script dropped it: the end of this connection in any case.
    }
    connections_.erase(connection);
}

asio::awaitable<void> fake_engine::converse(socket_type& peer)
{
    std::string buffer;
    for (;;) {
        const auto head_bytes =
            co_await asio::async_read_until(peer, asio::dynamic_buffer(buffer), "\r\n\r\n", asio::use_awaitable);
        const auto blank = buffer.find(' ');
        const request asked{buffer.substr(0, blank), buffer.substr(blank + 1, buffer.find(' ', blank + 1) - blank - 1),
                            ++asked_};
        buffer.erase(0, head_bytes);
        requests.push_back(asked);
        note(asked, moment::asked);
        auto outcome = moment::lost;
        const auto report = [this, &asked](const moment* what) { note(asked, *what); };
        const std::unique_ptr<const moment, decltype(report)> reported(&outcome, report);
        const auto way = journey_of ? journey_of(asked) : journey{};
        const auto path = path_of(asked.target);
        if (!way.arrives || std::find(hanging.begin(), hanging.end(), path) != hanging.end()) {
            co_await peer.async_wait(socket_type::wait_error, asio::use_awaitable);
            co_return;
        }
        co_await rest(peer, way.before);
        const auto tampered = tamper ? tamper(asked) : std::nullopt;
        if (path == "/events" && !instead.contains(path) && !tampered) {
            co_await rest(peer, way.after);
            co_return co_await stream_events(peer);
        }

        const auto reply =
            tampered ? answer{tampered->status, tampered->body, tampered->content_type} : answer_for(asked);
        auto bytes = head_of(reply.status, *this, reply.content_type) +
                     "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
        if (asked.method != "HEAD")
            bytes += reply.body;
        co_await rest(peer, way.after);
        if (way.cut_at)
            bytes.resize(std::min(bytes.size(), *way.cut_at));
        co_await asio::async_write(peer, asio::buffer(bytes), asio::use_awaitable);
        if (way.cut_at)
            co_return;
        outcome = moment::answered;
    }
}

asio::awaitable<void> fake_engine::rest(socket_type& peer, std::chrono::nanoseconds time)
{
    using namespace asio::experimental::awaitable_operators;
    if (time == time.zero())
        co_return;
    asio::steady_timer timer(peer.get_executor(), time);
    const auto first = co_await (timer.async_wait(use_result) || peer.async_wait(socket_type::wait_error, use_result));
    if (first.index() == 1)
        throw boost::system::system_error(asio::error::eof);
}

void fake_engine::note(const request& asked, moment what) const
{
    if (observe)
        observe(asked, what);
}

asio::awaitable<void> fake_engine::stream_events(socket_type& peer)
{
    const auto head = head_of(200, *this, "application/json") + "Transfer-Encoding: chunked\r\n\r\n";
    const auto own = streams_.emplace(streams_.end(), peer, acceptor_.get_executor());
    const auto leave = [this](const std::list<stream>::iterator* at) { streams_.erase(*at); };
    const std::unique_ptr<const std::list<stream>::iterator, decltype(leave)> registered(&own, leave);

    co_await asio::async_write(peer, asio::buffer(head), asio::use_awaitable);
    if (on_stream)
        on_stream();
    for (;;) {
        while (!own->pending.empty()) {
            const auto chunk = as_chunk(own->pending.front());
            co_await asio::async_write(peer, asio::buffer(chunk), asio::use_awaitable);
            own->pending.pop_front();
        }
        if (own->ending)
            break;
        co_await own->bell.wait();
    }
    const std::string end = "0\r\n\r\n";
    co_await asio::async_write(peer, asio::buffer(end), asio::use_awaitable);
}

void fake_engine::emit_bytes(std::string bytes)
{
    for (auto& open : streams_) {
        open.pending.push_back(bytes);
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
        if (open.peer.is_open() && ::ioctl(const_cast<socket_type&>(open.peer).native_handle(), SIOCOUTQ, &bytes) == 0)
            sum += static_cast<std::size_t>(bytes);
    }
    return sum;
}

void fake_engine::drop_connections()
{
    for (auto& connection : connections_)
        connection.close();
    for (auto& open : streams_) {
        open.pending.emplace_back("x"); // for it to find its socket closed
        open.bell.ring();
    }
}

std::size_t fake_engine::count(std::string_view path) const
{
    return static_cast<std::size_t>(std::count_if(
        requests.begin(), requests.end(), [path](const request& asked) { return path_of(asked.target) == path; }));
}

fake_engine::answer fake_engine::answer_for(const request& asked) const
{
    const auto target = proto_http::split(asked.target);
    if (!target)
        return {400, R"({"message":"bad target"})"};
    const auto path = without_version(target->path);
    if (const auto scripted = instead.find(path); scripted != instead.end())
        return {scripted->second.status, scripted->second.body, scripted->second.content_type};
    if (path == "/_ping")
        return {200, "OK", "text/plain"};
    if (path == "/services")
        return {200, as_list(state.services)};
    if (path == "/nodes")
        return {200, as_list(state.nodes)};
    if (path == "/tasks" && target->query.empty())
        return {200, as_list(state.tasks)};
    if (path == "/tasks") {
        const auto wanted = service_filter(target->query.front().second);
        if (!state.services.contains(wanted))
            return {404, R"({"message":"service )" + wanted + R"( not found"})"};
        return {200, as_list(state.tasks, [&wanted](const std::string& task) { return belongs_to(task, wanted); })};
    }
    if (path.starts_with("/tasks/"))
        return object_or_404(state.tasks, path.substr(7));
    if (path.starts_with("/services/"))
        return object_or_404(state.services, path.substr(10));
    if (path.starts_with("/nodes/"))
        return object_or_404(state.nodes, path.substr(7));
    return {404, R"({"message":"page not found"})"};
}

fake_engine::answer fake_engine::object_or_404(const engine_state::objects& objects, std::string_view id) const
{
    const auto found = objects.find(std::string(id));
    if (found == objects.end())
        return {404, R"({"message":"not found"})"};
    return {200, found->second + "\n"};
}

} // namespace support
