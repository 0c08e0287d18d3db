#pragma once

#include <boost/asio/awaitable.hpp>

#include <csignal>
#include <initializer_list>

namespace runtime {

/// Signals that wait until somebody asks for them. None is lost, and none ends the process, whenever it comes: before
/// the reactor runs, or between two of them.
class held_signals {
public:
    /// Holds them in this thread and in all that it starts from here on, so it has to be there before those.
    explicit held_signals(std::initializer_list<int> numbers);
    held_signals(const held_signals&) = delete;
    held_signals& operator=(const held_signals&) = delete;
    ~held_signals();

    /// The next one, or that came already; 0 when cancelled.
    ///
    /// @throws std::system_error  if there is no descriptor for it
    [[nodiscard]] boost::asio::awaitable<int> next() const;

private:
    sigset_t held_{};
    sigset_t before_{};
};

} // namespace runtime
