// Fixed pieces of the agent's work, each in a function of its own: `bench/compare --instructions` counts what they
// take.
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "bench/simulated_swarm.hpp"
#include "sd_writer/json.hpp"

#include <iostream>
#include <string>
#include <utility>

namespace fixed_work {

using namespace agent;

constexpr unsigned services = 100;
constexpr unsigned replicas = 50;
constexpr unsigned changes = 100;

/// A swarm and its targets, as the agent keeps them.
struct kept {
    core::swarm world;
    core::target_set targets{core::role::endpoints, core::role_rules{}};
};

std::string task_list(const simulated_swarm& world)
{
    std::string list;
    for (unsigned service = 0; service < services; ++service)
        for (unsigned slot = 0; slot < replicas; ++slot) {
            list += list.empty() ? '[' : ',';
            world.append_task(list, {service, slot});
        }
    return list + "]";
}

std::string service_list(const simulated_swarm& world)
{
    std::string list;
    for (unsigned service = 0; service < services; ++service) {
        list += list.empty() ? '[' : ',';
        world.append_service(list, service);
    }
    return list + "]";
}

[[gnu::noinline]] core::snapshot decode_lists(const std::string& service_text, const std::string& task_text)
{
    auto decoded = *docker::decode_tasks(task_text);
    return {*docker::decode_services(service_text), {}, std::move(decoded.tasks), std::move(decoded.networks)};
}

[[gnu::noinline]] void take_first_list(kept& all, core::snapshot data)
{
    all.targets.refresh(all.world.replace(std::move(data)), all.world);
}

[[gnu::noinline]] void take_same_list(kept& all, core::snapshot data)
{
    all.targets.refresh(all.world.replace(std::move(data)), all.world);
}

[[gnu::noinline]] void take_changes(kept& all, const simulated_swarm& world)
{
    for (unsigned change = 0; change < changes; ++change) {
        std::string text;
        world.append_task(text, world.any_task(change));
        text.replace(text.find("\"running\""), 9, "\"failed\" ");
        auto decoded = *docker::decode_task(std::move(text));
        all.targets.refresh(all.world.put(std::move(decoded.tasks.front())), all.world);
    }
}

[[gnu::noinline]] std::size_t render(const kept& all)
{
    return sd_writer::to_json(sd_writer::ordered_groups(all.targets.parts())).size();
}

} // namespace fixed_work

int main()
{
    using namespace fixed_work;
    const simulated_swarm world({.services = services, .replicas = replicas, .nodes = 10});
    const auto service_text = service_list(world);
    const auto task_text = task_list(world);
    kept all;
    auto data = decode_lists(service_text, task_text);
    const auto same = data;
    take_first_list(all, std::move(data));
    take_same_list(all, same);
    take_changes(all, world);
    std::cout << render(all) << " bytes\n";
    return all.targets.target_count() == std::size_t{services} * replicas - changes ? 0 : 1;
}
