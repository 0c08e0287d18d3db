#include "tests/simulation/objects.hpp"

namespace simulation {
namespace {

// Nothing in here needs escapes.
std::string quoted(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

std::string versioned(const std::string& id, std::uint64_t version)
{
    return R"({"ID":)" + quoted(id) + R"(,"Version":{"Index":)" + std::to_string(version) + "}";
}

std::string as_object(const std::map<std::string, std::string>& fields)
{
    std::string json = "{";
    for (const auto& [key, value] : fields)
        json += (json.size() > 1 ? "," : "") + quoted(key) + ":" + quoted(value);
    return json + "}";
}

std::string mode_of(const service& value)
{
    switch (value.mode) {
    case service_mode::replicated:
        return R"({"Replicated":{"Replicas":)" + std::to_string(value.wanted) + "}}";
    case service_mode::global:
        return R"({"Global":{}})";
    case service_mode::job:
        break;
    }
    return R"({"ReplicatedJob":{"MaxConcurrent":2,"TotalCompletions":)" + std::to_string(value.wanted) + "}}";
}

std::string port_json(unsigned target, unsigned published, std::string_view mode)
{
    return R"({"Protocol":"tcp","TargetPort":)" + std::to_string(target) + R"(,"PublishedPort":)" +
           std::to_string(published) + R"(,"PublishMode":)" + quoted(mode) + "}";
}

constexpr std::string_view spec_of_container = R"({"ContainerSpec":{"Image":"localhost:5000/app:1"})";

} // namespace

std::string to_json(const service& value)
{
    std::string ports;
    if (value.port != 0)
        ports = port_json(value.port, value.port + 20'000, value.is_on_host ? "host" : "ingress");
    std::string update;
    if (!value.update_state.empty())
        update = R"(,"UpdateStatus":{"State":)" + quoted(value.update_state) + "}";
    return versioned(value.id, value.version) + R"(,"Spec":{"Name":)" + quoted(value.name) + R"(,"Labels":)" +
           as_object(value.labels) + R"(,"TaskTemplate":)" + std::string(spec_of_container) +
           (value.is_on_host ? "" : R"(,"Networks":[{"Target":"net1"}])") + R"(},"Mode":)" + mode_of(value) +
           R"(},"Endpoint":{"Spec":{"Mode":"vip"},"Ports":[)" + ports + "]}" + update + "}";
}

std::string to_json(const task& value)
{
    std::string networks;
    if (!value.address.empty())
        networks = R"({"Network":)" + ingress_json() + R"(,"Addresses":["10.255)" + value.address.substr(4) +
                   R"(/16"]},{"Network":)" + overlay_json() + R"(,"Addresses":[)" + quoted(value.address + "/16") +
                   "]}";
    std::string ports;
    if (value.target_port != 0)
        ports = R"("Ports":[)" + port_json(value.target_port, value.published_port, "host") + "]";
    return versioned(value.id, value.version) + R"(,"Slot":)" + std::to_string(value.slot) + R"(,"ServiceID":)" +
           quoted(value.service_id) + R"(,"NodeID":)" + quoted(value.node_id) + R"(,"Spec":)" +
           std::string(spec_of_container) + R"(},"Status":{"State":)" + quoted(to_string(value.state)) +
           R"(,"PortStatus":{)" + ports + R"(}},"DesiredState":)" + quoted(to_string(value.desired)) +
           R"(,"NetworksAttachments":[)" + networks + "]}";
}

std::string to_json(const node& value, bool with_manager)
{
    const bool is_manager = value.id != "node4";
    std::string manager;
    if (is_manager && with_manager)
        manager = R"(,"ManagerStatus":{"Reachability":"reachable","Addr":)" + quoted(value.address + ":2377") +
                  (value.is_leader ? R"(,"Leader":true})" : "}");
    return versioned(value.id, value.version) + R"(,"Spec":{"Role":)" + quoted(is_manager ? "manager" : "worker") +
           R"(,"Availability":)" + quoted(value.availability) + R"(},"Status":{"State":)" + quoted(value.state) +
           R"(,"Addr":)" + quoted(value.address) + "}" + manager + "}";
}

std::string overlay_json()
{
    return R"({"ID":"net1","Spec":{"Name":"my_network","Scope":"swarm"},"DriverState":{"Name":"overlay"}})";
}

std::string ingress_json()
{
    return R"({"ID":"net0","Spec":{"Name":"ingress","Scope":"swarm","Ingress":true},"DriverState":{"Name":"overlay"}})";
}

std::string object_record(std::string_view type, std::string_view action, const std::string& id)
{
    return R"({"Type":)" + quoted(type) + R"(,"Action":)" + quoted(action) + R"(,"Actor":{"ID":)" + quoted(id) +
           R"(,"Attributes":{}},"scope":"swarm","time":1,"timeNano":1000000000})";
}

std::string container_record(std::string_view action, const task& value)
{
    return R"({"Type":"container","Action":)" + quoted(action) + R"(,"Actor":{"ID":)" + quoted("c" + value.id) +
           R"(,"Attributes":)" +
           as_object({{"com.docker.swarm.node.id", value.node_id},
                      {"com.docker.swarm.service.id", value.service_id},
                      {"com.docker.swarm.task.id", value.id}}) +
           R"(},"scope":"local","time":1,"timeNano":1000000000})";
}

} // namespace simulation
