#include "tests/integration/storm_engine.hpp"

#include "proto_http/target.hpp"
#include "proto_http/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace integration {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using proto_http::use_result;

/// Records that one which is out of order may overtake.
constexpr std::size_t window_records = 64;
constexpr auto usual_delay = 50ms;

std::string head_of(unsigned status, const std::string& framing)
{
    return "HTTP/1.1 " + std::to_string(status) +
           " Scripted\r\nApi-Version: 1.41\r\nSwarm: active/manager\r\nContent-Type: application/json\r\n" + framing +
           "\r\n\r\n";
}

std::string as_chunk(const std::string& bytes)
{
    std::array<char, 20> size{};
    const auto length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return std::string(size.data(), static_cast<std::size_t>(length)) + bytes + "\r\n";
}

/// The ID in `{"service":["ID"]}`.
std::string service_in(const std::string& filters)
{
    const auto begin = filters.find("[\"");
    return begin == std::string::npos ? std::string{} : filters.substr(begin + 2, filters.find('"', begin + 2) - begin - 2);
}

double drawn(std::mt19937& random)
{
    return static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
}

/// An exception here would be a fault of the test itself.
void rethrow(const std::exception_ptr& error)
{
    if (error)
        std::rethrow_exception(error);
}

/// unix(7): what the peer has not read, and what the kernel needs to keep it.
int unread_bytes(int descriptor)
{
    int unread = 0;
    ::ioctl(descriptor, SIOCOUTQ, &unread);
    return unread;
}

void pause_1ms()
{
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::ppoll(nullptr, 0, &pause, nullptr);
}

std::chrono::milliseconds in_milliseconds(std::chrono::steady_clock::duration value)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(value);
}

} // namespace

storm_engine::storm_engine(const std::filesystem::path& socket, const storm_settings& how)
    : how_(how),
      records_random_(how.seed + 1),
      answers_random_(how.seed + 2),
      swarm_(how.services, how.replicas, how.seed),
      acceptor_(io_, protocol::endpoint(socket.string()))
{
    asio::co_spawn(io_, accept(), rethrow);
    thread_ = std::thread([this] { io_.run(); });
}

storm_engine::~storm_engine()
{
    io_.stop();
    thread_.join();
    for (const auto& each : listeners_)
        ::close(each.descriptor);
}

storm_figures storm_engine::figures() const
{
    const std::lock_guard lock(mutex_);
    return figures_;
}

std::string storm_engine::expected_file() const
{
    const std::lock_guard lock(mutex_);
    return swarm_.expected_file();
}

std::size_t storm_engine::serving_tasks() const
{
    const std::lock_guard lock(mutex_);
    return swarm_.serving_tasks();
}

// --- Events ---

void storm_engine::rage(pid_t reader)
{
    reader_ = reader;
    const auto begin = clock::now();
    std::size_t told = 0;
    rages_ = true;
    for (auto now = begin; now - begin < how_.lasts; now = clock::now()) {
        const auto due = static_cast<std::size_t>(std::chrono::duration<double>(now - begin).count() *
                                                  static_cast<double>(how_.events_per_second));
        make_records(due - told + window_records);
        std::string bytes;
        for (; told < due; ++told)
            bytes += as_chunk(take_record());
        send(bytes);
        pause_1ms();
    }
    rages_ = false;
    {
        const std::lock_guard lock(mutex_);
        swarm_.advance(clock::time_point::max());
    }
    std::string rest;
    while (!window_.empty())
        rest += as_chunk(take_record());
    send(rest);
    for (const auto last = clock::now() + 10s; !all_is_read() && clock::now() < last;)
        pause_1ms();
    const std::lock_guard lock(mutex_);
    for (const auto& each : listeners_)
        note_unread(each);
}

/// Changes the swarm until so many records wait, and loses and doubles some of them.
void storm_engine::make_records(std::size_t count)
{
    const std::lock_guard lock(mutex_);
    swarm_.advance(clock::now());
    while (window_.size() < count)
        for (auto& record : swarm_.change(clock::now())) {
            if (drawn(records_random_) < how_.lost) {
                ++figures_.lost;
                continue;
            }
            if (drawn(records_random_) < how_.doubled) {
                ++figures_.doubled;
                window_.push_back(record);
            }
            window_.push_back(std::move(record));
        }
}

std::string storm_engine::take_record()
{
    std::size_t at = 0;
    if (drawn(records_random_) < how_.reordered)
        at = records_random_() % std::min(window_.size(), window_records);
    auto record = std::move(window_[at]) + "\n";
    window_.erase(window_.begin() + static_cast<std::ptrdiff_t>(at));
    const std::lock_guard lock(mutex_);
    ++figures_.records;
    figures_.reordered += at > 0 ? 1U : 0U;
    return record;
}

void storm_engine::send(const std::string& bytes)
{
    const std::lock_guard lock(mutex_);
    const auto now = clock::now();
    for (auto& each : listeners_) {
        observe(each, now);
        each.pending += bytes;
        flush(each, now);
        each.unread = unread_bytes(each.descriptor);
        if (each.unread > 0 && !each.unread_since)
            begin_unread(each, now);
    }
}

void storm_engine::flush(listener& to, clock::time_point now)
{
    const auto sent = ::send(to.descriptor, to.pending.data(), to.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
        to.pending.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN)
        to.pending.clear(); // its reader is gone
    if (to.pending.empty())
        to.blocked_since.reset();
    else if (!to.blocked_since)
        to.blocked_since = now;
}

/// Takes note of how long nothing was read although something was there. Whatever was read since the last look was
/// read in time: nobody knows when.
void storm_engine::observe(listener& each, clock::time_point now)
{
    const auto unread = unread_bytes(each.descriptor);
    if (each.unread_since && unread > 0 && unread >= each.unread) {
        each.unread_for = now - *each.unread_since;
    } else {
        note_unread(each); // the time of a wait for a CPU is known when it has ended
        begin_unread(each, unread > 0 ? std::optional(now) : std::nullopt);
    }
    if (each.blocked_since)
        figures_.longest_blocked = std::max(figures_.longest_blocked, in_milliseconds(now - *each.blocked_since));
    each.unread = unread;
}

void storm_engine::note_unread(const listener& each)
{
    const auto neglect = each.unread_for - (reader_waited() - each.waited_then);
    figures_.longest_unread = std::max(figures_.longest_unread, in_milliseconds(each.unread_for));
    figures_.longest_neglect = std::max(figures_.longest_neglect, in_milliseconds(neglect));
}

void storm_engine::begin_unread(listener& each, std::optional<clock::time_point> when) const
{
    each.unread_since = when;
    each.unread_for = {};
    each.waited_then = reader_waited();
}

/// proc(5), schedstat: nanoseconds on a CPU, and waiting for one. Of the first thread, which is the agent's reactor.
std::chrono::nanoseconds storm_engine::reader_waited() const
{
    std::ifstream file("/proc/" + std::to_string(reader_) + "/schedstat");
    long long ran = 0;
    long long waited = 0;
    file >> ran >> waited;
    return std::chrono::nanoseconds(waited);
}

bool storm_engine::all_is_read()
{
    send({});
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(listeners_,
                               [](const listener& each) { return each.pending.empty() && each.unread == 0; });
}

// --- The Engine API ---

asio::awaitable<void> storm_engine::accept()
{
    for (;;) {
        auto peer = co_await acceptor_.async_accept(asio::use_awaitable);
        asio::co_spawn(io_, serve(std::move(peer)), rethrow);
    }
}

asio::awaitable<void> storm_engine::serve(protocol::socket peer)
{
    std::string buffer;
    for (bool goes_on = true; goes_on;) {
        const auto [error, head_bytes] =
            co_await asio::async_read_until(peer, asio::dynamic_buffer(buffer), "\r\n\r\n", use_result);
        if (error)
            co_return;
        const auto blank = buffer.find(' ');
        auto target = buffer.substr(blank + 1, buffer.find(' ', blank + 1) - blank - 1);
        request asked;
        asked.is_head = buffer.starts_with("HEAD");
        buffer.erase(0, head_bytes);
        if (target.starts_with("/v1."))
            target.erase(0, target.find('/', 1));
        const auto parts = proto_http::split(target);
        asked.path = parts ? parts->path : target;
        if (parts && !parts->query.empty())
            asked.service = service_in(parts->query.front().second);
        if (asked.path == "/events")
            goes_on = false;
        if (goes_on)
            goes_on = co_await answer(peer, std::move(asked));
        else
            co_await stream_events(peer);
    }
}

asio::awaitable<bool> storm_engine::answer(protocol::socket& peer, request asked)
{
    const auto how = next_weather();
    asio::steady_timer pause(io_, how == weather::slow ? up_to(how_.slowest) : up_to(usual_delay));
    if (rages_)
        co_await pause.async_wait(use_result);

    std::optional<std::string> body;
    if (asked.path == "/_ping")
        body = "OK";
    unsigned status = 200;
    {
        const std::lock_guard lock(mutex_);
        ++figures_.requests;
        figures_.answered_badly += how == weather::failing || how == weather::truncated ? 1U : 0U;
        if (!body)
            body = swarm_.get(asked.path, asked.service);
    }
    if (!body)
        status = 404;
    if (how == weather::failing)
        status = answers_random_() % 2 == 0 ? 500 : 503;
    auto text = status == 200 ? std::move(*body) : std::string(R"({"message":"scripted"})");
    auto bytes = head_of(status, "Content-Length: " + std::to_string(text.size()));
    if (!asked.is_head)
        bytes += text;
    if (how == weather::truncated)
        bytes.resize(answers_random_() % bytes.size());

    // A slow one comes in pieces, too.
    const auto pieces = how == weather::slow ? std::size_t{4} : std::size_t{1};
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        const auto begin = bytes.size() * piece / pieces;
        const auto size = bytes.size() * (piece + 1) / pieces - begin;
        const auto [error, sent] = co_await asio::async_write(peer, asio::buffer(bytes.data() + begin, size), use_result);
        if (error)
            co_return false;
        if (piece + 1 == pieces)
            break;
        pause.expires_after(up_to(how_.slowest / 4));
        co_await pause.async_wait(use_result);
    }
    co_return how != weather::truncated;
}

/// Sends the head; what follows is sent by the thread that makes the events.
asio::awaitable<void> storm_engine::stream_events(protocol::socket& peer)
{
    const auto head = head_of(200, "Transfer-Encoding: chunked");
    const auto [error, sent] = co_await asio::async_write(peer, asio::buffer(head), use_result);
    if (error)
        co_return;
    const auto descriptor = ::dup(peer.native_handle());
    {
        const std::lock_guard lock(mutex_);
        ++figures_.streams;
        listeners_.push_back({descriptor});
    }
    char byte = 0;
    co_await peer.async_read_some(asio::buffer(&byte, 1), use_result); // it has nothing to say: this is its end
    const std::lock_guard lock(mutex_);
    std::erase_if(listeners_, [descriptor](const listener& each) { return each.descriptor == descriptor; });
    ::close(descriptor);
}

storm_engine::weather storm_engine::next_weather()
{
    if (!rages_)
        return weather::fair;
    auto chance = drawn(answers_random_);
    for (const auto& [part, what] : {std::pair(how_.slow, weather::slow), std::pair(how_.failing, weather::failing),
                                     std::pair(how_.truncated, weather::truncated)}) {
        if (chance < part)
            return what;
        chance -= part;
    }
    return weather::fair;
}

std::chrono::milliseconds storm_engine::up_to(std::chrono::milliseconds most)
{
    return std::chrono::milliseconds(answers_random_() % (static_cast<unsigned long>(most.count()) + 1));
}

} // namespace integration
