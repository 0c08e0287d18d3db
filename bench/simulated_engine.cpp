#include "bench/simulated_engine.hpp"

#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace {

namespace asio = boost::asio;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t piece_bytes = std::size_t{256} * 1024;
constexpr std::size_t longest_head = std::size_t{64} * 1024;

std::string head_of(std::string_view status, std::string_view framing)
{
    return "HTTP/1.1 " + std::string(status) +
           "\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nServer: Docker/20.10.24 (linux)\r\n" +
           "Ostype: linux\r\nSwarm: active/manager\r\n" + std::string(framing) + "\r\n\r\n";
}

std::string hexadecimal(std::uint64_t value)
{
    std::array<char, 16> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return {digits.data(), end};
}

std::string percent_decoded(std::string_view text)
{
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = 0;
        const auto* digits = text.data() + at + 1;
        if (text[at] == '%' && at + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ec == std::errc{}) {
            decoded += static_cast<char>(value);
            at += 2;
        } else {
            decoded += text[at];
        }
    }
    return decoded;
}

/// The ID that a `filters` value asks for: `{"service":["ID"]}`, or `{"service":{"ID":true}}`.
std::string_view service_filter(std::string_view query)
{
    constexpr std::string_view key = R"("service":)";
    const auto at = query.find(key);
    if (at == std::string_view::npos)
        return {};
    const auto begin = query.find('"', at + key.size()) + 1;
    return query.substr(begin, query.find('"', begin) - begin);
}

std::string_view query_value(std::string_view query, std::string_view name)
{
    for (auto rest = query; !rest.empty();) {
        const auto one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (one.starts_with(name) && one.substr(name.size()).starts_with('='))
            return one.substr(name.size() + 1);
    }
    return {};
}

double number_or(std::string_view text, double otherwise)
{
    double value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Makes a list, element by element.
class list_source {
public:
    using element = std::function<void(std::string&, unsigned)>;

    list_source(unsigned count, element append) : count_(count), append_(std::move(append)) {}

    /// The next piece of its text; empty after the last one.
    std::string_view next()
    {
        piece_.clear();
        if (finished_)
            return piece_;
        if (done_ == 0)
            piece_ += '[';
        for (; done_ < count_ && piece_.size() < piece_bytes; ++done_) {
            if (done_ > 0)
                piece_ += ',';
            append_(piece_, done_);
        }
        finished_ = done_ == count_;
        if (finished_)
            piece_ += "]\n";
        return piece_;
    }

    std::uint64_t bytes()
    {
        auto copy = *this;
        std::uint64_t sum = 0;
        for (auto piece = copy.next(); !piece.empty(); piece = copy.next())
            sum += piece.size();
        return sum;
    }

private:
    unsigned count_;
    element append_;
    unsigned done_ = 0;
    bool finished_ = false;
    std::string piece_;
};

/// All tasks, of a swarm that stays as it is.
list_source tasks_in(const simulated_swarm& world)
{
    unsigned count = 0;
    for (unsigned service = 0; service < world.services(); ++service)
        count += world.replicas(service);
    return {count, [&world, at = simulated_swarm::key{}](std::string& out, unsigned) mutable {
                while (at.slot == world.replicas(at.service))
                    at = {at.service + 1, 0};
                world.append_task(out, at);
                ++at.slot;
            }};
}

asio::awaitable<void> send_list(asio::local::stream_protocol::socket& peer, list_source list, std::uint64_t bytes)
{
    const auto head = head_of("200 OK", "Transfer-Encoding: chunked") + hexadecimal(bytes) + "\r\n";
    co_await asio::async_write(peer, asio::buffer(head), asio::use_awaitable);
    for (auto piece = list.next(); !piece.empty(); piece = list.next())
        co_await asio::async_write(peer, asio::buffer(piece), asio::use_awaitable);
    constexpr std::string_view end = "\r\n0\r\n\r\n";
    co_await asio::async_write(peer, asio::buffer(end), asio::use_awaitable);
}

std::string object_event(std::string_view type, std::string_view action, std::string_view id)
{
    return R"({"Type":")" + std::string(type) + R"(","Action":")" + std::string(action) + R"(","Actor":{"ID":")" +
           std::string(id) + R"(","Attributes":{}},"scope":"swarm","time":1,"timeNano":1000000000})";
}

std::string container_event(std::string_view action, std::string_view task, std::string_view service,
                            std::string_view node)
{
    return R"({"Type":"container","Action":")" + std::string(action) +
           R"(","Actor":{"ID":"c0ffee","Attributes":{"com.docker.swarm.node.id":")" + std::string(node) +
           R"(","com.docker.swarm.service.id":")" + std::string(service) + R"(","com.docker.swarm.task.id":")" +
           std::string(task) + R"("}},"scope":"local","time":1,"timeNano":1000000000})";
}

} // namespace

simulated_engine::simulated_engine(const asio::any_io_executor& executor, const std::string& socket,
                                   simulated_swarm world)
    : acceptor_(executor, asio::local::stream_protocol::endpoint(socket)), world_(std::move(world))
{
}

asio::awaitable<void> simulated_engine::run()
{
    for (;;) {
        auto peer = co_await acceptor_.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor_.get_executor(), serve(std::move(peer)), [](std::exception_ptr problem) {
            if (problem)
                std::rethrow_exception(problem);
        });
    }
}

asio::awaitable<void> simulated_engine::serve(socket_type peer)
{
    try {
        co_await converse(peer);
    } catch (const boost::system::system_error&) {
        // The client went away: the end of its connection in any case.
    }
}

asio::awaitable<void> simulated_engine::converse(socket_type& peer)
{
    std::string buffer;
    for (;;) {
        const auto size = co_await asio::async_read_until(peer, asio::dynamic_buffer(buffer, longest_head), "\r\n\r\n",
                                                          asio::use_awaitable);
        const auto head = buffer.substr(0, size);
        buffer.erase(0, size);
        auto asked = question_in(head);
        co_await answer(peer, std::move(asked));
    }
}

simulated_engine::question simulated_engine::question_in(const std::string& head)
{
    const auto blank = head.find(' ');
    auto target = std::string_view(head).substr(blank + 1, head.find(' ', blank + 1) - blank - 1);
    if (target.starts_with("/v1."))
        target.remove_prefix(std::min(target.find('/', 1), target.size()));
    const auto mark = std::min(target.find('?'), target.size());
    return {head.substr(0, blank), percent_decoded(target.substr(0, mark)),
            percent_decoded(target.substr(std::min(mark + 1, target.size())))};
}

asio::awaitable<void> simulated_engine::answer(socket_type& peer, question asked)
{
    const auto& path = asked.path;
    const auto& world = world_;
    if (path == "/_ping") {
        note("/_ping", 2);
        const auto head = head_of("200 OK", "Content-Length: 2");
        const auto text = asked.method == "HEAD" ? head : head + "OK";
        co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
    } else if (path == "/events") {
        note("/events", 0);
        co_await stream_events(peer);
    } else if (path == "/tasks" && !service_filter(asked.query).empty()) {
        const auto service = world.find_service(service_filter(asked.query));
        std::optional<std::string> list;
        if (service) {
            list_source tasks(world.replicas(*service), [&](std::string& out, unsigned slot) {
                world.append_task(out, {*service, slot});
            });
            list.emplace();
            for (auto piece = tasks.next(); !piece.empty(); piece = tasks.next())
                *list += piece;
        }
        co_await answer_object(peer, "/tasks?service", std::move(list));
    } else if (path == "/tasks") {
        const auto as_it_is = world; // however long it takes to send it
        auto tasks = tasks_in(as_it_is);
        if (std::exchange(list_version_, world.version()) != world.version())
            list_bytes_ = tasks.bytes();
        note("/tasks", list_bytes_);
        co_await send_list(peer, std::move(tasks), list_bytes_);
    } else if (path == "/services" || path == "/nodes" || path == "/networks") {
        list_source list(path == "/services" ? world.services()
                         : path == "/nodes"  ? world.nodes()
                                             : world.networks(),
                         [&](std::string& out, unsigned number) {
                             if (path == "/services")
                                 world.append_service(out, number);
                             else if (path == "/nodes")
                                 world.append_node(out, number);
                             else
                                 world.append_network(out, number);
                         });
        const auto bytes = list.bytes();
        note(path, bytes);
        co_await send_list(peer, std::move(list), bytes);
    } else if (path.starts_with("/tasks/")) {
        std::optional<std::string> text;
        if (const auto found = world.find_task(path.substr(7)))
            world.append_task(text.emplace(), *found);
        co_await answer_object(peer, "/tasks/ID", std::move(text));
    } else if (path.starts_with("/services/")) {
        std::optional<std::string> text;
        if (const auto found = world.find_service(path.substr(10)))
            world.append_service(text.emplace(), *found);
        co_await answer_object(peer, "/services/ID", std::move(text));
    } else if (path.starts_with("/nodes/")) {
        std::optional<std::string> text;
        if (const auto found = world.find_node(path.substr(7)))
            world.append_node(text.emplace(), *found);
        co_await answer_object(peer, "/nodes/ID", std::move(text));
    } else if (path == "/_sim/counters") {
        auto text = counters();
        co_await answer_text(peer, "200 OK", std::move(text));
    } else if (path == "/_sim/change" && asked.method == "POST") {
        co_await make_changes(std::move(asked.query));
        auto text = counters();
        co_await answer_text(peer, "200 OK", std::move(text));
    } else {
        co_await answer_object(peer, "other", std::nullopt);
    }
}

asio::awaitable<void> simulated_engine::answer_object(socket_type& peer, std::string_view kind,
                                                      std::optional<std::string> body)
{
    note(kind, body ? body->size() : 0);
    std::string status = body ? "200 OK" : "404 Not Found";
    auto text = std::move(body).value_or(R"({"message":"not found"})");
    return answer_text(peer, std::move(status), std::move(text));
}

asio::awaitable<void> simulated_engine::answer_text(socket_type& peer, std::string status, std::string body)
{
    const auto text = head_of(status, "Content-Length: " + std::to_string(body.size())) + body;
    co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
}

// --- Events and changes ---

asio::awaitable<void> simulated_engine::stream_events(socket_type& peer)
{
    const auto own = streams_->emplace(streams_->end(), acceptor_.get_executor());
    const auto leave = [all = streams_](const std::list<event_stream>::iterator* at) { all->erase(*at); };
    const std::unique_ptr<const std::list<event_stream>::iterator, decltype(leave)> registered(&own, leave);

    auto bytes = head_of("200 OK", "Transfer-Encoding: chunked");
    for (;;) {
        co_await asio::async_write(peer, asio::buffer(bytes), asio::use_awaitable);
        // A ring is kept while nobody waits, though its record may have been taken with an earlier one; and a chunk
        // without a byte would be the last.
        while (own->pending.empty())
            co_await own->bell.wait();
        const auto records = std::exchange(own->pending, {});
        bytes = hexadecimal(records.size()) + "\r\n" + records + "\r\n";
    }
}

void simulated_engine::tell(const std::string& record)
{
    ++events_;
    for (auto& open : *streams_) {
        open.pending += record + "\n";
        open.bell.ring();
    }
}

void simulated_engine::scale_first(unsigned replicas)
{
    world_.scale(0, replicas);
    tell(object_event("service", "update", simulated_swarm::service_id(0)));
}

void simulated_engine::make_change(std::string_view kind)
{
    const auto nth = changes_[std::string(kind)]++;
    if (kind == "service") {
        const auto service = static_cast<unsigned>(nth % world_.services());
        world_.relabel(service);
        return tell(object_event("service", "update", simulated_swarm::service_id(service)));
    }
    const auto which = kind == "task" ? world_.local_task(nth) : world_.any_task(nth);
    const auto before = world_.task_id(which);
    world_.replace(which);
    if (kind != "task")
        return;
    const auto service = simulated_swarm::service_id(which.service);
    tell(container_event("die", before, service, world_.node_of(which)));
    tell(container_event("start", world_.task_id(which), service, world_.node_of(which)));
}

asio::awaitable<void> simulated_engine::make_changes(std::string query)
{
    const std::string kind(query_value(query, "kind"));
    const auto count = static_cast<std::uint64_t>(number_or(query_value(query, "count"), 1));
    const std::chrono::duration<double> all(number_or(query_value(query, "seconds"), 0));
    const auto started = clock_type::now();
    asio::steady_timer pause(acceptor_.get_executor());
    for (std::uint64_t made = 0; made < count; ++made) {
        const auto share = static_cast<double>(made) / static_cast<double>(count);
        pause.expires_at(started + std::chrono::duration_cast<clock_type::duration>(all * share));
        co_await pause.async_wait(asio::use_awaitable);
        make_change(kind);
    }
}

// --- Counters ---

void simulated_engine::note(std::string_view kind, std::uint64_t bytes)
{
    auto& found = counters_[std::string(kind)];
    ++found.requests;
    found.bytes += bytes;
}

std::string simulated_engine::counters() const
{
    std::string json = R"({"events":)" + std::to_string(events_) + R"(,"streams":)" + std::to_string(streams_->size()) +
                       R"(,"requests":{)";
    std::string_view separator;
    for (const auto& [kind, count] : counters_) {
        json += std::string(separator) + '"' + kind + R"(":{"count":)" + std::to_string(count.requests) +
                R"(,"bytes":)" + std::to_string(count.bytes) + "}";
        separator = ",";
    }
    return json + "}}\n";
}
