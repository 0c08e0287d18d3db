#include "agent/shell/engine_tls.hpp"

#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace agent::shell {
namespace {

using proto_http::pem;
using proto_http::tls_error;
using verification = proto_http::tls_settings::verification;

/// For Docker an empty variable is none, and any other value means yes, even `0`.
std::optional<std::string> value_of(const environment& variables, std::string_view name)
{
    auto value = variables(name);
    return value && !value->empty() ? std::move(value) : std::nullopt;
}

bool is_set(const environment& variables, std::string_view name)
{
    return value_of(variables, name).has_value();
}

/// Where the files are; nothing where nobody says that there are any.
std::optional<std::filesystem::path> directory_of(const environment& variables)
{
    if (const auto told = value_of(variables, "DOCKER_CERT_PATH"))
        return *told;
    if (security_of_tcp(variables) == docker::security::plain)
        return std::nullopt;
    if (const auto config = value_of(variables, "DOCKER_CONFIG"))
        return *config;
    if (const auto home = value_of(variables, "HOME"))
        return std::filesystem::path(*home) / ".docker";
    throw tls_error("it is not set, and without HOME there is no other place to look");
}

pem read(const std::filesystem::path& path, const file_reader& read_file)
{
    try {
        return {path.native(), read_file(path)};
    } catch (const std::system_error& error) {
        throw tls_error(path.native() + ": " + error.code().message());
    }
}

std::optional<pem> read_if_there(const std::filesystem::path& path, const file_reader& read_file)
{
    try {
        return pem{path.native(), read_file(path)};
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::no_such_file_or_directory)
            return std::nullopt;
        throw tls_error(path.native() + ": " + error.code().message());
    }
}

} // namespace

docker::security security_of_tcp(const environment& variables)
{
    const bool is_tls = is_set(variables, "DOCKER_TLS_VERIFY") || is_set(variables, "DOCKER_TLS");
    return is_tls ? docker::security::tls : docker::security::plain;
}

proto_http::tls_settings engine_tls(const environment& variables, const file_reader& read_file)
{
    proto_http::tls_settings settings;
    const bool must_verify = is_set(variables, "DOCKER_TLS_VERIFY");
    if (!must_verify && is_set(variables, "DOCKER_TLS"))
        settings.verify = verification::none;
    const auto directory = directory_of(variables);
    if (!directory)
        return settings;

    if (must_verify)
        settings.roots = read(*directory / "ca.pem", read_file);
    else if (settings.verify == verification::server)
        settings.roots = read_if_there(*directory / "ca.pem", read_file);
    auto chain = read_if_there(*directory / "cert.pem", read_file);
    auto key = read_if_there(*directory / "key.pem", read_file);
    if (chain && key)
        settings.own = {*std::move(chain), *std::move(key)};
    else if (chain || key)
        throw tls_error((*directory / (chain ? "key.pem" : "cert.pem")).native() + ": not there, but " +
                        (chain ? "cert.pem" : "key.pem") + " is");
    // A directory that somebody names has something in it, or is a slip of the pen.
    else if (!settings.roots && is_set(variables, "DOCKER_CERT_PATH"))
        throw tls_error(directory->native() + ": no ca.pem, no cert.pem and no key.pem is there");
    return settings;
}

} // namespace agent::shell
