#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using agent::docker::decode_containers;

/// The answer to `GET /containers/json`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto containers = decode_containers(std::string(input.rest()));
    if (!containers)
        return 0;
    for (const auto& each : *containers)
        fuzz::require_sound(each);
    fuzz::require_all_or_nothing(input.rest(),
                                 [](std::string json) { return decode_containers(std::move(json)).has_value(); });
    return 0;
}
