#include "agent/docker/task_watch.hpp"

#include "agent/docker/decode.hpp"
#include "agent/docker/errc.hpp"
#include "agent/docker/socket_advice.hpp"
#include "agent/docker/swarmkit.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
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

/// A result of its own, so that running out of time is another one.
struct read_outcome {
    answer<void> value;
};

asio::awaitable<proto_http::result<read_outcome>> wrapped(asio::awaitable<answer<void>> reading)
{
    auto value = co_await std::move(reading); // g++ 12 would destroy it twice as a part of the whole
    co_return read_outcome{std::move(value)};
}

/// A list that is decoded as it arrives, object by object; all or nothing.
template <class Value>
class list_parts {
public:
    using decoder = proto_http::result<std::vector<Value>> (*)(std::string_view);

    explicit list_parts(decoder decode) : decode_(decode) {}

    [[nodiscard]] proto_http::error_code push(std::string_view piece)
    {
        rest_.append(piece);
        const auto length = length_of_whole_fields(rest_);
        if (!length)
            return length.error();
        auto decoded = decode_(std::string_view(rest_).substr(0, *length));
        if (!decoded)
            return decoded.error();
        std::move(decoded->begin(), decoded->end(), std::back_inserter(all_));
        rest_.erase(0, *length);
        return rest_.size() > most_object_bytes ? make_error_code(errc::broken_answer) : proto_http::error_code{};
    }

    [[nodiscard]] proto_http::result<std::vector<Value>> finish()
    {
        if (!rest_.empty())
            return make_error_code(errc::broken_answer);
        return std::move(all_);
    }

private:
    decoder decode_;
    std::vector<Value> all_;
    std::string rest_; ///< the beginning of an object
};

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
    list_parts<Value> parts(decode);
    const proto_http::grpc_client::piece_sink sink = [&parts](std::string_view piece) { return parts.push(piece); };
    const auto done = co_await client_.call(path, {}, limit, sink);
    if (!done)
        co_return fail(done.error(), path);
    auto all = parts.finish();
    if (!all)
        co_return fail({all.error(), {}}, path);
    co_return *std::move(all);
}

} // namespace agent::docker
