#include "runtime/service_manager.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// How often the words are looked at.
constexpr std::chrono::microseconds status_interval = 1s;

std::optional<std::uint64_t> to_number(const std::optional<std::string>& text)
{
    if (!text)
        return std::nullopt;
    std::uint64_t value = 0;
    const auto* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, value);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<std::chrono::microseconds> watchdog_of(const environment& variables)
{
    // Longer ones would overflow in what is reckoned with them.
    constexpr std::uint64_t most = 1'000'000'000'000;
    const auto interval = to_number(variables("WATCHDOG_USEC"));
    if (!interval || *interval == 0 || *interval > most)
        return std::nullopt;
    // Inherited from a parent that is watched itself: not for us.
    const auto meant = variables("WATCHDOG_PID");
    if (meant && to_number(meant) != static_cast<std::uint64_t>(::getpid()))
        return std::nullopt;
    return std::chrono::microseconds(*interval);
}

} // namespace

service_manager::service_manager(const environment& variables)
    : socket_(variables("NOTIFY_SOCKET").value_or("")), watchdog_(watchdog_of(variables))
{
    if (socket_.empty())
        return;
    if (socket_.front() != '/' && socket_.front() != '@') {
        trouble_ = std::make_error_code(std::errc::address_family_not_supported);
        return;
    }
    if (socket_.size() >= sizeof(sockaddr_un::sun_path)) {
        trouble_ = std::make_error_code(std::errc::filename_too_long);
        return;
    }
    if (socket_.front() == '@') // an abstract name
        socket_.front() = '\0';
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0)
        trouble_ = {errno, std::generic_category()};
}

service_manager::~service_manager()
{
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

std::error_code service_manager::tell(std::string_view lines) const
{
    if (descriptor_ < 0)
        return trouble_;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, socket_.data(), socket_.size());
    // A path ends with its NUL, an abstract name where the length says.
    const auto length =
        offsetof(sockaddr_un, sun_path) + socket_.size() + (socket_.front() == '\0' ? std::size_t{0} : std::size_t{1});
    const auto sent = ::sendto(descriptor_, lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(length));
    return sent < 0 ? std::error_code(errno, std::generic_category()) : std::error_code();
}

std::error_code service_manager::tell_reloading() const
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
    return tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds.count()));
}

asio::awaitable<void> service_manager::keep_told(std::function<std::string()> status) const
{
    auto interval = status_interval;
    if (watchdog_)
        interval = std::min(interval, *watchdog_ / 2);
    if (descriptor_ < 0)
        interval = 24h;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    std::string told;
    for (;;) {
        std::string lines;
        if (watchdog_)
            lines = "WATCHDOG=1\n";
        auto words = status();
        if (words != told)
            lines += "STATUS=" + words;
        // What could not be told comes with the next turn.
        if (!lines.empty() && !tell(lines))
            told = std::move(words);
        timer.expires_after(interval);
        if (const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable)); error)
            co_return;
    }
}

} // namespace runtime
