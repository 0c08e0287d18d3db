// What holds of the state machine whatever it is told, in whatever order, and whatever fails.
#include "agent/core/discovery.hpp"
#include "agent/core/target_set.hpp"
#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_builder.hpp"
#include "tests/support/choices.hpp"
#include "tests/support/decisions.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace agent::core {
namespace {

using namespace std::chrono_literals;
using support::choices;

/// An engine whose swarm changes all the time, whose answers come late or not at all, and whose stream tells some of
/// it, twice, late, or breaks. Some roles have an output; pages of the others are asked for at any time. Checks on the
/// way that the machine never asks for two things at once.
class unruly_engine {
public:
    explicit unruly_engine(choices decide)
        : decide_(std::move(decide)), followed_(draw_roles()), machine_(settings(followed_))
    {
        truth_.networks = {overlay("back"), overlay("front"), network{"id-bridge", "bridge", "bridge"}};
        truth_.nodes = {node_at("node-1", "192.168.0.1"), node_at("node-2", "192.168.0.2")};
        for (int i = 0; i < 4; ++i)
            truth_.services.push_back(service_named("s" + std::to_string(i)));
        carry_out(machine_.start(now_));
    }

    /// As long as there is anything to decide.
    void run()
    {
        while (decide_.are_left())
            step();
    }

    /// Everything works again and nothing changes any more.
    void calm_down()
    {
        calm_ = true;
        for (const auto end = now_ + 2min; now_ < end;) {
            if (asked_)
                answer();
            else
                to_deadline();
        }
    }

    /// Those that have an output, and those whose page was asked for.
    [[nodiscard]] const std::set<role>& followed() const { return followed_; }

    [[nodiscard]] std::string believed(role which) const
    {
        const auto targets = machine_.believed(which);
        return targets ? sd_writer::to_json(*targets) : machine_.unknown_because(which);
    }

    /// What someone who sees everything would write.
    [[nodiscard]] std::string truth(role which) const
    {
        swarm world;
        world.replace(truth_);
        target_set targets(which, settings({}).rules);
        targets.refresh_all(world);
        return sd_writer::to_json(targets.groups());
    }

private:
    std::set<role> draw_roles()
    {
        std::set<role> drawn{all_roles.at(decide_.below(role_count))};
        for (const auto which : all_roles)
            if (decide_.one_in(2))
                drawn.insert(which);
        return drawn;
    }

    static discovery_settings settings(const std::set<role>& outputs)
    {
        discovery_settings made;
        made.roles.assign(outputs.begin(), outputs.end());
        made.rules.endpoints.meta = meta_labels::task;
        made.rules.endpoints.prometheus_service = "s0";
        return made;
    }

    std::size_t below(std::size_t limit) { return decide_.below(limit); }
    bool one_in(std::size_t count) { return !calm_ && decide_.one_in(count); }

    void step()
    {
        switch (below(6)) {
        case 0:
            return change();
        case 1:
            now_ += std::chrono::milliseconds(below(300));
            return;
        case 2:
            return to_deadline();
        case 3:
            return tell();
        case 4:
            if (one_in(10))
                return disturb();
            if (one_in(10))
                return ask_for_a_page();
            return;
        default:
            if (asked_)
                answer();
        }
    }

    /// Something becomes something else. The stream may hear of it.
    void change()
    {
        switch (below(6)) {
        case 0:
            return heard(change_service());
        case 1:
            return heard(change_node());
        case 2:
            return change_container();
        default:
            return heard(change_task());
        }
    }

    void heard(const hint& what)
    {
        if (!one_in(3))
            untold_.push_back(what);
    }

    /// Puts an object in the place of one with its ID, or takes that away.
    template <class Value>
    void change_in(std::vector<Value>& values, Value made)
    {
        std::erase_if(values, [&made](const Value& value) { return value.id == made.id; });
        if (!one_in(5))
            values.push_back(std::move(made));
    }

    hint change_service()
    {
        auto made = service_named("s" + std::to_string(below(4)));
        made.ports = {tcp(8000 + static_cast<std::uint32_t>(below(3)), 80)};
        made.network_ids = {decide_.any({"id-back", "id-front"})};
        made.virtual_ips = {{"id-back", "10.0.1.2/24"}};
        made.update_state = decide_.any({"", "updating", "completed"});
        made.wanted = below(4);
        change_in(truth_.services, made);
        return {hint::subject::service, hint::change::object, made.id, {}, {}, {}};
    }

    hint change_node()
    {
        auto made = node_at("node-" + std::to_string(1 + below(2)), "192.168.0." + std::to_string(1 + below(3)));
        if (one_in(3))
            made.manager = manager_status{"192.168.0.1:2377", one_in(2), "reachable"};
        change_in(truth_.nodes, made);
        return {hint::subject::node, hint::change::object, made.id, {}, {}, {}};
    }

    hint change_task()
    {
        const auto owner = service_named("s" + std::to_string(below(4)));
        const auto id = owner.name + "-" + std::to_string(below(3));
        const auto network = decide_.any({"back", "front"});
        auto made = task_of(owner, id, {on(network, {"10.0.1." + std::to_string(1 + below(200)) + "/24"})});
        made.node_id = "node-" + std::to_string(1 + below(2));
        made.state = one_in(3) ? task_state::starting : task_state::running;
        made.desired = one_in(4) ? task_state::shutdown : task_state::running;
        change_in(truth_.tasks, made);
        const auto what = one_in(2) ? hint::change::started : hint::change::died;
        return {hint::subject::container, what, {}, id, owner.id, std::string(made.node_id)};
    }

    void change_container()
    {
        container made{.id = "c" + std::to_string(below(3)),
                       .name = "/c",
                       .network_mode = "default",
                       .labels = {},
                       .networks = {{"bridge", "id-bridge", "172.17.0." + std::to_string(2 + below(3)), ""}},
                       .ports = {}};
        change_in(truth_.containers, made);
        heard({one_in(2) ? hint::subject::network : hint::subject::container, hint::change::started, {}, {}, {}, {}});
    }

    void ask_for_a_page()
    {
        const auto which = all_roles.at(below(role_count));
        followed_.insert(which);
        carry_out(machine_.handle(role_wanted{which}, now_));
    }

    void tell()
    {
        if (!stream_up_ || untold_.empty())
            return;
        const auto at = below(untold_.size());
        carry_out(machine_.handle(untold_[at], now_));
        if (!one_in(4))
            untold_.erase(untold_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    void disturb()
    {
        if (one_in(2))
            return carry_out(machine_.handle(hints_lost{}, now_));
        if (!stream_up_)
            return;
        stream_up_ = false;
        untold_.clear();
        carry_out(machine_.handle(stream_lost{}, now_));
    }

    void to_deadline()
    {
        if (opening_) {
            opening_ = false;
            stream_up_ = !one_in(3);
            return carry_out(stream_up_ ? machine_.handle(stream_opened{}, now_)
                                        : machine_.handle(stream_lost{}, now_));
        }
        const auto deadline = machine_.deadline();
        if (!deadline)
            return;
        now_ = std::max(now_, *deadline);
        carry_out(machine_.handle(tick{}, now_));
    }

    void carry_out(const std::vector<action>& wanted)
    {
        for (const auto& what : wanted) {
            if (std::holds_alternative<open_stream>(what))
                opening_ = true;
            if (std::holds_alternative<close_stream>(what))
                stream_up_ = false;
            if (const auto* read = std::get_if<start_read>(&what)) {
                RC_ASSERT_FALSE(asked_.has_value()); // two reads at once
                asked_ = read->what;
            }
        }
    }

    void answer()
    {
        const auto asked = *std::exchange(asked_, std::nullopt);
        now_ += std::chrono::milliseconds(1 + below(20));
        if (one_in(8))
            return carry_out(machine_.handle(read_failed{}, now_));
        carry_out(machine_.handle(std::visit([this](const auto& what) { return answer_to(what); }, asked), now_));
    }

    /// What is not asked for is not there.
    event answer_to(const read_everything& what) const
    {
        snapshot shown;
        if (what.swarm) {
            shown = truth_;
            shown.containers.clear();
        }
        if (what.networks)
            shown.networks = truth_.networks;
        if (what.containers)
            shown.containers = truth_.containers;
        shown.swarm_listed = what.swarm;
        shown.containers_listed = what.containers;
        return everything_read{shown, 5ms, {}};
    }
    event answer_to(const read_service& what) const { return service_read{what.id, find(truth_.services, what.id)}; }
    event answer_to(const read_node& what) const { return node_read{what.id, find(truth_.nodes, what.id)}; }
    event answer_to(const read_task& what) const
    {
        return task_read{what.id, find(truth_.tasks, what.id), truth_.networks};
    }

    event answer_to(const read_containers&) const { return containers_read{truth_.containers}; }
    event answer_to(const read_networks&) const { return networks_read{truth_.networks}; }

    event answer_to(const read_tasks_of& what) const
    {
        auto tasks = truth_.tasks;
        std::erase_if(tasks, [&what](const task& value) { return value.service_id != what.service_id; });
        return tasks_read{what.service_id, std::move(tasks), truth_.networks};
    }

    template <class Value>
    static std::optional<Value> find(const std::vector<Value>& values, const std::string& id)
    {
        const auto found =
            std::find_if(values.begin(), values.end(), [&id](const Value& value) { return value.id == id; });
        return found == values.end() ? std::nullopt : std::optional(*found);
    }

    choices decide_;
    std::set<role> followed_;
    discovery machine_;
    snapshot truth_;
    time_point now_{1h};
    std::optional<read_request> asked_;
    std::vector<hint> untold_;
    bool stream_up_ = false;
    bool opening_ = false;
    bool calm_ = false;
};

RC_GTEST_PROP(DiscoveryProperties, InTheEndItBelievesTheTruthInEveryRoleThatIsFollowed, ())
{
    unruly_engine engine(choices(*support::decisions(1500)));
    engine.run();
    engine.calm_down();
    for (const auto which : engine.followed()) {
        RC_LOG() << to_string(which) << '\n';
        RC_ASSERT(engine.believed(which) == engine.truth(which));
    }
}

} // namespace
} // namespace agent::core
