#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using agent::docker::decode_networks;

/// The answer to `GET /networks`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto networks = decode_networks(std::string(input.rest()));
    if (!networks)
        return 0;
    for (const auto& each : *networks)
        fuzz::require_sound(each);
    fuzz::require_all_or_nothing(input.rest(),
                                 [](std::string json) { return decode_networks(std::move(json)).has_value(); });
    return 0;
}
