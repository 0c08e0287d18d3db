#include "agent/core/skipped_tasks.hpp"

#include "agent/core/rule_trace.hpp"

#include <utility>

namespace agent::core {
namespace {

class collector {
public:
    explicit collector(std::size_t most) : most_(most) {}

    [[nodiscard]] bool is_full() const { return found_.more; }
    [[nodiscard]] skipped_tasks take() { return std::move(found_); }

    void add(skipped_task one)
    {
        if (found_.tasks.size() < most_)
            found_.tasks.push_back(std::move(one));
        else
            found_.more = true;
    }

    void add_rejected(const service& owner, const task_trace& seen)
    {
        for (const auto& step : seen.steps)
            if (step.rejects)
                add({owner.name, owner.id, seen.task_id, seen.node_id, step.rule, step.saw});
    }

private:
    std::size_t most_;
    skipped_tasks found_;
};

} // namespace

skipped_tasks list_skipped(const std::vector<std::string>& services, const swarm& world, const endpoint_rules& rules,
                           std::size_t most)
{
    collector found(most);
    for (const auto& id : services) {
        const auto* owner = world.find_service(id);
        if (!owner || found.is_full())
            continue;
        rule_trace trace;
        (void)endpoints_of(*owner, world, rules, &trace);
        for (const auto& seen : trace.tasks)
            found.add_rejected(*owner, seen);
    }
    if (world.orphan_count() > 0)
        for (const auto& id : world.all_service_ids())
            if (!world.find_service(id))
                for (const auto* orphan : world.tasks_of(id))
                    found.add({{},
                               id,
                               std::string(orphan->id),
                               std::string(orphan->node_id),
                               "service",
                               "not in the list of services"});
    return found.take();
}

} // namespace agent::core
