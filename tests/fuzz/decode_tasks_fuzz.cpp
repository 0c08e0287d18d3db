#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using agent::docker::decode_tasks;

/// The answer to `GET /tasks`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto found = decode_tasks(std::string(input.rest()));
    if (!found)
        return 0;
    for (const auto& each : found->tasks)
        fuzz::require_sound(each);
    fuzz::require_sound(found->networks);
    fuzz::require_all_or_nothing(input.rest(),
                                 [](std::string json) { return decode_tasks(std::move(json)).has_value(); });
    return 0;
}
