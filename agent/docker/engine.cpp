#include "agent/docker/engine.hpp"

#include "agent/docker/decode.hpp"
#include "agent/docker/errc.hpp"
#include "agent/docker/socket_advice.hpp"
#include "agent/docker/thread_cpu.hpp"
#include "proto_http/errc.hpp"
#include "proto_http/status.hpp"
#include "proto_http/target.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <iterator>
#include <new>
#include <utility>
#include <variant>

namespace agent::docker {
namespace {

namespace asio = boost::asio;
using proto_http::error_code;

// What the agent has an ear for. Health probes alone would be three `exec_*` events each. `health_status` makes the
// engine match by prefix, which none of the other words minds.
constexpr std::string_view event_filters =
    R"({"type":["service","node","container","network"],"event":["create","update","remove","start","die","rename",)"
    R"("connect","disconnect","health_status"]})";

failure failure_of(error_code code, std::string_view call)
{
    return {code, std::string(call) + ": " + code.message()};
}

/// What the environment variable of Tecnativa's docker-socket-proxy is called that lets a path through.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> proxy_flags{{{"/_ping", "PING"},
                                                                                    {"/events", "EVENTS"},
                                                                                    {"/services", "SERVICES"},
                                                                                    {"/nodes", "NODES"},
                                                                                    {"/tasks", "TASKS"},
                                                                                    {"/networks", "NETWORKS"},
                                                                                    {"/containers", "CONTAINERS"}}};

/// `active/manager` is the longest that engines say.
constexpr std::size_t longest_swarm_word = 32;

/// What a status says by itself.
errc meaning_of(unsigned status)
{
    if (status >= 300 && status < 400)
        return errc::redirected;
    if (status == 401 || status == 403)
        return errc::forbidden;
    if (status == 404)
        return errc::not_found;
    return status < 500 ? errc::rejected : errc::engine_error;
}

/// Why an engine answers 503, from the `Swarm` header of `/_ping`.
errc reason_of_503(std::string_view swarm)
{
    if (swarm == "active/worker")
        return errc::not_a_manager;
    if (swarm == "inactive")
        return errc::not_in_a_swarm;
    if (swarm == "locked")
        return errc::swarm_locked;
    if (swarm == "pending")
        return errc::swarm_not_ready;
    if (swarm == "error")
        return errc::swarm_failed;
    return errc::engine_error;
}

/// What there is no room for costs this answer, not the program: the last good one stays.
template <class Value>
proto_http::result<Value> decoded_or_no_memory(proto_http::result<Value> (*decode)(std::string), std::string body)
{
    try {
        return decode(std::move(body));
    } catch (const std::bad_alloc&) {
        return error_code(asio::error::no_memory);
    }
}

} // namespace

// --- Events ---

asio::awaitable<answer<void>> event_stream::read(const stream_sink& sink)
{
    const auto bytes = co_await stream_.read();
    if (!bytes)
        co_return failure_of(bytes.error(), "GET /events");
    if (bytes->empty())
        co_return failure_of(asio::error::make_error_code(asio::error::eof), "GET /events");

    const auto dropped_before = framer_.dropped();
    framer_.push(*bytes, [&sink](std::string_view record) {
        auto found = decoded_or_no_memory(decode_event, std::string(record));
        if (!found)
            sink.on_loss();
        else if (*found)
            sink.on_hint(**std::move(found));
    });
    if (framer_.dropped() != dropped_before)
        sink.on_loss();
    co_return answer<void>{};
}

// --- Calls ---

engine::engine(asio::any_io_executor executor, proto_http::origin where, std::optional<api_version> pinned,
               proto_http::client_limits limits)
    : executor_(executor),
      where_(where),
      pinned_(pinned),
      limits_(limits),
      reader_(executor, where, limits),
      opener_(executor, where, limits)
{
}

asio::awaitable<answer<api_version>> engine::connect()
{
    auto version = co_await negotiate_over(opener_);
    opener_.close(); // the next stream may be hours away
    co_return version;
}

asio::awaitable<answer<api_version>> engine::negotiate_over(proto_http::client& connection)
{
    version_.reset();
    const auto pong = co_await ping(connection);
    if (!pong)
        co_return pong.error();
    if (pong->head.status != 200)
        co_return co_await explain(connection, "GET /_ping", pong->head, pong->body);

    // Proxies that drop the header speak for engines of an unknown version; all of them know our oldest.
    const auto engines = parse_api_version(pong->head.field("Api-Version")).value_or(pinned_.value_or(oldest_api));
    const auto version = negotiate(engines, pinned_);
    if (!version)
        co_return failure{version.error(), "the engine's newest API version is " + to_string(engines) +
                                               ", this program needs " + to_string(pinned_.value_or(oldest_api)) +
                                               " or newer"};
    version_ = *version;
    co_return *version;
}

asio::awaitable<answer<event_stream>> engine::events()
{
    const auto call = "/events?filters=" + proto_http::percent_encode(event_filters);
    auto stream = co_await proto_http::response_stream::open(executor_, where_, versioned(call), limits_);
    if (!stream)
        co_return fail(stream.error(), "GET /events");
    if (stream->head().status != 200) {
        const auto start = co_await stream->read();
        // Named first: g++ 12 destroys temporaries of a conditional inside a co_await expression twice.
        std::string body(start ? *start : std::string_view{});
        co_return co_await explain(opener_, "GET /events", stream->head(), std::move(body));
    }
    co_return event_stream(*std::move(stream));
}

asio::awaitable<answer<core::snapshot>> engine::everything(core::read_everything wanted)
{
    core::snapshot all;
    all.swarm_listed = wanted.swarm;
    all.containers_listed = wanted.containers;
    if (wanted.swarm) {
        auto services = co_await read_list<service_list>("/services", absence::is_failure);
        if (!services)
            co_return services.error();
        auto found_nodes = co_await nodes();
        if (!found_nodes)
            co_return found_nodes.error();
        auto tasks = co_await read_list<decoded_tasks>("/tasks", absence::is_failure);
        if (!tasks)
            co_return tasks.error();
        auto& [listed, attached] = **tasks;
        all.services = **std::move(services);
        all.nodes = *std::move(found_nodes);
        all.tasks = std::move(listed);
        all.networks = std::move(attached);
    }
    if (wanted.containers) {
        auto found = co_await containers();
        if (!found)
            co_return found.error();
        all.containers = std::move(found->found);
    }
    // Last, so that the networks of all that was listed before are known.
    if (wanted.networks) {
        auto more = co_await networks();
        if (!more)
            co_return more.error();
        auto& known = all.networks;
        known.insert(known.end(), std::make_move_iterator(more->found.begin()),
                     std::make_move_iterator(more->found.end()));
    }
    co_return all;
}

asio::awaitable<answer<core::containers_read>> engine::containers()
{
    auto found = co_await read_list<container_list>("/containers/json", absence::is_failure);
    if (!found)
        co_return found.error();
    co_return core::containers_read{**std::move(found)};
}

asio::awaitable<answer<std::vector<core::node>>> engine::nodes()
{
    auto found = co_await read_list<node_list>("/nodes", absence::is_failure);
    if (!found)
        co_return found.error();
    co_return **std::move(found);
}

asio::awaitable<answer<core::networks_read>> engine::networks()
{
    auto found = co_await read_list<network_list>("/networks", absence::is_failure);
    if (!found)
        co_return found.error();
    co_return core::networks_read{**std::move(found)};
}

asio::awaitable<answer<core::service_read>> engine::service(std::string id)
{
    auto found = co_await read("/services/" + proto_http::percent_encode(id), absence::is_answer, decode_service);
    if (!found)
        co_return found.error();
    co_return core::service_read{std::move(id), *std::move(found)};
}

asio::awaitable<answer<core::tasks_read>> engine::tasks_of(std::string service_id)
{
    const auto filters = R"({"service":[")" + service_id + R"("]})";
    auto found =
        co_await read_list<decoded_tasks>("/tasks?filters=" + proto_http::percent_encode(filters), absence::is_answer);
    if (!found)
        co_return found.error();
    if (!*found)
        co_return core::tasks_read{std::move(service_id), std::nullopt, {}};

    auto& [tasks, networks] = **found;
    // A server that does not know the filter sends more than was asked for.
    std::erase_if(tasks, [&service_id](const core::task& value) { return value.service_id != service_id; });
    co_return core::tasks_read{std::move(service_id), std::move(tasks), std::move(networks)};
}

asio::awaitable<answer<core::task_read>> engine::task(std::string id)
{
    auto found = co_await read("/tasks/" + proto_http::percent_encode(id), absence::is_answer, decode_task);
    if (!found)
        co_return found.error();
    if (!*found)
        co_return core::task_read{std::move(id), std::nullopt, {}};
    auto& [tasks, networks] = **found;
    co_return core::task_read{std::move(id), std::move(tasks.front()), std::move(networks)};
}

asio::awaitable<answer<core::node_read>> engine::node(std::string id)
{
    auto found = co_await read("/nodes/" + proto_http::percent_encode(id), absence::is_answer, decode_node);
    if (!found)
        co_return found.error();
    co_return core::node_read{std::move(id), *std::move(found)};
}

/// HEAD is all that is needed; some proxies allow GET only.
asio::awaitable<answer<proto_http::response>> engine::ping(proto_http::client& connection)
{
    auto pong = co_await connection.head("/_ping");
    if (!pong)
        co_return fail(pong.error(), "HEAD /_ping");
    if (pong->head.status == 200)
        co_return *std::move(pong);
    pong = co_await connection.get("/_ping");
    if (!pong)
        co_return fail(pong.error(), "GET /_ping");
    co_return *std::move(pong);
}

asio::awaitable<answer<std::optional<std::string>>> engine::get(std::string path, absence when_404,
                                                                proto_http::body_sink sink)
{
    // Our calls are always the same, so a 400 can only mean that the engine changed its range of versions meanwhile.
    for (bool again = version_.has_value();; again = false) {
        if (!version_)
            if (const auto connected = co_await negotiate_over(reader_); !connected)
                co_return connected.error();
        auto got = co_await reader_.get(versioned(path), sink);
        if (!got)
            co_return fail(got.error(), "GET " + path);
        if (got->head.status == 200)
            co_return std::optional(std::move(got->body));
        if (got->head.status == 404 && when_404 == absence::is_answer)
            co_return std::optional<std::string>{};
        if (got->head.status == 400)
            version_.reset();
        if (version_ || !again)
            co_return co_await explain(reader_, "GET " + path, got->head, std::move(got->body));
    }
}

template <class Value>
asio::awaitable<answer<std::optional<Value>>> engine::read(std::string path, absence when_404,
                                                           proto_http::result<Value> (*decode)(std::string))
{
    const proto_http::body_sink none;
    auto got = co_await get(path, when_404, none);
    if (!got)
        co_return got.error();
    if (!*got)
        co_return std::optional<Value>{};
    const auto cpu_before = thread_cpu();
    auto decoded = decoded_or_no_memory(decode, **std::move(got));
    decoding_cpu_ += thread_cpu() - cpu_before;
    if (!decoded)
        co_return fail(decoded.error(), "GET " + path);
    co_return std::optional(*std::move(decoded));
}

template <class List>
asio::awaitable<answer<std::optional<List>>> engine::read_list(std::string path, absence when_404)
{
    list_decoder<List> decoder;
    const proto_http::body_sink sink = [this, &decoder](std::string_view bytes) {
        const auto cpu_before = thread_cpu();
        const auto error = decoder.push(bytes);
        decoding_cpu_ += thread_cpu() - cpu_before;
        return error;
    };
    const auto got = co_await get(path, when_404, sink);
    if (got && !*got)
        co_return std::optional<List>{};
    failure why;
    if (got) {
        auto list = decoder.finish();
        if (list)
            co_return std::optional(*std::move(list));
        why = fail(list.error(), "GET " + path);
    } else {
        why = got.error();
    }
    if (!decoder.defect().empty())
        why.detail += " (" + decoder.defect() + ")";
    co_return why;
}

failure engine::fail(error_code code, std::string_view call) const
{
    auto said = failure_of(code, call);
    if (const auto* const socket = std::get_if<proto_http::unix_address>(&where_.where))
        said.detail += advice_for_socket(socket->path, code);
    const bool is_plain_tcp = !where_.tls && std::holds_alternative<proto_http::tcp_address>(where_.where);
    // Asked in plain HTTP, many TLS servers only hang up.
    const bool may_be_tls =
        code == proto_http::errc::unexpected_tls || (code == proto_http::errc::closed_early && call == "HEAD /_ping");
    if (is_plain_tcp && may_be_tls)
        said.detail += " (if it speaks TLS, set DOCKER_TLS_VERIFY=1)";
    if (where_.tls && !where_.tls->has_own() && proto_http::is_tls_alert(code))
        said.detail += " (no client certificate was shown: DOCKER_CERT_PATH has no cert.pem)";
    return said;
}

/// Says what a status means; of a 503 `/_ping` knows the reason.
asio::awaitable<failure> engine::explain(proto_http::client& connection, std::string call,
                                         proto_http::response_head head, std::string body)
{
    auto code = meaning_of(head.status);
    std::string swarm;
    if (head.status == 503) {
        const auto pong = co_await ping(connection);
        if (pong && pong->head.status == 200)
            swarm = pong->head.field("Swarm");
        code = reason_of_503(swarm);
    }
    auto words = error_message(std::move(body));
    if (words.empty())
        words = proto_http::reason_phrase(head.status);
    auto detail = call + ": " + std::to_string(head.status) + " " + words;
    if (!swarm.empty())
        detail += " (its part in the swarm: " + swarm.substr(0, longest_swarm_word) + ")";
    if (head.status == 403 || head.status == 405)
        detail += advice_for(call);
    co_return failure{make_error_code(code), std::move(detail)};
}

/// What is missing if it is a socket proxy that refuses a call: the variable of Tecnativa's docker-socket-proxy, or
/// what a regular expression of wollomatic's socket-proxy must match.
std::string engine::advice_for(std::string_view call) const
{
    const auto path = call.substr(call.find('/'), call.find('?') - call.find('/'));
    for (const auto& [start, flag] : proxy_flags)
        if (path.starts_with(start))
            return " (a socket proxy? it must let this call through: " + std::string(flag) + "=1, or -allowGET for " +
                   (flag == "PING" ? std::string(path) : versioned(path)) + ")";
    return {};
}

std::string engine::versioned(std::string_view path) const
{
    return "/v" + to_string(version_.value_or(oldest_api)) + std::string(path);
}

} // namespace agent::docker
