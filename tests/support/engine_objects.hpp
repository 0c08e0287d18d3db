#pragma once

#include <map>
#include <string>

/// Objects as an engine sends them, made up: with the fields that the agent reads.
namespace support {

struct made_up_service {
    std::string id;
    std::string name;
    unsigned replicas = 1;
    unsigned port = 0; ///< target and published; 0: none
    std::map<std::string, std::string> labels{};
};

struct made_up_task {
    std::string id;
    std::string service_id;
    std::string node_id = "node1";
    std::string address = "10.0.1.2"; ///< on the overlay network `my_network`
    std::string state = "running";
    std::string desired = "running";
};

[[nodiscard]] std::string to_json(const made_up_service& service);
[[nodiscard]] std::string to_json(const made_up_task& task);
[[nodiscard]] std::string node_json(const std::string& id, const std::string& address);

/// A record of `/events` for a service or node.
/// @param type  `service` or `node`
[[nodiscard]] std::string object_event(const std::string& type, const std::string& action, const std::string& id);

/// A record of `/events` for a task's container on this engine.
[[nodiscard]] std::string container_event(const std::string& action, const made_up_task& task);

} // namespace support
