#include "agent/docker/docker_host.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

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
    const auto read = agent::docker::parse_docker_host(input.rest());
    if (const auto* complaint = std::get_if<std::string>(&read)) {
        fuzz::require(complaint->size() > input.rest().size(), "a complaint quotes the text and says more");
        return 0;
    }
    const auto& where = std::get<proto_http::address>(read);
    std::visit([](const auto& each) { require_sound(each); }, where);
    fuzz::require(agent::docker::parse_docker_host(proto_http::to_string(where)) == read,
                  "what the log shows is the same address");
    return 0;
}
