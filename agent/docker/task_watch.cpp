#include "agent/docker/task_watch.hpp"

#include "agent/docker/errc.hpp"
#include "agent/docker/socket_advice.hpp"
#include "agent/docker/swarmkit.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace agent::docker {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// As long as the engine itself waits for a leader.
constexpr auto list_limit = 20s;
/// A manager that has just started answers after 1.2 s.
constexpr auto arm_limit = 10s;

constexpr auto watch_method = "/docker.swarmkit.v1.Watch/Watch";

failure fail(const proto_http::grpc_failure& why, const std::string& method)
{
    auto detail = method + ": " + why.code.message();
    if (!why.message.empty())
        detail += ": " + why.message;
    return {why.code, std::move(detail)};
}

std::string control(std::string_view method)
{
    return "/docker.swarmkit.v1.Control/" + std::string(method);
}

/// What is decoded at once, in about a millisecond.
constexpr std::size_t part_bytes = 256 * 1024;

/// A result of its own, so that running out of time is another one.
struct read_outcome {
    answer<void> value;
};

asio::awaitable<proto_http::result<read_outcome>> wrapped(asio::awaitable<answer<void>> reading)
{
    auto value = co_await std::move(reading); // g++ 12 would destroy it twice as a part of the whole
    co_return read_outcome{std::move(value)};
}

} // namespace

asio::awaitable<answer<task_watch>> task_watch::connect(asio::any_io_executor executor, std::string path)
{
    // Named first: g++ 12 destroys a braced temporary of a co_await expression twice.
    proto_http::address where = proto_http::unix_address{path};
    auto client = co_await proto_http::grpc_client::connect(std::move(executor), std::move(where));
    if (!client)
        co_return failure{client.error(),
                          path + ": " + client.error().message() + advice_for_socket(path, client.error())};
    co_return task_watch(*std::move(client));
}

asio::awaitable<failure> task_watch::run()
{
    const auto why = co_await client_.run();
    co_return failure{why, "control socket: " + why.message()};
}

asio::awaitable<answer<void>> task_watch::arm()
{
    auto stream = client_.open_stream(watch_method, watch_request());
    if (!stream)
        co_return fail(stream.error(), watch_method);
    stream_ = std::make_unique<proto_http::grpc_stream>(*std::move(stream));
    const auto outcome = co_await proto_http::with_timeout(wrapped(read()), arm_limit);
    if (!outcome)
        co_return fail({outcome.error(), {}}, watch_method);
    co_return outcome->value;
}

asio::awaitable<answer<std::vector<core::object_change>>> task_watch::changes()
{
    while (arrived_.empty()) {
        const auto more = co_await read();
        if (!more)
            co_return more.error();
    }
    co_return std::exchange(arrived_, {});
}

/// Reads what messages there are, at least one.
asio::awaitable<answer<void>> task_watch::read()
{
    std::optional<proto_http::error_code> broken;
    const std::function<void(std::string_view)> take = [this, &broken](std::string_view message) {
        auto found = decode_watch_message(message);
        if (!found)
            broken = found.error();
        else
            arrived_.insert(arrived_.end(), std::make_move_iterator(found->begin()),
                            std::make_move_iterator(found->end()));
    };
    const auto some = co_await stream_->read(take);
    if (!some)
        co_return fail(some.error(), watch_method);
    if (broken)
        co_return fail({*broken, {}}, watch_method);
    co_return answer<void>{};
}

asio::awaitable<answer<core::swarm_lists>> task_watch::lists()
{
    auto nodes = co_await list("ListNodes", list_limit, decode_node_list);
    if (!nodes)
        co_return nodes.error();
    auto networks = co_await list("ListNetworks", list_limit, decode_network_list);
    if (!networks)
        co_return networks.error();
    auto services = co_await list("ListServices", list_limit, decode_service_list);
    if (!services)
        co_return services.error();
    auto tasks = co_await list("ListTasks", list_limit, decode_task_list);
    if (!tasks)
        co_return tasks.error();
    co_return core::swarm_lists{*std::move(nodes), *std::move(networks), *std::move(services), *std::move(tasks)};
}

asio::awaitable<answer<std::vector<core::node>>> task_watch::nodes(std::chrono::milliseconds limit)
{
    co_return co_await list("ListNodes", limit, decode_node_list);
}

template <class Value>
asio::awaitable<answer<std::vector<Value>>>
task_watch::list(std::string method, std::chrono::milliseconds limit,
                 proto_http::result<std::vector<Value>> (*decode)(std::string_view))
{
    const auto path = control(method);
    const auto got = co_await client_.call(path, {}, limit);
    if (!got)
        co_return fail(got.error(), path);
    const auto executor = co_await asio::this_coro::executor;
    std::vector<Value> all;
    for (std::string_view rest = *got; !rest.empty();) {
        const auto length = length_of_front(rest, part_bytes);
        if (!length)
            co_return fail({length.error(), {}}, path);
        auto decoded = decode(rest.substr(0, *length));
        if (!decoded)
            co_return fail({decoded.error(), {}}, path);
        std::move(decoded->begin(), decoded->end(), std::back_inserter(all));
        rest.remove_prefix(*length);
        if (!rest.empty()) {
            co_await asio::post(executor, asio::use_awaitable); // others have their turn
        }
    }
    co_return all;
}

} // namespace agent::docker
