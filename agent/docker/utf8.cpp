#include "agent/docker/utf8.hpp"

#include "proto_http/utf8.hpp"

#include <simdjson.h>

namespace agent::docker {

std::string with_valid_utf8(std::string_view text)
{
    if (simdjson::validate_utf8(text.data(), text.size()))
        return std::string(text);
    std::string out;
    while (!text.empty()) {
        const auto length = proto_http::utf8_character_length(text);
        out += length == 0 ? proto_http::utf8_replacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

} // namespace agent::docker
