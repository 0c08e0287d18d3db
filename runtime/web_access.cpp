#include "runtime/web_access.hpp"

#include "proto_http/timeout.hpp"
#include "runtime/text_file.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto look_interval = 1s;

std::string read_text(const std::filesystem::path& path)
{
    try {
        return read_file(path);
    } catch (const std::system_error& error) {
        throw web_config_error(path.native() + ": " + error.code().message());
    }
}

/// @param name  of a text that stands in the configuration itself, for messages
proto_http::pem read_pem(const pem_source& from, const std::string& name)
{
    if (from.file.empty())
        return {name, from.text};
    return {from.file.native(), read_text(from.file)};
}

proto_http::tls_server_settings read_tls(const web_config::encryption& config, const std::filesystem::path& file)
{
    const auto inside = [&file](const char* setting) { return file.native() + ": tls_server_config." + setting; };
    auto settings = config.settings;
    settings.own = {read_pem(config.chain, inside("cert")), read_pem(config.key, inside("key"))};
    if (config.client_roots)
        settings.client_roots = read_pem(*config.client_roots, inside("client_ca"));
    return settings;
}

} // namespace

web_access::web_access(asio::any_io_executor executor, std::filesystem::path file, const logger& log)
    : executor_(std::move(executor)), file_(std::move(file)), log_(log)
{
    use(read(file_));
}

proto_http::server_front web_access::front()
{
    return {[this] { return tls_; },
            [this](std::string authorization) { return users_.admit(std::move(authorization)); },
            [this] { return now_.config.fields; }};
}

asio::awaitable<void> web_access::run()
{
    asio::steady_timer pause(executor_);
    while (true) {
        pause.expires_after(look_interval);
        const auto [error] = co_await pause.async_wait(proto_http::use_result);
        if (error)
            co_return;
        co_await look();
    }
}

asio::awaitable<void> web_access::look()
{
    std::string trouble;
    try {
        auto job = [file = file_] { return read(file); };
        auto found = co_await helper_.run(std::move(job));
        if (found != now_) {
            use(std::move(found));
            log_.info("web_config_read", {{"path", file_.native()}});
        }
    } catch (const std::runtime_error& problem) {
        trouble = problem.what();
    }
    if (!trouble.empty() && trouble != trouble_)
        log_.error("web_config_failed", {{"error", trouble}});
    trouble_ = std::move(trouble);
}

web_access::contents web_access::read(const std::filesystem::path& file)
{
    contents found;
    found.config = parse_web_config(read_text(file), file);
    if (found.config.tls)
        found.tls = read_tls(*found.config.tls, file);
    return found;
}

/// All or nothing.
void web_access::use(contents found)
{
    std::optional<proto_http::tls_context> tls;
    if (found.tls)
        tls.emplace(*found.tls);
    tls_ = std::move(tls);
    if (found.config.users != now_.config.users)
        users_.know(found.config.users);
    now_ = std::move(found);
}

std::unique_ptr<web_access> open_web_access(const asio::any_io_executor& executor, const std::filesystem::path& file,
                                            const logger& log)
{
    if (file.empty())
        return nullptr;
    try {
        return std::make_unique<web_access>(executor, file, log);
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(std::string("--web.config.file: ") + error.what());
    }
}

bool is_over_tls(const std::filesystem::path& file)
{
    return !file.empty() && parse_web_config(read_text(file), file).tls.has_value();
}

} // namespace runtime
