#include "agent/docker/decode.hpp"

#include "tests/fuzz/decode_properties.hpp"

using namespace agent::docker;

namespace {

/// The parts of an answer that hold objects with IDs.
template <class Value>
const std::vector<Value>& objects(const std::vector<Value>& list)
{
    return list;
}

const std::vector<agent::core::task>& objects(const decoded_tasks& from)
{
    return from.tasks;
}

template <class Value>
std::vector<Value> objects(const Value& one)
{
    return {one};
}

/// An object by itself says the same as in a list.
template <class One, class List>
void require_same_in_list(const std::string& json, One decode_one, List decode_list)
{
    const auto one = decode_one(json);
    const auto list = fuzz::is_shallow(json) ? decode_list("[" + json + "]") : decode_list("");
    if (!one) {
        fuzz::require(!list || objects(*list).size() != 1, "an object that is no good is no good in a list");
        return;
    }
    for (const auto& each : objects(*one))
        fuzz::require_sound(each);
    fuzz::require(!fuzz::is_shallow(json) || (list && objects(*list) == objects(*one)), "and one that is good is good");
    fuzz::require_whole(json, [&](std::string text) { return decode_one(std::move(text)).has_value(); });
}

} // namespace

/// The answer to `GET /services/ID`, `/nodes/ID` or `/tasks/ID`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const std::string json(input.rest());
    require_same_in_list(json, decode_service, decode_services);
    require_same_in_list(json, decode_node, decode_nodes);
    require_same_in_list(json, decode_task, decode_tasks);
    if (const auto found = decode_task(json))
        fuzz::require_sound(found->networks);
    return 0;
}
