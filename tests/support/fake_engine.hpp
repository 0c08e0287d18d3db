#pragma once

#include "proto_http/doorbell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cstddef>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
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
    /// Drops every connection now, in the middle of whatever they do.
    void drop_connections();
    /// Connections not yet ended. Must be none before this object goes.
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

    // --- The record ---

    struct request {
        std::string method;
        std::string target;
    };
    std::vector<request> requests;
    /// Drops the record, and the memory that it took.
    void forget_requests()
    {
        requests.clear();
        requests.shrink_to_fit();
    }
    /// How many requests went to that path, without version and query.
    [[nodiscard]] std::size_t count(std::string_view path) const;

private:
    using socket_type = boost::asio::local::stream_protocol::socket;

    struct stream {
        explicit stream(const boost::asio::any_io_executor& executor) : bell(executor) {}
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

    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::list<socket_type> connections_;
    std::list<stream> streams_;
};

} // namespace support
