#include "runtime/held_signals.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <system_error>

#include <sys/signalfd.h>

namespace runtime {

namespace asio = boost::asio;

held_signals::held_signals(std::initializer_list<int> numbers)
{
    sigemptyset(&held_);
    for (const int number : numbers)
        sigaddset(&held_, number);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

held_signals::~held_signals()
{
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

asio::awaitable<int> held_signals::next() const
{
    const auto executor = co_await asio::this_coro::executor;
    const int descriptor = ::signalfd(-1, &held_, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "waiting for signals");
    asio::posix::stream_descriptor signals(executor, descriptor);
    signalfd_siginfo told{};
    const auto [error, size] =
        co_await signals.async_read_some(asio::buffer(&told, sizeof told), asio::as_tuple(asio::use_awaitable));
    co_return error ? 0 : static_cast<int>(told.ssi_signo);
}

} // namespace runtime
