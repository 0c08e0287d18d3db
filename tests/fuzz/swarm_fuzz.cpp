#include "agent/core/swarm.hpp"

#include "agent/core/target_set.hpp"
#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_maker.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <array>
#include <map>
#include <string>

using namespace agent::core;

namespace {

using support::choices;

/// A swarm and its targets in every role, kept change by change.
class kept_swarm {
public:
    explicit kept_swarm(const role_rules& rules) : rules_(rules)
    {
        for (const auto which : all_roles)
            kept_.emplace(which, target_set(which, rules));
    }

    void take(const model_changes& changes)
    {
        for (auto& [which, targets] : kept_) {
            const auto before = targets.groups();
            const bool changed = targets.refresh(changes, world_);
            fuzz::require(changed || before == targets.groups(), "a change of targets is told");
        }
    }

    swarm& world() { return world_; }

    /// Worked out from nothing, it is all the same.
    void require_same_anew() const
    {
        for (const auto& [which, targets] : kept_) {
            target_set anew(which, rules_);
            anew.refresh_all(world_);
            fuzz::require(targets.groups() == anew.groups(), "change by change the targets are the same");
            fuzz::require(targets.skipped() == anew.skipped(), "and so is what is left out");
            fuzz::require(targets.target_count() == sd_writer::count_targets(targets.groups()), "counts are right");
        }
    }

    /// Of another swarm that was listed at once.
    void require_same_as(const snapshot& data) const
    {
        swarm listed;
        listed.replace(data);
        for (const auto& [which, targets] : kept_) {
            target_set anew(which, rules_);
            anew.refresh_all(listed);
            fuzz::require(targets.groups() == anew.groups(), "whatever the way there, the targets are the same");
        }
    }

    void require_accepted() const
    {
        for (const auto& [which, targets] : kept_)
            fuzz::require(!sd_writer::check(sd_writer::to_json(targets.groups())).error, "Prometheus takes them");
    }

private:
    role_rules rules_;
    swarm world_;
    std::map<role, target_set> kept_;
};

template <class Values>
const auto& any_of(const Values& values, choices& decide)
{
    return values[decide.below(values.size())];
}

/// One answer about one object: that it is as in `data`, or gone.
void change(kept_swarm& into, const snapshot& data, choices& decide)
{
    auto& world = into.world();
    const auto number = std::to_string(decide.below(most_objects));
    switch (decide.below(10)) {
    case 0:
        return data.services.empty() ? void() : into.take(world.put(any_of(data.services, decide)));
    case 1:
        return data.nodes.empty() ? void() : into.take(world.put(any_of(data.nodes, decide)));
    case 2:
        return data.tasks.empty() ? void() : into.take(world.put(any_of(data.tasks, decide)));
    case 3:
        return into.take(world.put(std::vector{any_of(data.networks, decide)}));
    case 4:
        return into.take(world.put_containers(data.containers));
    case 5:
        return into.take(world.remove_service("id-s" + number));
    case 6:
        return into.take(world.remove_node("node-" + number));
    case 7:
        return into.take(world.remove_task("t" + number));
    case 8:
        return into.take(world.remove_network(any_of(data.networks, decide).id));
    default: {
        const auto owner = "id-s" + number;
        auto tasks = data.tasks;
        std::erase_if(tasks, [&owner](const task& one) { return one.service_id != owner; });
        return into.take(world.put_tasks_of(owner, std::move(tasks)));
    }
    }
}

} // namespace

/// Decisions, one a byte: rules, two swarms, a way from one to the other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t most_decisions = 3000;
    choices decide({data, data + std::min(size, most_decisions)});
    const auto rules = make_rules(decide);
    std::array<snapshot, 2> swarms{make_swarm(decide), make_swarm(decide)};
    for (auto& one : swarms)
        for (auto& subject : one.services)
            if (decide.one_in(4))
                subject.labels = make_hostile_labels(decide);

    kept_swarm kept(rules);
    kept.take(kept.world().replace(swarms.front()));
    kept.require_same_anew();
    kept.require_accepted();
    for (int left = 40; left > 0 && decide.are_left(); --left)
        change(kept, any_of(swarms, decide), decide);
    kept.require_same_anew();
    kept.take(kept.world().replace(told_otherwise(swarms.back(), decide)));
    kept.require_same_as(swarms.back());
    return 0;
}
