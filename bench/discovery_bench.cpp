// What one change costs the agent, and what a full list costs, at several swarm sizes: step by step, on the swarm that
// `swarm_sim` shows. `sync.py` measures the whole.
#include "agent/core/discovery.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "agent/docker/swarmkit.hpp"
#include "bench/simulated_swarm.hpp"
#include "sd_writer/json.hpp"
#include "sd_writer/writer.hpp"
#include "tests/support/swarmkit_messages.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace agent;

constexpr unsigned tasks_per_service = 100;

simulated_swarm swarm_of(std::int64_t tasks)
{
    return simulated_swarm(
        {.services = static_cast<unsigned>(tasks) / tasks_per_service, .replicas = tasks_per_service, .nodes = 100});
}

std::string task_text(const simulated_swarm& world, simulated_swarm::key which)
{
    std::string text;
    world.append_task(text, which);
    return text;
}

std::string task_list(const simulated_swarm& world)
{
    std::string list;
    for (unsigned service = 0; service < world.services(); ++service)
        for (unsigned slot = 0; slot < world.replicas(service); ++slot) {
            list += list.empty() ? '[' : ',';
            world.append_task(list, {service, slot});
        }
    return list + "]";
}

std::string service_list(const simulated_swarm& world)
{
    std::string list;
    for (unsigned service = 0; service < world.services(); ++service) {
        list += list.empty() ? '[' : ',';
        world.append_service(list, service);
    }
    return list + "]";
}

core::snapshot snapshot_of(const simulated_swarm& world)
{
    auto decoded = *docker::decode_tasks(task_list(world));
    return {*docker::decode_services(service_list(world)), {}, std::move(decoded.tasks), std::move(decoded.networks)};
}

/// A swarm and its targets, as the agent keeps them.
struct kept {
    explicit kept(const core::snapshot& data) { targets.refresh(world.replace(data), world); }

    core::swarm world;
    core::target_set targets{core::role::endpoints, core::role_rules{}};
};

void decode_list(benchmark::State& state)
{
    const auto list = task_list(swarm_of(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(docker::decode_tasks(list));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(list.size()));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void decode_watch(benchmark::State& state)
{
    const auto world = swarm_of(1'000);
    std::vector<support::watch_event> events;
    for (unsigned slot = 0; slot < tasks_per_service; ++slot)
        events.push_back({.object = support::task_message(task_text(world, {0, slot}))});
    const auto message = support::watch_message(events);
    for (auto _ : state)
        benchmark::DoNotOptimize(docker::decode_watch_message(message));
    state.SetItemsProcessed(state.iterations() * tasks_per_service);
}

/// A list of a swarm that nothing is known of yet: into the model, and all targets.
void take_list(benchmark::State& state)
{
    const auto data = snapshot_of(swarm_of(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(kept(data).targets.target_count());
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// A list that says nothing new.
void take_same_list(benchmark::State& state)
{
    const auto data = snapshot_of(swarm_of(state.range(0)));
    kept same(data);
    for (auto _ : state)
        same.targets.refresh(same.world.replace(data), same.world);
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// One task comes and goes: decode it, put it into the model, work out its service's targets.
void take_one_task(benchmark::State& state)
{
    const auto simulated = swarm_of(state.range(0));
    kept all(snapshot_of(simulated));
    const auto running = task_text(simulated, {1, 0});
    auto failed = running;
    failed.replace(failed.find(R"("running")"), 9, R"("failed" )");
    bool runs = true;
    for (auto _ : state) {
        runs = !runs;
        auto decoded = *docker::decode_task(runs ? running : failed);
        all.targets.refresh(all.world.put(std::move(decoded.tasks.front())), all.world);
    }
}

/// The file's bytes, without the disk.
void render(benchmark::State& state)
{
    const kept all(snapshot_of(swarm_of(state.range(0))));
    for (auto _ : state)
        benchmark::DoNotOptimize(sd_writer::to_json(sd_writer::ordered_groups(all.targets.parts())));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// The durable file, after one task came or went: compared, checked, written, renamed.
void write_file(benchmark::State& state)
{
    const auto simulated = swarm_of(state.range(0));
    kept all(snapshot_of(simulated));
    const support::temporary_directory directory;
    sd_writer::writer file(directory.path() / "targets.json", 0644);
    if (file.open())
        return state.SkipWithError("no file");
    auto task = std::move(docker::decode_task(task_text(simulated, {1, 0}))->tasks.front());
    bool runs = true;
    for (auto _ : state) {
        runs = !runs;
        task.state = runs ? core::task_state::running : core::task_state::failed;
        all.targets.refresh(all.world.put(task), all.world);
        if (file.write(all.targets.parts()).outcome != sd_writer::write_outcome::written)
            return state.SkipWithError("not written");
    }
}

BENCHMARK(decode_list)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode_watch)->Unit(benchmark::kMicrosecond);
BENCHMARK(take_list)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(take_same_list)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(take_one_task)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(render)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(write_file)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

} // namespace
