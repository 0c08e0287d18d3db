#include "tests/support/engine_objects.hpp"

#include "sd_writer/json.hpp"

namespace support {
namespace {

std::string quoted(const std::string& text)
{
    std::string json;
    sd_writer::append_json_string(json, text);
    return json;
}

std::string as_object(const std::map<std::string, std::string>& fields)
{
    std::string json = "{";
    for (const auto& [key, value] : fields)
        json += (json.size() > 1 ? "," : "") + quoted(key) + ":" + quoted(value);
    return json + "}";
}

} // namespace

std::string to_json(const made_up_service& service)
{
    const auto number = std::to_string(service.port);
    const auto ports = service.port == 0 ? "[]"
                                         : R"([{"Protocol":"tcp","TargetPort":)" + number + R"(,"PublishedPort":)" +
                                               number + R"(,"PublishMode":"ingress"}])";
    return R"({"ID":)" + quoted(service.id) + R"(,"Version":{"Index":10},"Spec":{"Name":)" + quoted(service.name) +
           R"(,"Labels":)" + as_object(service.labels) +
           R"(,"TaskTemplate":{"ContainerSpec":{"Image":"localhost:5000/x:1"},"Networks":[{"Target":"net1"}]})" +
           R"(,"Mode":{"Replicated":{"Replicas":)" + std::to_string(service.replicas) +
           R"(}}},"Endpoint":{"Spec":{"Mode":"vip"},"Ports":)" + ports + "}}";
}

std::string to_json(const made_up_task& task)
{
    return R"({"ID":)" + quoted(task.id) + R"(,"ServiceID":)" + quoted(task.service_id) + R"(,"NodeID":)" +
           quoted(task.node_id) + R"(,"Spec":{"ContainerSpec":{"Image":"localhost:5000/x:1"}},"Status":{"State":)" +
           quoted(task.state) + R"(,"PortStatus":{}},"DesiredState":)" + quoted(task.desired) +
           R"(,"NetworksAttachments":[{"Network":{"ID":"net1","Spec":{"Name":"my_network","Scope":"swarm"},)" +
           R"("DriverState":{"Name":"overlay"}},"Addresses":[)" + quoted(task.address + "/24") + "]}]}";
}

std::string node_json(const std::string& id, const std::string& address)
{
    return R"({"ID":)" + quoted(id) +
           R"(,"Spec":{"Role":"manager","Availability":"active"},"Status":{"State":"ready","Addr":)" + quoted(address) +
           "}}";
}

std::string object_event(const std::string& type, const std::string& action, const std::string& id)
{
    return R"({"Type":)" + quoted(type) + R"(,"Action":)" + quoted(action) + R"(,"Actor":{"ID":)" + quoted(id) +
           R"(,"Attributes":{}},"scope":"swarm","time":1,"timeNano":1000000000})";
}

std::string container_event(const std::string& action, const made_up_task& task)
{
    return R"({"Type":"container","Action":)" + quoted(action) + R"(,"Actor":{"ID":"c0ffee","Attributes":)" +
           as_object({{"com.docker.swarm.node.id", task.node_id},
                      {"com.docker.swarm.service.id", task.service_id},
                      {"com.docker.swarm.task.id", task.id}}) +
           R"(},"scope":"local","time":1,"timeNano":1000000000})";
}

} // namespace support
