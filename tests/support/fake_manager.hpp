#pragma once

#include "tests/support/grpc_server.hpp"
#include "tests/support/swarmkit_messages.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A scripted swarm manager on a control socket: the four lists and `Watch`. It shows one state at a time, tells the
/// changes that it is told to, keeps a record, and misbehaves on demand.
class fake_manager {
public:
    fake_manager(boost::asio::any_io_executor executor, const std::filesystem::path& socket);

    /// Answers until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run() { return server.run(); }

    // --- What its lists show: the objects' messages by ID ---

    using objects = std::map<std::string, std::string>;

    objects nodes;
    objects networks;
    objects services;
    objects tasks;

    /// From now on lists show what they show now, and nothing is told, as by a manager that the others left behind.
    void fall_behind() { behind_ = shown{nodes, networks, services, tasks}; }
    void catch_up() { behind_.reset(); }

    // --- The watch ---

    /// Sends a message to every open watch.
    void tell(const std::string& message);
    void tell(const std::vector<watch_event>& events) { tell(watch_message(events)); }
    /// Ends every open watch.
    void end_watches(int status, std::string_view message);
    [[nodiscard]] std::size_t watches() const;

    bool arms = true;                          ///< says at once that the watch is armed
    std::vector<std::string> told_with_arming; ///< messages that go out together with that

    // --- Faults: by the last part of a method's name, `ListTasks` ---

    struct failure {
        int status = 2;
        std::string message = "scripted";
        std::size_t times = static_cast<std::size_t>(-1); ///< then it works again
    };
    std::map<std::string, failure, std::less<>> failing;
    std::set<std::string, std::less<>> hanging;
    std::map<std::string, std::chrono::milliseconds, std::less<>> delays; ///< before anything is answered
    std::size_t loses = 0;                                   ///< so many of the next messages are told to nobody
    std::size_t copies = 1;                                  ///< each message is told so many times
    std::map<std::string, std::string, std::less<>> instead; ///< messages of any bytes

    /// Takes calls over that are not to be answered at once; they are by `answer`, later.
    std::function<bool(grpc_server::call&)> take_over;
    void answer(grpc_server::call& call);

    // --- The record ---

    [[nodiscard]] std::size_t count(std::string_view name) const;
    std::vector<std::string> asked; ///< names, in order

    grpc_server server;

private:
    struct shown {
        objects nodes;
        objects networks;
        objects services;
        objects tasks;
    };

    void take(grpc_server::call& call);
    void open_watch(grpc_server::call& call);
    /// What a call lists; null for one that is no list.
    [[nodiscard]] const objects* listed_by(std::string_view name) const;

    std::vector<grpc_server::call*> watches_;
    std::optional<shown> behind_;
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::steady_timer> timers_;          ///< of answers that are delayed
    std::shared_ptr<int> alive_ = std::make_shared<int>(); ///< for timers that went off before we went
};

} // namespace support
