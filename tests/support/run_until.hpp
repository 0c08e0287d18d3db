#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace support {

/// More than anything here takes, less than a test run's patience. Where everything is slow, `SWARM_SD_TEST_PATIENCE`
/// says how many seconds that is.
inline const std::chrono::seconds patience = [] {
    const auto* const told = std::getenv("SWARM_SD_TEST_PATIENCE");
    return std::chrono::seconds(told ? std::atoi(told) : 10);
}();

/// Runs `io` until `done()` holds.
///
/// @return whether it did, before `limit` and before `io` had nothing left to do
template <class Done>
[[nodiscard]] bool run_until(boost::asio::io_context& io, Done done, std::chrono::milliseconds limit = patience)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!done()) {
        io.run_one_until(end);
        if (io.stopped() || std::chrono::steady_clock::now() >= end)
            return done();
    }
    return true;
}

/// Runs so many handlers, or fewer when `done()` holds or there is nothing left to do: for tests that go through all
/// moments at which something may happen.
template <class Done>
void run_handlers(boost::asio::io_context& io, int count, Done done)
{
    io.restart();
    for (int ran = 0; ran < count && !done() && !io.stopped(); ++ran)
        io.run_one_for(std::chrono::milliseconds(5));
}

/// A coroutine at work, which can be cancelled and whose outcome is kept.
template <class T>
class running {
public:
    running(boost::asio::io_context& io, boost::asio::awaitable<T> work)
        : io_(io), outcome_(std::make_shared<outcome>())
    {
        auto finish = [outcome = outcome_](std::exception_ptr problem) {
            outcome->is_done = true;
            outcome->problem = std::move(problem);
        };
        boost::asio::co_spawn(io, keep(std::move(work), outcome_),
                              boost::asio::bind_cancellation_slot(outcome_->stop.slot(), std::move(finish)));
    }

    /// Takes effect with the next handlers that run. Emitted from out here, the signal would only be noted down by
    /// co_spawn, with a pointer that may dangle by the time it is looked at (Boost 1.81).
    void cancel()
    {
        auto emit = [outcome = outcome_] {
            if (!outcome->is_done)
                outcome->stop.emit(boost::asio::cancellation_type::terminal);
        };
        boost::asio::post(io_, std::move(emit));
    }

    [[nodiscard]] bool is_done() const { return outcome_->is_done; }

    /// Runs until the coroutine has ended; returns or throws what it did.
    T get(std::chrono::milliseconds limit = patience)
    {
        if (!run_until(
                io_, [this] { return is_done(); }, limit))
            throw std::runtime_error("not done in time");
        if (outcome_->problem)
            std::rethrow_exception(outcome_->problem);
        if constexpr (!std::is_void_v<T>)
            return *std::move(outcome_->value);
    }

private:
    struct nothing {};
    struct outcome {
        boost::asio::cancellation_signal stop;
        bool is_done = false;
        std::exception_ptr problem;
        std::optional<std::conditional_t<std::is_void_v<T>, nothing, T>> value;
    };

    /// co_spawn itself could only return what has a default constructor.
    static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work, std::shared_ptr<outcome> kept)
    {
        if constexpr (std::is_void_v<T>)
            co_await std::move(work);
        else
            kept->value.emplace(co_await std::move(work));
    }

    boost::asio::io_context& io_;
    std::shared_ptr<outcome> outcome_; ///< shared with the coroutine, which outlives us when a test gives up
};

/// Runs `work` to its end and returns or throws what it did.
template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> work, std::chrono::milliseconds limit = patience)
{
    return running<T>(io, std::move(work)).get(limit);
}

} // namespace support
