#pragma once

#include "bench/simulated_swarm.hpp"
#include "proto_http/doorbell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Serves a simulated swarm on a Unix socket: the part of the Engine API that clients of a swarm read. Lists are made
/// while they are sent, each as one HTTP chunk, as dockerd sends them. Not for hostile clients.
///
/// Beside the engine's paths there are two for whoever measures:
///
/// - `GET /_sim/counters`: what was asked for so far, by kind of request, and what happened
/// - `POST /_sim/change?kind=task&count=1000&seconds=5`: makes that many changes, evenly spread, and then answers.
///   Kinds: `task` (a task of this node is replaced, which the engine's events tell), `remote` (one anywhere, of which
///   no event tells), `service` (a label of a service changes)
class simulated_engine {
public:
    /// @param socket  must not be there yet
    simulated_engine(const boost::asio::any_io_executor& executor, const std::string& socket, simulated_swarm world);

    /// Answers until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

    /// The first service gets so many replicas, and an event tells.
    void scale_first(unsigned replicas);

private:
    using socket_type = boost::asio::local::stream_protocol::socket;

    struct counter {
        std::uint64_t requests = 0;
        std::uint64_t bytes = 0; ///< of bodies
    };
    struct event_stream {
        explicit event_stream(const boost::asio::any_io_executor& executor) : bell(executor) {}
        proto_http::doorbell bell;
        std::string pending;
    };
    /// What a request asks for.
    struct question {
        std::string method;
        std::string path;  ///< decoded, without version
        std::string query; ///< decoded
    };

    [[nodiscard]] boost::asio::awaitable<void> serve(socket_type peer);
    [[nodiscard]] boost::asio::awaitable<void> converse(socket_type& peer);
    [[nodiscard]] boost::asio::awaitable<void> answer(socket_type& peer, question asked);
    [[nodiscard]] boost::asio::awaitable<void> answer_text(socket_type& peer, std::string status, std::string body);
    [[nodiscard]] boost::asio::awaitable<void> answer_object(socket_type& peer, std::string_view kind,
                                                             std::optional<std::string> body);
    [[nodiscard]] boost::asio::awaitable<void> stream_events(socket_type& peer);
    [[nodiscard]] boost::asio::awaitable<void> make_changes(std::string query);

    [[nodiscard]] static question question_in(const std::string& head);
    [[nodiscard]] std::string counters() const;
    void note(std::string_view kind, std::uint64_t bytes);
    void make_change(std::string_view kind);
    void tell(const std::string& record);

    boost::asio::local::stream_protocol::acceptor acceptor_;
    simulated_swarm world_;
    std::map<std::string, counter, std::less<>> counters_;
    /// Shared with the coroutines, which are destroyed after the engine.
    std::shared_ptr<std::list<event_stream>> streams_ = std::make_shared<std::list<event_stream>>();
    std::uint64_t events_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> changes_; ///< made so far, by kind
    std::uint64_t list_version_ = 0;                            ///< for which `list_bytes_` holds
    std::uint64_t list_bytes_ = 0;                              ///< of the whole list of tasks
};
