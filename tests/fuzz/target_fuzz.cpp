#include "proto_http/target.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

namespace {

std::string joined(const proto_http::split_target& parts)
{
    std::string target = "/" + proto_http::percent_encode(std::string_view(parts.path).substr(1));
    char separator = '?';
    for (const auto& [name, value] : parts.query) {
        target += separator + proto_http::percent_encode(name) + "=" + proto_http::percent_encode(value);
        separator = '&';
    }
    return target;
}

} // namespace

/// A request target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto text = input.rest();

    const auto encoded = proto_http::percent_encode(text);
    fuzz::require(encoded.find_first_of("/?#&=+ \r\n") == std::string::npos, "what is encoded means nothing any more");
    fuzz::require(proto_http::percent_decode(encoded) == text, "decoding undoes encoding");

    if (const auto decoded = proto_http::percent_decode(text))
        fuzz::require(proto_http::percent_decode(proto_http::percent_encode(*decoded)) == decoded,
                      "what was decoded can be encoded again");

    const auto parts = proto_http::split(text);
    fuzz::require(text.starts_with('/') || !parts, "a target begins with a slash");
    if (!parts)
        return 0;
    fuzz::require(parts->path.starts_with('/'), "and so does its path");
    const auto again = proto_http::split(joined(*parts));
    fuzz::require(again && again->path == parts->path && again->query == parts->query,
                  "path and query can be put together again");
    return 0;
}
