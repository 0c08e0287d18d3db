#include "agent/shell/commands.hpp"
#include "proto_http/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace agent::shell {
namespace {

namespace asio = boost::asio;

/// Where a server listening on `where` is reached from here: all addresses include the loopback one.
std::optional<proto_http::tcp_address> local_address(std::string_view where)
{
    const auto colon = where.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    std::uint16_t port = 0;
    const auto digits = where.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;

    auto host = where.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "0.0.0.0")
        host = "127.0.0.1";
    if (host == "::")
        host = "::1";
    return proto_http::tcp_address{std::string(host), port};
}

asio::awaitable<void> ask(proto_http::tcp_address where, std::string& trouble)
{
    proto_http::client agent(co_await asio::this_coro::executor, where);
    const auto answer = co_await agent.get("/-/healthy");
    if (!answer)
        trouble = answer.error().message();
    else if (answer->head.status != 200)
        trouble = "status " + std::to_string(answer->head.status);
}

} // namespace

int ask_health(const options& settings)
{
    std::string trouble;
    if (const auto where = local_address(settings.listen_address)) {
        asio::io_context io{1};
        asio::co_spawn(io, ask(*where, trouble), [&trouble](std::exception_ptr error) {
            if (error)
                trouble = "the question failed";
        });
        io.run();
    } else {
        trouble = "not an address";
    }
    if (trouble.empty())
        return exit_fine;
    std::cerr << "swarm-sd: " << settings.listen_address << ": " << trouble << '\n';
    return exit_failure;
}

} // namespace agent::shell
