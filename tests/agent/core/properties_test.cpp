// What holds of the rules and of what is kept between changes, in every role, whatever the swarm and the flags.
#include "agent/core/snapshot_intake.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_builder.hpp"
#include "tests/agent/core/swarm_maker.hpp"
#include "tests/fuzz/utf8.hpp"
#include "tests/support/decisions.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace agent::core {
namespace {

using support::choices;

std::string bytes_of(const snapshot& data, role which, const role_rules& rules)
{
    swarm world;
    world.replace(data);
    target_set targets(which, rules);
    targets.refresh_all(world);
    return sd_writer::to_json(targets.groups());
}

/// A swarm and what each role keeps of it, followed change by change.
class follower {
public:
    /// @param part  so many objects are looked at in one go
    follower(const role_rules& rules, const snapshot& before, std::size_t part) : rules_(rules), part_(part)
    {
        for (const auto which : all_roles)
            kept_.emplace_back(which, target_set(which, rules));
        take(world_.replace(before));
    }

    void take(const model_changes& changes)
    {
        const bool judged = ++taken_ % 8 == 0; // often enough
        for (auto& [which, targets] : kept_) {
            const auto before = judged ? targets.groups() : std::vector<sd_writer::target_group>{};
            targets.begin(changes, world_);
            for (std::size_t left = part_; !targets.work(world_, left); left = part_)
                ;
            const bool changed = targets.differs();
            const auto then = targets.target_count_then();
            RC_ASSERT(!judged || before == targets.groups()); // all at once, or nothing
            targets.apply();
            if (!judged)
                continue;
            RC_ASSERT(changed || before == targets.groups());
            target_set anew(which, rules_);
            anew.refresh_all(world_);
            RC_ASSERT(targets.groups() == anew.groups());
            RC_ASSERT(targets.skipped() == anew.skipped());
            RC_ASSERT(targets.target_count() == then && then == anew.target_count());
        }
    }

    /// Takes lists in parts.
    void take_lists(snapshot data)
    {
        snapshot_intake lists(std::move(data));
        for (std::size_t left = part_; !lists.go_on(world_, left); left = part_)
            ;
        take(lists.take_changes());
    }

    swarm& world() { return world_; }

    [[nodiscard]] std::string bytes(role which) const
    {
        return sd_writer::to_json(kept_.at(static_cast<std::size_t>(which)).second.groups());
    }

private:
    role_rules rules_;
    std::size_t part_;
    swarm world_;
    std::vector<std::pair<role, target_set>> kept_;
    unsigned taken_ = 0;
};

using step = std::function<void(follower&)>;

template <class Values>
bool holds(const Values& values, const std::string& id)
{
    return std::any_of(values.begin(), values.end(), [&id](const auto& value) { return value.id == id; });
}

/// What leads from any earlier state to `data`, object by object.
std::vector<step> steps_to(const snapshot& data)
{
    std::vector<step> steps;
    const auto put_all = [&steps](const auto& values) {
        for (const auto& value : values)
            steps.emplace_back([value](follower& into) { into.take(into.world().put(value)); });
    };
    put_all(data.services);
    put_all(data.nodes);
    put_all(data.tasks);
    for (const auto& value : data.networks)
        steps.emplace_back([value](follower& into) { into.take(into.world().put(std::vector<network>{value})); });
    steps.emplace_back([&data](follower& into) { into.take(into.world().put_containers(data.containers)); });
    for (int number = 0; number < most_objects; ++number) {
        const auto digits = std::to_string(number);
        if (const auto id = "id-s" + digits; !holds(data.services, id))
            steps.emplace_back([id](follower& into) { into.take(into.world().remove_service(id)); });
        if (const auto id = "node-" + digits; !holds(data.nodes, id))
            steps.emplace_back([id](follower& into) { into.take(into.world().remove_node(id)); });
        if (const auto id = "t" + digits; !holds(data.tasks, id))
            steps.emplace_back([id](follower& into) { into.take(into.world().remove_task(id)); });
    }
    return steps;
}

/// All tasks of a service at once, as they are read after a hint.
void read_some_tasks(follower& into, const snapshot& data, choices& decide)
{
    const auto owner = "id-s" + std::to_string(decide.below(5));
    auto tasks = data.tasks;
    std::erase_if(tasks, [&owner](const task& value) { return value.service_id != owner; });
    into.take(into.world().put_tasks_of(owner, tasks));
}

RC_GTEST_PROP(Properties, SameStateSameBytesWhateverTheWayThere, ())
{
    choices decide(*support::decisions(2500));
    const auto rules = make_rules(decide);
    const auto before = make_swarm(decide);
    const auto data = make_swarm(decide);

    follower followed(rules, before, 1 + decide.below(30));
    auto steps = steps_to(data);
    decide.shuffle(steps);
    for (const auto& change : steps) {
        change(followed);
        if (decide.one_in(8))
            read_some_tasks(followed, decide.one_in(2) ? before : data, decide);
        if (decide.one_in(20))
            followed.take_lists(told_otherwise(before, decide));
    }
    decide.shuffle(steps);
    for (const auto& change : steps) // whatever came between
        change(followed);
    for (const auto which : all_roles)
        RC_ASSERT(followed.bytes(which) == bytes_of(data, which, rules));
}

RC_GTEST_PROP(Properties, OrderAndDoublesChangeNothing, ())
{
    choices decide(*support::decisions(2500));
    const auto rules = make_rules(decide);
    const auto data = make_swarm(decide);
    const auto otherwise = told_otherwise(data, decide);
    for (const auto which : all_roles)
        RC_ASSERT(bytes_of(otherwise, which, rules) == bytes_of(data, which, rules));
}

/// Each target by itself: how it is grouped with others is no part of it.
std::set<std::pair<std::string, sd_writer::label_set>> single_targets(const snapshot& data, role which,
                                                                      const role_rules& rules)
{
    swarm world;
    world.replace(data);
    target_set targets(which, rules);
    targets.refresh_all(world);
    std::set<std::pair<std::string, sd_writer::label_set>> found;
    for (const auto& group : targets.groups())
        for (const auto& target : group.targets)
            found.emplace(target, group.labels);
    return found;
}

std::vector<std::string> hostile_texts(choices& decide)
{
    std::vector<std::string> texts;
    for (auto left = decide.below(3); left > 0; --left)
        texts.push_back(make_hostile_text(decide));
    return texts;
}

std::vector<port> hostile_ports(choices& decide)
{
    std::vector<port> ports;
    for (auto left = decide.below(3); left > 0; --left) {
        const auto number = [&decide] {
            return decide.any<std::uint32_t>({80, 0, 65535, 65536, 70000, unreadable_port});
        };
        ports.push_back({number(), number(), transport::tcp, publish_mode::unknown, make_hostile_text(decide)});
    }
    return ports;
}

void add_bad_service(snapshot& data, choices& decide)
{
    service bad;
    bad.id = "bad";
    bad.name = "bad" + make_hostile_text(decide);
    bad.image = make_hostile_text(decide);
    bad.hostname = make_hostile_text(decide);
    bad.labels = make_hostile_labels(decide);
    bad.network_ids = hostile_texts(decide);
    bad.ports = hostile_ports(decide);
    bad.virtual_ips = {{"id-back", make_hostile_text(decide)}, {make_hostile_text(decide), "10.0.1.200/24"}};
    data.services.push_back(bad);
}

void add_bad_task(snapshot& data, choices& decide)
{
    task bad;
    bad.id = "bad";
    bad.service_id = decide.any({"bad", "id-s0"});
    bad.node_id = decide.any({"node-1", "bad"});
    bad.state = task_state::running;
    bad.desired = task_state::running;
    bad.container_labels = make_hostile_labels(decide);
    bad.attachments = {{"id-bad", hostile_texts(decide)}, {"id-back", {make_hostile_text(decide), "10.0.1.201/24"}}};
    bad.host_ports = hostile_ports(decide);
    bad.odd_states.push_front({make_hostile_text(decide), make_hostile_text(decide)});
    data.tasks.push_back(bad);
    data.networks.push_back({"id-bad", make_hostile_text(decide), make_hostile_text(decide), false, false,
                             make_hostile_text(decide), make_hostile_labels(decide)});
}

void add_bad_node(snapshot& data, choices& decide)
{
    auto bad = node_at("bad", make_hostile_text(decide));
    bad.hostname = make_hostile_text(decide);
    bad.labels = make_hostile_labels(decide);
    bad.manager = manager_status{make_hostile_text(decide), true, make_hostile_text(decide)};
    data.nodes.push_back(bad);
}

void add_bad_container(snapshot& data, choices& decide)
{
    container bad;
    bad.id = "bad";
    bad.name = "/bad" + make_hostile_text(decide);
    bad.network_mode = make_hostile_text(decide);
    bad.labels = make_hostile_labels(decide);
    bad.networks = {{make_hostile_text(decide), "id-back", make_hostile_text(decide), make_hostile_text(decide)}};
    bad.ports = {{70000, unreadable_port, make_hostile_text(decide), transport::tcp},
                 {80, 8080, make_hostile_text(decide), transport::tcp}};
    data.containers.push_back(bad);
}

snapshot with_bad_objects(snapshot data, choices& decide)
{
    add_bad_service(data, decide);
    add_bad_task(data, decide);
    add_bad_node(data, decide);
    add_bad_container(data, decide);
    return data;
}

RC_GTEST_PROP(Properties, BadObjectsChangeNoOtherTarget, ())
{
    choices decide(*support::decisions(2500));
    const auto rules = make_rules(decide);
    const auto good = make_swarm(decide);
    const auto all = with_bad_objects(good, decide);
    for (const auto which : all_roles) {
        const auto before = single_targets(good, which, rules);
        const auto after = single_targets(all, which, rules);
        RC_ASSERT(std::includes(after.begin(), after.end(), before.begin(), before.end()));
    }
}

RC_GTEST_PROP(Properties, WhatIsWrittenIsTakenWhateverTheLabels, ())
{
    choices decide(*support::decisions(2500));
    const auto rules = make_rules(decide);
    auto data = with_bad_objects(make_swarm(decide), decide);
    for (auto& value : data.services)
        value.labels = make_hostile_labels(decide);
    for (auto& value : data.tasks)
        value.container_labels = make_hostile_labels(decide);
    for (const auto which : all_roles) {
        const auto bytes = bytes_of(data, which, rules);
        const auto judged = sd_writer::check(bytes);
        RC_LOG() << to_string(which) << ": " << (judged.error ? judged.error->reason : "") << '\n';
        RC_ASSERT(!judged.error);
        RC_ASSERT(fuzz::as_utf8(bytes) == bytes);
    }
}

} // namespace
} // namespace agent::core
