#pragma once

#include "proto_http/fields.hpp"
#include "proto_http/tls.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace runtime {

/// A web configuration that cannot be used; `what()` is one line that names the file, the line, and what is wrong there.
class web_config_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A certificate or a key: in the configuration itself, or in a file.
struct pem_source {
    std::filesystem::path file; ///< empty: `text` has it
    std::string text;

    friend bool operator==(const pem_source&, const pem_source&) = default;
};

/// How a program's pages are protected, as the configuration file says. See `parse_web_config`.
struct web_config {
    struct encryption {
        pem_source chain;
        pem_source key;
        std::optional<pem_source> client_roots;
        proto_http::tls_server_settings settings; ///< all but what comes from the sources above

        friend bool operator==(const encryption&, const encryption&) = default;
    };

    std::optional<encryption> tls;
    std::map<std::string, std::string> users; ///< the bcrypt hash of each one's password
    proto_http::field_list fields;            ///< of every answer

    friend bool operator==(const web_config&, const web_config&) = default;
};

/// Reads a web configuration file as Prometheus' exporter-toolkit has it
/// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md): TLS, client certificates,
/// users with bcrypt hashes, and a few header fields. Nothing in it means something else here; TLS 1.0 and 1.1 and
/// `rate_limit` are refused, and `http2` changes nothing: HTTP/1.1 is spoken.
///
/// Pure: the files that it names are not read.
///
/// @param text  contents of the file; empty is a file without settings
/// @param path  of the file: relative paths in it start from its directory
/// @throws web_config_error, also for settings that nobody knows
[[nodiscard]] web_config parse_web_config(const std::string& text, const std::filesystem::path& path);

} // namespace runtime
