#include "tests/fuzz/changing_swarm.hpp"

#include "tests/agent/core/swarm_builder.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace fuzz {
namespace {

using namespace agent::core;
using support::choices;
using kind = object_change::kind;

/// More would only make changes meet less often.
constexpr std::size_t most_services = 3;
constexpr std::size_t most_nodes = 3;
constexpr std::size_t most_tasks = 6;
constexpr std::size_t most_networks = 4;

hint about(hint::subject subject, std::string id)
{
    return {subject, hint::change::object, std::move(id), {}, {}, {}};
}

} // namespace

changing_swarm::changing_swarm()
{
    truth_.networks = {network{"id-bridge", "bridge", "bridge"}};
    put(truth_.networks, overlay("back"));
    put(truth_.nodes, node_at("node-0", "192.168.0.1"));
    put(truth_.services, service_named("shop"));
    put(truth_.services, service_named("stock"));
}

swarm_lists changing_swarm::lists() const
{
    return {truth_.nodes, truth_.networks, truth_.services, truth_.tasks};
}

hint changing_swarm::change(choices& decide)
{
    switch (decide.below(8)) {
    case 0:
    case 1:
        return change_service(decide);
    case 2:
        return change_node(decide);
    case 3:
        return change_network();
    case 4:
        return change_container(decide);
    default:
        return change_task(decide);
    }
}

template <class Value>
void changing_swarm::record(kind what, Value value)
{
    if constexpr (std::is_same_v<Value, node>)
        value.manager.reset();
    log_.push_back({what, std::move(value)});
}

/// In the place of the one with its ID, if there is one.
template <class Value>
void changing_swarm::put(std::vector<Value>& values, Value made)
{
    made.version = {++version_};
    const auto known = std::find_if(values.begin(), values.end(), [&](const Value& one) { return one.id == made.id; });
    record(known == values.end() ? kind::created : kind::updated, made);
    if (known == values.end())
        values.push_back(std::move(made));
    else
        *known = std::move(made);
}

template <class Value>
void changing_swarm::remove(std::vector<Value>& values, std::size_t at)
{
    ++version_;
    record(kind::removed, values[at]); // with the version that it had before
    values.erase(values.begin() + static_cast<std::ptrdiff_t>(at));
}

hint changing_swarm::change_service(choices& decide)
{
    auto& all = truth_.services;
    const auto at = decide.below(all.size() + 1);
    const bool is_new = at == all.size();
    if (is_new && all.size() == most_services)
        return change_task(decide);
    if (!is_new && decide.one_in(5)) {
        const auto id = all[at].id;
        remove(all, at);
        return about(hint::subject::service, id);
    }
    auto made = is_new ? service_named(decide.any({"shop", "stock", "desk"})) : all[at];
    if (is_new)
        made.id = new_id("s");
    made.ports = {tcp(8000 + static_cast<std::uint32_t>(decide.below(3)), 80)};
    made.network_ids = {"id-back"};
    made.virtual_ips = {{truth_.networks[decide.below(truth_.networks.size())].id, "10.0.1.2/24"}};
    made.update_state = decide.any({"", "updating", "completed"});
    made.wanted = decide.below(4);
    const auto id = made.id;
    put(all, std::move(made));
    return about(hint::subject::service, id);
}

hint changing_swarm::change_node(choices& decide)
{
    auto& all = truth_.nodes;
    const auto at = decide.below(std::min(all.size() + 1, most_nodes));
    if (at < all.size() && all.size() > 1 && decide.one_in(4)) {
        const auto id = all[at].id;
        remove(all, at);
        return about(hint::subject::node, id);
    }
    auto made = at < all.size() ? all[at] : node_at(new_id("node-"), {});
    made.address = "192.168.0." + std::to_string(1 + decide.below(3));
    made.manager.reset();
    if (decide.one_in(3))
        made.manager = manager_status{"192.168.0.1:2377", decide.one_in(2), "reachable"};
    const auto id = made.id;
    put(all, std::move(made));
    return about(hint::subject::node, id);
}

hint changing_swarm::change_task(choices& decide)
{
    auto& all = truth_.tasks;
    const auto at = decide.below(std::min(all.size() + 1, most_tasks));
    if (at < all.size() && decide.one_in(4)) {
        const auto gone = all[at];
        remove(all, at);
        return {hint::subject::container,      hint::change::died,       {}, std::string(gone.id),
                std::string(gone.service_id), std::string(gone.node_id)};
    }
    task made;
    if (at < all.size()) {
        made = all[at];
    } else {
        service owner;
        owner.id = truth_.services.empty() ? "gone" : truth_.services[decide.below(truth_.services.size())].id;
        made = task_of(owner, new_id("t"));
        made.node_id = truth_.nodes[decide.below(truth_.nodes.size())].id;
    }
    made.attachments = {on("back", {"10.0.1." + std::to_string(1 + decide.below(200)) + "/24"})};
    made.state = decide.any({task_state::running, task_state::starting, task_state::failed});
    made.desired = decide.any({task_state::running, task_state::running, task_state::shutdown});
    const auto what = decide.any({hint::change::started, hint::change::died});
    const hint told{hint::subject::container,     what,                    {}, std::string(made.id),
                    std::string(made.service_id), std::string(made.node_id)};
    put(all, std::move(made));
    return told;
}

hint changing_swarm::change_network()
{
    if (truth_.networks.size() < most_networks)
        put(truth_.networks, overlay(new_id("net-")));
    return about(hint::subject::network, {});
}

hint changing_swarm::change_container(choices& decide)
{
    auto& all = truth_.containers;
    const auto id = "c" + std::to_string(decide.below(3));
    std::erase_if(all, [&id](const container& one) { return one.id == id; });
    if (!decide.one_in(4)) {
        container made;
        made.id = id;
        made.name = "/" + id;
        made.network_mode = "default";
        made.networks = {{"bridge", "id-bridge", "172.17.0." + std::to_string(2 + decide.below(3)), ""}};
        all.push_back(std::move(made));
    }
    return {hint::subject::container, decide.any({hint::change::started, hint::change::died}), {}, {}, {}, {}};
}

} // namespace fuzz
