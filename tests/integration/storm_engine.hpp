#pragma once

#include "tests/integration/stormy_swarm.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace integration {

/// How a storm is.
struct storm_settings {
    unsigned services = 300;
    unsigned replicas = 10;
    unsigned events_per_second = 5'000;
    std::chrono::milliseconds lasts{20'000};
    /// Parts of the records that are never sent, sent twice, and sent before others that came earlier.
    double lost = 0.1;
    double doubled = 0.1;
    double reordered = 0.3;
    /// Parts of the answers that are slow, have an error's status, and end too early. All others take up to 50 ms.
    double slow = 0.1;
    double failing = 0.1;
    double truncated = 0.1;
    std::chrono::milliseconds slowest{2'000};
    std::uint32_t seed = 1;
};

/// What the engine of a storm saw of its client.
struct storm_figures {
    std::size_t records = 0; ///< sent, doubled ones twice
    std::size_t lost = 0;
    std::size_t doubled = 0;
    std::size_t reordered = 0;
    std::size_t requests = 0;
    std::size_t answered_badly = 0;
    std::size_t streams = 0; ///< opened
    /// For how long at most there was something to read on the event socket, and nothing of it was read.
    std::chrono::milliseconds longest_unread{0};
    /// The same without the time in which the reader waited for a CPU that others had.
    std::chrono::milliseconds longest_neglect{0};
    /// For how long at most the event socket took no more.
    std::chrono::milliseconds longest_blocked{0};
};

/// A scripted engine on a Unix socket, in threads of its own, whose swarm never rests while a storm lasts: events at a
/// steady rate, some lost, doubled and out of order, and answers that come slowly, not at all or in part.
class storm_engine {
public:
    /// @param socket  what it listens on; must not exist
    storm_engine(const std::filesystem::path& socket, const storm_settings& how);
    storm_engine(const storm_engine&) = delete;
    storm_engine& operator=(const storm_engine&) = delete;
    ~storm_engine();

    /// The storm, from its begin to its end. Whoever is connected then has been sent all records but the lost ones.
    /// @param reader  the process that reads the events
    void rage(pid_t reader);

    [[nodiscard]] storm_figures figures() const;
    /// What the file should say now.
    [[nodiscard]] std::string expected_file() const;
    [[nodiscard]] std::size_t serving_tasks() const;

private:
    using clock = std::chrono::steady_clock;
    using protocol = boost::asio::local::stream_protocol;

    /// The sending side of one open event stream.
    struct listener {
        int descriptor = -1;
        std::string pending{}; ///< bytes that the socket did not take yet
        int unread = 0;        ///< in the socket's buffer, when it was looked at last
        std::optional<clock::time_point> unread_since{};
        clock::duration unread_for{0};           ///< as far as is known
        std::chrono::nanoseconds waited_then{0}; ///< for a CPU: the reader, until then
        std::optional<clock::time_point> blocked_since{};
    };
    struct request {
        std::string path; ///< without version
        std::string service;
        bool is_head = false;
    };
    enum class weather { fair, slow, failing, truncated };

    // In the thread of the Engine API.
    [[nodiscard]] boost::asio::awaitable<void> accept();
    [[nodiscard]] boost::asio::awaitable<void> serve(protocol::socket peer);
    [[nodiscard]] boost::asio::awaitable<bool> answer(protocol::socket& peer, request asked);
    [[nodiscard]] boost::asio::awaitable<void> stream_events(protocol::socket& peer);
    [[nodiscard]] weather next_weather();
    [[nodiscard]] std::chrono::milliseconds up_to(std::chrono::milliseconds most);

    // In the thread that calls `rage`.
    void make_records(std::size_t count);
    [[nodiscard]] std::string take_record();
    void send(const std::string& bytes);
    static void flush(listener& to, clock::time_point now);
    void observe(listener& each, clock::time_point now);
    void note_unread(const listener& each);
    void begin_unread(listener& each, std::optional<clock::time_point> when) const;
    [[nodiscard]] std::chrono::nanoseconds reader_waited() const;
    [[nodiscard]] bool all_is_read();

    storm_settings how_;
    std::atomic<bool> rages_ = false;
    pid_t reader_ = 0;
    std::mt19937 records_random_;
    std::mt19937 answers_random_;
    std::deque<std::string> window_; ///< records that are about to be sent

    mutable std::mutex mutex_; // guards those up to the next blank line
    stormy_swarm swarm_;
    std::vector<listener> listeners_;
    storm_figures figures_;

    boost::asio::io_context io_{1}; // frames of the coroutines go with it: before what they use
    protocol::acceptor acceptor_;
    std::thread thread_;
};

} // namespace integration
