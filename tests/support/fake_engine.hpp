#pragma once

#include "proto_http/doorbell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

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

/// What an engine knows: the texts of its objects by ID, as it sends them.
struct engine_state {
    using objects = std::map<std::string, std::string>;

    objects services;
    objects nodes;
    objects tasks;

    /// Takes JSON lists apart. @throws std::runtime_error for what is no list of objects with IDs
    static engine_state of(const std::string& services, const std::string& nodes, const std::string& tasks);
};

/// A scripted Docker Engine on a Unix socket, in the test's own io_context. It shows one state at a time, sends the
/// events it is told to, keeps a record of what it was asked, and misbehaves on demand.
class fake_engine {
public:
    fake_engine(boost::asio::any_io_executor executor, const std::filesystem::path& socket);

    /// Answers until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

    // --- What it shows ---

    engine_state state;
    std::string api_version = "1.41";
    std::string swarm = "active/manager"; ///< the `Swarm` header of `/_ping`

    // --- Events ---

    /// One record to every open stream; the line end is added.
    void emit(std::string_view record) { emit_bytes(std::string(record) + "\n"); }
    void emit_bytes(std::string bytes);
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
    /// How an answer travels.
    struct journey {
        std::chrono::nanoseconds before{};   ///< until the engine looks at what it knows
        std::chrono::nanoseconds after{};    ///< from then until it sends
        std::optional<std::size_t> cut_at{}; ///< the connection breaks after so many bytes
        bool arrives = true;                 ///< otherwise it hangs
    };
    std::function<journey(const request&)> journey_of;
    /// An answer instead of the true one, decided when the engine looks at what it knows.
    std::function<std::optional<canned>(const request&)> tamper;
    /// Drops every connection now, in the middle of whatever they do.
    void drop_connections();
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

private:
    using socket_type = boost::asio::local::stream_protocol::socket;

    struct stream {
        stream(socket_type& socket, const boost::asio::any_io_executor& executor) : peer(socket), bell(executor) {}
        socket_type& peer;
        std::deque<std::string> pending;
        bool ending = false;
        proto_http::doorbell bell;
    };
    struct answer {
        unsigned status = 200;
        std::string body;
        std::string content_type = "application/json";
    };

    [[nodiscard]] boost::asio::awaitable<void> serve(std::list<socket_type>::iterator connection);
    [[nodiscard]] boost::asio::awaitable<void> converse(socket_type& peer);
    [[nodiscard]] boost::asio::awaitable<void> stream_events(socket_type& peer);
    [[nodiscard]] answer answer_for(const request& asked) const;
    [[nodiscard]] answer object_or_404(const engine_state::objects& objects, std::string_view id) const;

    [[nodiscard]] boost::asio::awaitable<void> rest(socket_type& peer, std::chrono::nanoseconds time);
    void note(const request& asked, moment what) const;

    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::uint64_t asked_ = 0;
    std::list<socket_type> connections_;
    std::list<stream> streams_;
};

} // namespace support
