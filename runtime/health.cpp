#include "runtime/health.hpp"

#include "proto_http/client.hpp"
#include "runtime/web_access.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <charconv>
#include <cstdint>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

namespace runtime {
namespace {

namespace asio = boost::asio;

/// Where a server listening on `where` is reached from here: all addresses include the loopback one.
std::optional<proto_http::address> local_address(std::string_view where)
{
    constexpr std::string_view socket = "unix://";
    if (where.starts_with(socket))
        return proto_http::unix_address{std::string(where.substr(socket.size()))};
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

asio::awaitable<void> ask(proto_http::origin where, std::string page, std::string& trouble)
{
    proto_http::client program(co_await asio::this_coro::executor, std::move(where));
    const auto answer = co_await program.get(std::move(page));
    const bool wants_certificate = !answer && proto_http::is_tls_alert(answer.error());
    const bool wants_password = answer && answer->head.status == 401;
    if (wants_certificate || wants_password)
        co_return;
    if (!answer)
        trouble = answer.error().message();
    else if (answer->head.status != 200)
        trouble = "status " + std::to_string(answer->head.status);
}

} // namespace

std::string ask_health(std::string_view listen_address, const std::string& page, const std::filesystem::path& web_config)
{
    const auto where = local_address(listen_address);
    if (!where)
        return "not an address";
    auto program = proto_http::origin(*where);
    try {
        proto_http::tls_settings anybody;
        anybody.verify = proto_http::tls_settings::verification::none;
        if (is_over_tls(web_config))
            program.tls.emplace(anybody);
    } catch (const web_config_error& error) {
        return error.what();
    }
    std::string trouble;
    asio::io_context io{1};
    asio::co_spawn(io, ask(program, page, trouble), [&trouble](std::exception_ptr error) {
        if (error)
            trouble = "the question failed";
    });
    io.run();
    return trouble;
}

} // namespace runtime
