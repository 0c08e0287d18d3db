#include "tests/agent/core/swarm_maker.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agent::core {
namespace {

using support::choices;

label_map sorted(const std::map<std::string, std::string>& labels)
{
    return {labels.begin(), labels.end()};
}

/// A label that means something, with a value that often does.
std::pair<std::string, std::string> owner_label(choices& decide)
{
    const auto spelling = decide.any({"prometheus.", "prometheus.io/"});
    const auto endpoint = decide.one_in(4) ? "endpoints." + decide.any({"a", "b", "A b"}) + "." : std::string{};
    switch (decide.below(8)) {
    case 0:
        return {spelling + "label.tier", decide.any({"front", "back", ""})};
    case 1:
        return {spelling + endpoint + "port", decide.any({"9100", "9100, 9101", "70000", "x,80", ""})};
    case 2:
        return {spelling + endpoint + "network", decide.any({"front", "back", "side,front", "nowhere", ","})};
    case 3:
        return {spelling + decide.any({"scrape", "enable"}), decide.any({"yes", "no", "true", "perhaps"})};
    case 4:
        return {spelling + endpoint + "path", decide.any({"/metrics", "/b", "metrics"})};
    case 5:
        return {spelling + endpoint + "interval", decide.any({"15s", "1s", "2h", "never"})};
    case 6:
        return {spelling + endpoint + "timeout", decide.any({"5s", "20s", "0"})};
    default:
        return {spelling + endpoint + "param.q", decide.any({"1", "2"})};
    }
}

label_map owner_labels(choices& decide)
{
    std::map<std::string, std::string> labels;
    for (auto left = decide.below(4); left > 0; --left)
        labels.insert(owner_label(decide));
    if (decide.one_in(3))
        labels.emplace(decide.any({"a.b", "a-b", "plain"}), decide.any({"1", "2"}));
    return sorted(labels);
}

port make_port(choices& decide)
{
    return {8000 + static_cast<std::uint32_t>(decide.below(3)),
            decide.any<std::uint32_t>({80, 81, 0, 80, 70000, 81, unreadable_port}),
            decide.any({transport::tcp, transport::tcp, transport::tcp, transport::udp, transport::other}),
            decide.any({publish_mode::ingress, publish_mode::host})};
}

std::vector<port> make_ports(choices& decide)
{
    std::vector<port> ports;
    for (auto left = decide.any<std::size_t>({1, 2, 0, 3}); left > 0; --left)
        ports.push_back(make_port(decide));
    return ports;
}

std::string make_address(choices& decide)
{
    const auto last = std::to_string(1 + decide.below(4));
    return decide.any({"10.0.1.", "10.0.2.", "10.0.1.", "10.0.2.", "fd00::", "169.254.1.", "bad"}) + last + "/24";
}

/// `front` is there twice, as one network of the swarm and one of a node may have the same name.
constexpr std::array<const char*, 5> network_ids{"back", "front", "front-2", "side", "host"};

std::vector<network> make_networks(choices& decide)
{
    std::vector<network> made;
    for (const std::string id : network_ids) {
        auto one = overlay(id);
        one.scope = "swarm";
        if (id == "front-2")
            one.name = "front";
        one.ingress = decide.one_in(6);
        one.driver = id == "host" ? "host" : decide.one_in(6) ? "macvlan" : "overlay";
        one.labels = owner_labels(decide);
        made.push_back(one);
    }
    return made;
}

std::vector<std::string> some_network_ids(choices& decide)
{
    std::vector<std::string> ids;
    for (const std::string id : network_ids)
        if (decide.one_in(2))
            ids.push_back("id-" + id);
    return ids;
}

node make_node(int number, choices& decide)
{
    auto made = node_at("node-" + std::to_string(number), "192.168.0." + std::to_string(decide.below(3)));
    made.labels = owner_labels(decide);
    if (decide.one_in(3))
        made.manager = manager_status{"192.168.0.1:2377", decide.one_in(2), "reachable"};
    return made;
}

service make_service(int number, choices& decide)
{
    auto made = service_named("s" + std::to_string(number));
    made.ports = make_ports(decide);
    made.labels = owner_labels(decide);
    made.network_ids = some_network_ids(decide);
    made.update_state = decide.any({"", "updating", "completed"});
    for (const auto& id : some_network_ids(decide))
        made.virtual_ips.push_back({id, make_address(decide)});
    return made;
}

task make_task(int number, choices& decide)
{
    auto made = task_of(service_named("s" + std::to_string(number % 5)), "t" + std::to_string(number));
    made.node_id = "node-" + std::to_string(1 + decide.below(3));
    made.state = decide.any({task_state::running, task_state::running, task_state::running, task_state::failed});
    made.desired = decide.any({task_state::running, task_state::running, task_state::complete, task_state::shutdown});
    made.slot = static_cast<std::int64_t>(decide.below(3));
    for (const auto& id : some_network_ids(decide)) {
        made.attachments.push_back({id, {make_address(decide)}});
        if (decide.one_in(3))
            made.attachments.back().addresses.push_back(make_address(decide));
    }
    if (decide.one_in(3))
        made.host_ports = make_ports(decide);
    made.container_labels = owner_labels(decide);
    return made;
}

container make_container(int number, choices& decide)
{
    container made;
    made.id = "c" + std::to_string(number);
    made.name = "/" + made.id;
    made.network_mode = decide.any({"default", "host", "container:c0", "container:c1"});
    made.labels = owner_labels(decide);
    for (auto left = decide.below(3); left > 0; --left)
        made.networks.push_back({std::string(1, static_cast<char>('z' - left)), decide.any({"id-back", "id-side"}),
                                 decide.any({"172.17.0.2", "172.17.0.3", ""}), decide.any({"", "fd00::9"})});
    for (auto left = decide.below(3); left > 0; --left)
        made.ports.push_back({static_cast<std::uint32_t>(80 + left), static_cast<std::uint32_t>(decide.below(3)),
                              "0.0.0.0", decide.any({transport::tcp, transport::udp})});
    return made;
}

/// Some of `most` objects, each by its number.
template <class Value>
std::vector<Value> some(int most, Value (*make)(int, choices&), choices& decide)
{
    std::vector<Value> made;
    for (int number = 0; number < most; ++number)
        if (!decide.one_in(4))
            made.push_back(make(number, decide));
    return made;
}

template <class Values>
void retell(Values& values, choices& decide)
{
    if (!values.empty() && decide.one_in(3))
        values.push_back(values[decide.below(values.size())]);
    decide.shuffle(values);
}

} // namespace

snapshot make_swarm(choices& decide)
{
    snapshot data;
    data.networks = make_networks(decide);
    data.nodes = some<node>(4, make_node, decide);
    data.services = some<service>(5, make_service, decide);
    data.tasks = some<task>(most_objects, make_task, decide);
    data.containers = some<container>(4, make_container, decide);
    return data;
}

role_rules make_rules(choices& decide)
{
    role_rules rules;
    rules.endpoints.meta = decide.any({meta_labels::service, meta_labels::none, meta_labels::task});
    rules.endpoints.select = decide.one_in(6) ? selection::labelled : selection::all;
    rules.endpoints.ports = decide.any({port_source::target, port_source::published});
    if (decide.one_in(3))
        rules.endpoints.default_port = 9100;
    if (decide.one_in(3))
        rules.endpoints.networks = {decide.any({"front", "side", "nowhere"}), "back"};
    if (decide.one_in(2))
        rules.endpoints.prometheus_service = decide.any({"s0", "s1", "s0", "s1", "nobody"});
    if (decide.one_in(6))
        rules.endpoints.ignore_services = {decide.any({"s2", "s[34]", "?1"})};
    rules.match_first_network = decide.one_in(3);
    return rules;
}

std::string make_hostile_text(choices& decide)
{
    switch (decide.below(4)) {
    case 0:
        return decide.any({"x",      "",       "a-b",     "__x",       "1a",        "größe",       "\"",    "\\",
                           "\n",     "\r\n]",  "\"},{\"", "/",         "a/b",       "10.0.0.1/24", "70000", "\u2028",
                           "\u007f", "\ufeff", "\uffff",  "[fd00::1]", "127.0.0.1", "yes",         "5s"});
    case 1:
        return std::string("a\0b", 3);
    case 2: {
        std::string bytes;
        for (auto left = decide.below(12); left > 0; --left)
            bytes += static_cast<char>(decide.below(256));
        return bytes;
    }
    default:
        return std::string(decide.one_in(40) ? decide.any<std::size_t>({5'000, 70'000}) : decide.below(300),
                           static_cast<char>(decide.below(256)));
    }
}

label_map make_hostile_labels(choices& decide)
{
    std::map<std::string, std::string> labels;
    for (auto left = decide.below(4); left > 0; --left) {
        const auto prefix =
            decide.any({"", "prometheus.", "prometheus.label.", "prometheus.param.", "prometheus.endpoints.",
                        "prometheus.endpoints.a.label.", "prometheus.io/", "prometheus.endpoints.a."});
        labels.insert_or_assign(prefix + make_hostile_text(decide), make_hostile_text(decide));
        labels.insert_or_assign(owner_label(decide).first, make_hostile_text(decide));
    }
    return sorted(labels);
}

snapshot told_otherwise(snapshot data, choices& decide)
{
    retell(data.services, decide);
    retell(data.nodes, decide);
    retell(data.tasks, decide);
    retell(data.networks, decide);
    retell(data.containers, decide);
    for (auto& value : data.services) {
        retell(value.ports, decide);
        retell(value.virtual_ips, decide);
        retell(value.network_ids, decide);
    }
    for (auto& value : data.tasks) {
        decide.shuffle(value.attachments);
        retell(value.host_ports, decide);
    }
    return data;
}

} // namespace agent::core
