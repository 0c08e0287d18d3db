// What one change costs the agent, and what a full list costs, at several swarm sizes.
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "sd_writer/json.hpp"
#include "tests/support/engine_objects.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

namespace {

using namespace agent;

constexpr std::int64_t tasks_per_service = 20;

support::made_up_task task_of(std::int64_t number)
{
    return {.id = "task" + std::to_string(number),
            .service_id = "service" + std::to_string(number / tasks_per_service),
            .address = "10." + std::to_string(number / 65536) + "." + std::to_string(number / 256 % 256) + "." +
                       std::to_string(number % 256)};
}

std::string task_list(std::int64_t count)
{
    std::string list = "[";
    for (std::int64_t number = 0; number < count; ++number)
        list += (number > 0 ? "," : "") + to_json(task_of(number));
    return list + "]";
}

std::string service_list(std::int64_t tasks)
{
    std::string list = "[";
    for (std::int64_t number = 0; number * tasks_per_service < tasks; ++number)
        list += (number > 0 ? "," : "") + to_json(support::made_up_service{"service" + std::to_string(number),
                                                                           "name" + std::to_string(number), 20, 80});
    return list + "]";
}

core::snapshot snapshot_of(std::int64_t tasks)
{
    auto decoded = *docker::decode_tasks(task_list(tasks));
    return {*docker::decode_services(service_list(tasks)), {}, std::move(decoded.tasks), std::move(decoded.networks)};
}

void decode_list(benchmark::State& state)
{
    const auto list = task_list(state.range(0));
    for (auto _ : state)
        benchmark::DoNotOptimize(docker::decode_tasks(list));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(list.size()));
}

void take_list(benchmark::State& state)
{
    const auto data = snapshot_of(state.range(0));
    for (auto _ : state) {
        core::swarm world;
        core::target_set targets(core::role::endpoints, core::role_rules{});
        targets.refresh(world.replace(data), world);
        benchmark::DoNotOptimize(sd_writer::to_json(targets.groups()));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// One task comes and goes: decode it, put it into the model, work out its service's targets.
void take_one_task(benchmark::State& state)
{
    core::swarm world;
    core::target_set targets(core::role::endpoints, core::role_rules{});
    targets.refresh(world.replace(snapshot_of(state.range(0))), world);
    auto task = task_of(0);
    bool running = true;
    for (auto _ : state) {
        running = !running;
        task.state = running ? "running" : "failed";
        auto decoded = *docker::decode_task(to_json(task));
        targets.refresh(world.put(std::move(decoded.tasks.front())), world);
    }
}

BENCHMARK(decode_list)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(take_list)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(take_one_task)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

} // namespace
