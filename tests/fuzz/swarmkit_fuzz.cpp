#include "agent/docker/swarmkit.hpp"

#include "tests/fuzz/decode_properties.hpp"

#include <variant>

namespace {

using namespace agent::docker;

void require_sound_network(const agent::core::network& value)
{
    fuzz::require_sound(std::vector{value});
}

void require_change(const agent::core::object_change& change)
{
    std::visit(
        [](const auto& object) {
            if constexpr (requires { object.ingress; })
                require_sound_network(object);
            else
                fuzz::require_sound(object);
        },
        change.object);
}

/// A message is what its parts are, one behind the other (Protocol Buffers, "Last One Wins").
template <class Decode>
void require_joined(std::string_view bytes, Decode decode)
{
    const auto once = decode(bytes);
    if (!once)
        return;
    const auto twice = decode(std::string(bytes) + std::string(bytes));
    fuzz::require(twice.has_value() && twice->size() == 2 * once->size(),
                  "two messages are one with the parts of both");
}

} // namespace

/// A message of the control socket, read as each of those there are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto bytes = input.rest();

    if (const auto found = decode_watch_message(bytes))
        for (const auto& one : *found)
            require_change(one);
    if (const auto found = decode_task_list(bytes))
        for (const auto& one : *found)
            fuzz::require_sound(one);
    if (const auto found = decode_service_list(bytes))
        for (const auto& one : *found)
            fuzz::require_sound(one);
    if (const auto found = decode_node_list(bytes))
        for (const auto& one : *found)
            fuzz::require_sound(one);
    if (const auto found = decode_network_list(bytes))
        for (const auto& one : *found)
            require_sound_network(one);

    require_joined(bytes, decode_watch_message);
    require_joined(bytes, decode_task_list);
    require_joined(bytes, decode_service_list);
    require_joined(bytes, decode_node_list);
    require_joined(bytes, decode_network_list);
    return 0;
}
