#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <exception>
#include <utility>
#include <variant>

namespace runtime {

/// Runs `task` and turns an exception into a value, because `||` waits past exceptions.
inline boost::asio::awaitable<std::exception_ptr> guarded(boost::asio::awaitable<void> task)
{
    try {
        co_await std::move(task);
    } catch (...) {
        co_return std::current_exception();
    }
    co_return nullptr;
}

/// Runs all tasks until the first one ends, in whatever way; then cancels and joins the others. An exception that
/// ended it goes on to the caller.
template <class... Tasks>
boost::asio::awaitable<void> first_of(Tasks... tasks)
{
    using namespace boost::asio::experimental::awaitable_operators;
    const auto first = co_await (... || guarded(std::move(tasks)));
    if (const auto error = std::visit([](const std::exception_ptr& value) { return value; }, first))
        std::rethrow_exception(error);
}

} // namespace runtime
