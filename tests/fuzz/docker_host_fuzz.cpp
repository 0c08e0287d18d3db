#include "agent/docker/docker_host.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

using namespace agent::docker;

namespace {

void require_sound(const proto_http::unix_address& where)
{
    fuzz::require(where.path.starts_with('/') && where.path.size() <= 107, "a socket's path is absolute and fits");
}

void require_sound(const proto_http::tcp_address& where)
{
    const auto host = std::string_view(where.host).substr(0, where.host.find('%'));
    fuzz::require(!host.empty() && where.port != 0, "an address has host and port");
    const auto header = proto_http::host_header(where);
    fuzz::require(header.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]") ==
                      std::string::npos,
                  "a Host header holds nothing else");
}

} // namespace

/// A value of DOCKER_HOST.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    for (const auto of_tcp : {security::plain, security::tls}) {
        const auto read = parse_docker_host(input.rest(), of_tcp);
        if (const auto* complaint = std::get_if<std::string>(&read)) {
            fuzz::require(complaint->size() > input.rest().size(), "a complaint quotes the text and says more");
            continue;
        }
        const auto& [where, how] = std::get<docker_host>(read);
        std::visit([](const auto& each) { require_sound(each); }, where);
        const bool is_unix = std::holds_alternative<proto_http::unix_address>(where);
        fuzz::require(how == security::plain || !is_unix, "a Unix socket needs no TLS");
        fuzz::require(how == security::tls || of_tcp == security::plain || is_unix, "TLS that was asked for is spoken");
        fuzz::require(parse_docker_host(proto_http::to_string(where), how) == read,
                      "what the log shows is the same address");
    }
    return 0;
}
