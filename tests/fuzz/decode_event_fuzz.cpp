#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"
#include "tests/fuzz/utf8.hpp"

using agent::docker::decode_event;

/// One record of `/events`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto event = decode_event(std::string(input.rest()));
    if (!event)
        return 0;
    fuzz::require_whole(input.rest(), [](std::string json) { return decode_event(std::move(json)).has_value(); });
    if (!*event)
        return 0;
    const auto& hint = **event;
    const bool is_container = hint.about == agent::core::hint::subject::container;
    fuzz::require(is_container == hint.id.empty(), "what is no container has an ID");
    fuzz::require(is_container == (hint.what != agent::core::hint::change::object), "a container began or ended");
    fuzz::require(is_container || (hint.task_id.empty() && hint.service_id.empty() && hint.node_id.empty()),
                  "only a container belongs to a task");
    for (const auto* text : {&hint.id, &hint.task_id, &hint.service_id, &hint.node_id})
        fuzz::require(fuzz::is_utf8(*text), "text is UTF-8");
    return 0;
}
