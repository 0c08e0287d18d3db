#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using agent::docker::decode_nodes;

/// The answer to `GET /nodes`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto nodes = decode_nodes(std::string(input.rest()));
    if (!nodes)
        return 0;
    for (const auto& each : *nodes)
        fuzz::require_sound(each);
    fuzz::require_all_or_nothing(input.rest(),
                                 [](std::string json) { return decode_nodes(std::move(json)).has_value(); });
    return 0;
}
