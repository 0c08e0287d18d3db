#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using agent::docker::decode_services;

/// The answer to `GET /services`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto services = decode_services(std::string(input.rest()));
    if (!services)
        return 0;
    for (const auto& each : *services)
        fuzz::require_sound(each);
    fuzz::require_all_or_nothing(input.rest(),
                                 [](std::string json) { return decode_services(std::move(json)).has_value(); });
    return 0;
}
