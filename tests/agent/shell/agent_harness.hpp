#pragma once

#include "agent/shell/daemon.hpp"
#include "proto_http/client.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

/// The whole agent and a scripted engine on one reactor.
class agent_harness {
public:
    agent_harness();
    ~agent_harness();

    /// Starts the agent with `settings`.
    void start();
    /// Stops it as a signal would, and waits for its end.
    void stop();

    /// Runs the reactor until the condition holds.
    /// @return whether it came to hold in time
    [[nodiscard]] bool until(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds{10});

    /// Runs until the first complete list is in the file.
    [[nodiscard]] bool until_ready();

    /// Path of the first file.
    [[nodiscard]] const std::filesystem::path& output() const { return settings.outputs.front().path; }
    /// What it says now.
    [[nodiscard]] std::string file() const;
    [[nodiscard]] bool until_file_is(const std::string& text);

    /// Status of one of the agent's pages; 0 when there is no answer.
    [[nodiscard]] unsigned status(const std::string& path);
    /// Body of one of the agent's pages.
    [[nodiscard]] std::string page(const std::string& path);
    /// Value of a series on `/metrics`, written as it stands there; -1 if it is not there.
    [[nodiscard]] double metric(const std::string& series);

    boost::asio::io_context io{1};
    support::temporary_directory directory;
    support::fake_engine engine;
    agent::shell::options settings;
    agent::shell::surroundings around;
    runtime::logger log;
    std::optional<agent::shell::daemon> agent;
    bool running = false;
    std::exception_ptr failure;    ///< of the agent
    std::function<void()> on_turn; ///< called before each look at a condition that is waited for
    /// Does what is next, and lets time pass until then or the given moment; none: time passes by itself.
    std::function<void(std::chrono::steady_clock::time_point)> pass_time;

private:
    void emit(boost::asio::cancellation_signal& signal);
    [[nodiscard]] proto_http::response get(const std::string& path);

    boost::asio::cancellation_signal stop_agent_;
    boost::asio::cancellation_signal stop_engine_;
    bool engine_running_ = true;
};
