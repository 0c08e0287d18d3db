#pragma once

#include "proto_http/server.hpp"
#include "runtime/basic_auth.hpp"
#include "runtime/helper_thread.hpp"
#include "runtime/logging.hpp"
#include "runtime/web_config.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace runtime {

/// Who may see a program's pages, and how they are spoken with: what `--web.config.file` says. The files are looked at
/// every second, and what has changed counts from the next connection and the next request on; what cannot be used is
/// logged, and what was there before stays.
class web_access {
public:
    /// @param file  the web configuration
    /// @throws web_config_error, proto_http::tls_error
    web_access(boost::asio::any_io_executor executor, std::filesystem::path file, const logger& log);
    web_access(const web_access&) = delete;
    web_access& operator=(const web_access&) = delete;

    /// For the server, which must not outlive this.
    [[nodiscard]] proto_http::server_front front();

    /// Keeps looking at the files, until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();
    /// Looks at them now.
    [[nodiscard]] boost::asio::awaitable<void> look();

private:
    /// The configuration and all that it names, read.
    struct contents {
        web_config config;
        std::optional<proto_http::tls_server_settings> tls;

        friend bool operator==(const contents&, const contents&) = default;
    };

    [[nodiscard]] static contents read(const std::filesystem::path& file);
    void use(contents found);

    boost::asio::any_io_executor executor_;
    std::filesystem::path file_;
    const logger& log_;
    helper_thread helper_; ///< reads the files and tries passwords: what writes targets must not wait for that
    basic_auth users_{helper_};
    contents now_;
    std::string trouble_; ///< that the log was told of
    std::optional<proto_http::tls_context> tls_;
};

/// What `--web.config.file` asks for: nothing where it is empty.
/// @throws std::runtime_error  in one line that begins with the flag
[[nodiscard]] std::unique_ptr<web_access> open_web_access(const boost::asio::any_io_executor& executor,
                                                          const std::filesystem::path& file, const logger& log);

/// Whether the pages that such a file protects are spoken with over TLS.
/// @throws web_config_error
[[nodiscard]] bool is_over_tls(const std::filesystem::path& file);

} // namespace runtime
