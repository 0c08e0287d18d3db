#pragma once

#include "agent/core/model.hpp"

#include <string>
#include <utility>
#include <vector>

/// Short ways to write down a swarm. Everything is what a test usually wants; it changes the field it is about.
namespace agent::core {

inline network overlay(const std::string& name)
{
    return {"id-" + name, name, "overlay", false};
}

inline network ingress()
{
    return {"id-ingress", "ingress", "overlay", true};
}

inline network host_network()
{
    return {"id-host", "host", "host", false};
}

/// A place on the network that `overlay(name)` is.
inline attachment on(const std::string& name, std::vector<std::string> addresses)
{
    return {"id-" + name, std::move(addresses)};
}

inline node node_at(std::string id, std::string address)
{
    return {std::move(id), std::move(address), "ready", "active"};
}

/// One replica, without labels, networks and ports.
inline service service_named(const std::string& name)
{
    service made;
    made.id = "id-" + name;
    made.name = name;
    made.mode = service_mode::replicated;
    made.wanted = 1;
    made.image = "image:1";
    return made;
}

/// At work on node `node-1`, on no network.
inline task task_of(const service& owner, std::string id)
{
    task made;
    made.id = std::move(id);
    made.service_id = owner.id;
    made.node_id = "node-1";
    made.state = task_state::running;
    made.desired = task_state::running;
    return made;
}

inline task task_of(const service& owner, std::string id, std::vector<attachment> attachments)
{
    auto made = task_of(owner, std::move(id));
    made.attachments = std::move(attachments);
    return made;
}

inline port tcp(std::uint32_t target, std::uint32_t published = 0)
{
    return {target, published, transport::tcp};
}

inline port udp(std::uint32_t target, std::uint32_t published = 0)
{
    return {target, published, transport::udp};
}

} // namespace agent::core
