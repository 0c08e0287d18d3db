#include "proto_http/origin.hpp"

#include <string_view>
#include <variant>

namespace proto_http {

std::string to_string(const origin& server)
{
    constexpr std::string_view plain = "tcp://";
    auto text = to_string(server.where);
    if (server.tls && std::holds_alternative<tcp_address>(server.where))
        text.replace(0, plain.size(), "https://");
    return text;
}

} // namespace proto_http
