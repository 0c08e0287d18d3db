#pragma once

#include "proto_http/doorbell.hpp"
#include "tests/support/engine_state.hpp"
#include "tests/support/toxics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A scripted Docker Engine in the test's own io_context. It shows one state at a time, sends the events it is told to,
/// keeps a record of what it was asked, and misbehaves on demand. Whatever takes time in it is a timer of that
/// io_context.
class fake_engine {
public:
    /// On a Unix socket, which must not be there yet.
    fake_engine(boost::asio::any_io_executor executor, const std::filesystem::path& socket);
    /// On a port of 127.0.0.1 that the kernel chooses.
    explicit fake_engine(boost::asio::any_io_executor executor);

    /// Answers until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

    /// Where it listens over TCP.
    [[nodiscard]] std::uint16_t port() const;

    // --- What it shows ---

    engine_state state;
    std::string api_version = "1.41";     ///< the newest that it takes; empty: it says none and takes any
    std::string oldest_api = "1.24";      ///< the oldest that it takes
    std::string swarm = "active/manager"; ///< the `Swarm` header; likewise

    // --- Events ---

    /// One record to every open stream; the line end is added.
    void emit(std::string_view record);
    /// Bytes as they are, in one chunk.
    void emit_bytes(std::string bytes);
    /// Sends records that wait for their batch.
    void flush_events();
    /// Ends every open stream in good order.
    void end_streams();
    /// Whether all bytes emitted so far are handed to the kernel.
    [[nodiscard]] bool events_sent() const;
    [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }

    struct request {
        std::string method;
        std::string target;
        std::uint64_t number = 0; ///< counts all
    };

    // --- Faults ---

    struct canned {
        unsigned status = 500;
        std::string body = R"({"message":"scripted"})";
        std::string content_type = "application/json";
    };
    /// Answers for paths (without version and query), instead of the state's own.
    std::map<std::string, canned, std::less<>> instead;
    /// Requests of these paths are never answered.
    std::vector<std::string> hanging;
    /// How an answer travels, for scripts that decide it anew for each request.
    struct journey {
        std::chrono::nanoseconds before{};   ///< until the engine looks at what it knows
        std::chrono::nanoseconds after{};    ///< from then until it sends
        std::optional<std::size_t> cut_at{}; ///< the connection breaks after so many bytes
        bool arrives = true;                 ///< otherwise it hangs
    };
    std::function<journey(const request&)> journey_of;
    /// An answer instead of the true one, decided when the engine looks at what it knows.
    std::function<std::optional<canned>(const request&)> tamper;
    /// What happens to answers, `/events` included.
    void poison(toxic what) { toxics_.add(std::move(what)); }
    /// From now on nothing goes wrong with answers any more.
    void cure() { toxics_.clear(); }
    /// What happens to events.
    event_toxics events;
    /// So many of the next connections are closed as soon as they are accepted.
    std::size_t turns_away = 0;

    /// Drops every connection now, in the middle of whatever they do.
    void drop_connections();
    /// Nobody listens any more, and every connection drops. The socket's file may stay, as a dead engine leaves it.
    void go_away(bool leaves_file);
    /// Listens again, on a new socket in the same place.
    void come_back();
    /// Stands still, as by SIGSTOP: the kernel connects, but nobody accepts, reads or writes.
    void freeze();
    void thaw();

    /// Connections not yet ended. Must be none before this object goes.
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

    // --- The record ---

    std::vector<request> requests;
    /// Drops the record, and the memory that it took.
    void forget_requests()
    {
        requests.clear();
        requests.shrink_to_fit();
    }
    enum class moment { asked, answered, lost };
    /// Told of each request, as it goes; `lost` when it was not answered completely.
    std::function<void(const request&, moment)> observe;
    std::function<void()> on_stream; ///< a stream was opened
    /// Bytes of events that the agent has not read yet.
    [[nodiscard]] std::size_t unread_event_bytes() const;
    /// How many requests went to that path, without version and query.
    [[nodiscard]] std::size_t count(std::string_view path) const;

    /// How many reads (all but `/_ping` and `/events`) were being answered at one time.
    [[nodiscard]] std::size_t most_reads_at_once() const noexcept { return most_reads_; }
    /// When a path was last answered with the whole truth.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> told_truth_at(std::string_view path) const;

private:
    using protocol = boost::asio::generic::stream_protocol;
    using socket_type = boost::asio::basic_stream_socket<protocol>;
    using time_point = std::chrono::steady_clock::time_point;

    struct connection {
        explicit connection(socket_type accepted);
        socket_type socket;
        proto_http::doorbell bell; ///< something else may hold now
    };
    struct stream {
        explicit stream(socket_type& peer) : socket(peer), bell(peer.get_executor()) {}
        socket_type& socket;
        std::deque<std::string> pending;
        bool ending = false;
        proto_http::doorbell bell;
    };
    class outlet;
    class read_in_progress;

    fake_engine(boost::asio::any_io_executor executor, protocol::endpoint where);

    void listen();
    void send(std::vector<std::string> bodies);
    [[nodiscard]] boost::asio::awaitable<void> serve(std::list<connection>::iterator peer);
    [[nodiscard]] boost::asio::awaitable<void> converse(connection& peer);
    /// @return whether another request may follow
    [[nodiscard]] boost::asio::awaitable<bool> answer(connection& peer, request asked);
    [[nodiscard]] boost::asio::awaitable<void> stream_events(connection& peer, outlet& out);
    [[nodiscard]] boost::asio::awaitable<void> while_frozen(connection& peer);
    [[nodiscard]] std::optional<engine_answer> tampered_answer(const request& asked) const;
    [[nodiscard]] std::string text_of(const request& asked, const std::optional<engine_answer>& tampered,
                                      const toxic& how) const;
    void note(const request& asked, moment what) const;
    [[nodiscard]] std::optional<engine_answer> refusal_of_version(const std::string& target) const;
    [[nodiscard]] std::string own_fields() const;

    protocol::endpoint where_;
    boost::asio::basic_socket_acceptor<protocol> acceptor_;
    proto_http::doorbell listening_;
    std::list<connection> connections_;
    std::list<stream> streams_;
    event_mangler mangler_;
    toxics toxics_;
    std::uint64_t asked_ = 0;
    bool is_frozen_ = false;
    std::size_t reads_ = 0;
    std::size_t most_reads_ = 0;
    std::map<std::string, time_point, std::less<>> told_truth_at_;
};

} // namespace support
