#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Objects as a manager's control socket sends them, made from the Engine API's JSON for the same objects: protobuf
/// messages of moby/swarmkit's `api/*.proto`, with the fields that the agent reads.
namespace support {

/// Grows with every change of an object; the version that the JSON has where it is not given.
using version = std::uint64_t;

/// @throws std::runtime_error for what is no object
[[nodiscard]] std::string task_message(const std::string& json, version changed = 0);
[[nodiscard]] std::string service_message(const std::string& json, version changed = 0);
[[nodiscard]] std::string node_message(const std::string& json, version changed = 0);
/// @param json  as a task carries it
[[nodiscard]] std::string network_message(const std::string& json, version changed = 0);

/// The networks that tasks are attached to, by ID, each once.
[[nodiscard]] std::map<std::string, std::string> network_messages(const std::vector<std::string>& tasks);

/// The answer of a `List…` call.
[[nodiscard]] std::string list_message(const std::vector<std::string>& objects);

/// One change of a `Watch` message.
struct watch_event {
    enum class change { created = 1, updated = 2, removed = 4 };
    enum class kind { node = 1, service = 2, network = 3, task = 4 };

    change what = change::updated;
    kind of = kind::task;
    std::string object;
};
[[nodiscard]] std::string watch_message(const std::vector<watch_event>& events);

/// The elements of a JSON list.
[[nodiscard]] std::vector<std::string> elements_of(const std::string& json);

} // namespace support
