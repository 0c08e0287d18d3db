#pragma once

#include "tests/simulation/agenda.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/judge.hpp"
#include "tests/simulation/swarm.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_manager.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

/// What goes wrong with answers to reads.
struct answer_trouble {
    std::string path{}; ///< of the Engine API, or the end of a method's name; empty: all
    std::optional<support::fake_engine::canned> instead{};
    bool hangs = false;
    bool breaks = false; ///< in the middle
    duration more{};     ///< time
};

/// The machine that the agent runs on: a manager that follows, its engine and its control socket. Lists come from the
/// swarm's leader; changes come by its own copy of the swarm's log, which is behind by a moment, or by more.
class manager_node {
public:
    /// What somebody who watches is told.
    struct listener {
        judge* referee = nullptr;
        std::function<void(const std::string&)> on_asked;
    };

    manager_node(boost::asio::io_context& io, std::filesystem::path directory, agenda& plan, std::uint64_t seed,
                 listener to);

    /// The swarm's leader has committed this.
    void take(const commit& done);
    /// A container of this node.
    void container(std::string_view action, const task& about);

    [[nodiscard]] std::filesystem::path engine_socket() const { return directory_ / "engine.sock"; }
    [[nodiscard]] std::filesystem::path control_socket() const { return directory_ / "control.sock"; }

    // --- What goes wrong ---

    std::optional<answer_trouble> engine_trouble;
    std::optional<answer_trouble> control_trouble;
    std::size_t loses_one_in = 0; ///< of events; 0: none
    bool doubles_events = false;
    duration delays_events{};          ///< up to that: they change places
    bool store_events_stopped = false; ///< services and nodes are told of no more, though the stream is open
    duration lags{};                   ///< the log arrives so much later

    /// No answer but after that time; the log stands still until then.
    void lose_leader(time_point back_at);
    [[nodiscard]] bool has_leader() const { return clock::now() >= leader_back_at_; }
    /// What came meanwhile arrives.
    void heal();

    void take_engine_away();
    void bring_engine_back();
    void take_control_socket_away();
    void bring_control_socket_back();
    void demote();
    /// As a manager that was just made it tells its part of the swarm's log once more.
    void promote(std::size_t commits);
    /// Whether it tells what is long past.
    [[nodiscard]] bool is_replaying() const { return next_ < replay_until_; }

    void close();
    [[nodiscard]] std::size_t connections() const { return engine.connections() + manager.server.connections(); }
    /// Drops what is only of use to look back.
    void forget();

    support::fake_engine engine;
    support::fake_manager manager;

private:
    struct told_commit {
        time_point at;
        std::string message;              ///< of the watch
        std::vector<std::string> records; ///< of `/events`
        std::vector<sent_event> events;   ///< likewise
    };

    [[nodiscard]] support::fake_engine::journey journey_of(const support::fake_engine::request& asked);
    [[nodiscard]] std::optional<support::fake_engine::canned> tamper(const support::fake_engine::request& asked);
    void observe(const support::fake_engine::request& asked, support::fake_engine::moment what);
    bool take_over(support::grpc_server::call& call);
    void answer(support::grpc_server::call& call, std::uint64_t number);
    void pump();
    void tell(const told_commit& what);
    void send_event(const std::string& record, const sent_event& about);
    void deliver(const std::string& record, const sent_event& about);
    void keep_log_short();

    std::filesystem::path directory_;
    agenda& plan_;
    dice dice_;
    listener listener_;

    std::deque<told_commit> log_;
    std::size_t first_ = 0;        ///< number of the log's first commit
    std::size_t next_ = 0;         ///< number of the next one to be told
    std::size_t replay_until_ = 0; ///< those before are old
    bool is_pumping_ = false;
    time_point leader_back_at_{};
    time_point leader_lost_at_{};
    bool is_demoted_ = false;
    bool is_engine_away_ = false;
    bool is_control_away_ = false;
    std::size_t calls_under_way_ = 0;               ///< on the control socket: who answers them holds on to them
    std::uint64_t asked_ = std::uint64_t{1} << 40U; ///< numbers of calls on the control socket
    std::map<std::uint64_t, bool> tampered_;        ///< answers of the engine under way: whether they are false
};

} // namespace simulation
