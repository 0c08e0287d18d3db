#pragma once

#include "agent/core/watch_events.hpp"
#include "agent/docker/engine.hpp"
#include "proto_http/grpc_client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace agent::docker {

/// A manager's own control socket: every change of the swarm as a stream, and the lists that its leader answers.
///
/// The four lists and `Watch` of moby/swarmkit (`api/control.proto`, `api/watch.proto`), read only. The socket is the
/// one that dockerd itself uses; whoever can open it owns the swarm, and no proxy can limit it. Nothing happens unless
/// `run` is under way.
class task_watch {
public:
    task_watch(task_watch&&) noexcept = default;
    task_watch& operator=(task_watch&&) = delete; // the stream that is there would outlive its connection
    ~task_watch() = default;

    /// Connects. ENOENT and ECONNREFUSED: no manager runs here now.
    ///
    /// @param path  of the socket
    [[nodiscard]] static boost::asio::awaitable<answer<task_watch>> connect(boost::asio::any_io_executor executor,
                                                                            std::string path);

    /// Carries the connection until it ends or this is cancelled.
    [[nodiscard]] boost::asio::awaitable<failure> run();

    /// Subscribes and waits until the manager says that the watch is armed: from there no change is missed.
    [[nodiscard]] boost::asio::awaitable<answer<void>> arm();

    /// Waits for changes, without limit, and hands over all that have arrived by then, in the order of their commits.
    ///
    /// @return the failure that ended the stream
    [[nodiscard]] boost::asio::awaitable<answer<std::vector<core::object_change>>> changes();

    /// All lists, all or nothing.
    [[nodiscard]] boost::asio::awaitable<answer<core::swarm_lists>> lists();

    /// The nodes, with their managers' status: proves that the leader answers.
    ///
    /// @param limit  a manager that has lost its leader does not answer at all
    [[nodiscard]] boost::asio::awaitable<answer<std::vector<core::node>>> nodes(std::chrono::milliseconds limit);

private:
    explicit task_watch(proto_http::grpc_client client) : client_(std::move(client)) {}

    template <class Value>
    [[nodiscard]] boost::asio::awaitable<answer<std::vector<Value>>>
    list(std::string method, std::chrono::milliseconds limit,
         proto_http::result<std::vector<Value>> (*decode)(std::string_view));
    [[nodiscard]] boost::asio::awaitable<answer<void>> read();

    proto_http::grpc_client client_;                  ///< before the stream, which must not outlive it
    std::unique_ptr<proto_http::grpc_stream> stream_; ///< none until `arm`
    std::vector<core::object_change> arrived_;        ///< beside the message that armed it
};

} // namespace agent::docker
