#include "agent/core/discovery.hpp"

#include "agent/core/target_set.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/unruly_run.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

using namespace agent::core;

namespace {

using namespace std::chrono_literals;

/// The machine between a swarm that changes and two feeds that tell of it late, twice, in pieces, or not at all.
class run final : public fuzz::unruly_run {
public:
    run(const std::uint8_t* data, std::size_t size)
        : unruly_run(data, size), settings_(draw_settings()), followed_(draw_followed()), machine_(settings_)
    {
        carry_out(machine_.start(now_));
    }

private:
    /// The longest wait of all: a page's list that kept failing, or a resync of lists that were dear.
    [[nodiscard]] duration longest_recovery() const override { return 250s; }

    void require_truth() const override
    {
        swarm world;
        world.replace(swarm_.truth());
        for (const auto which : followed_) {
            target_set targets(which, settings_.rules);
            targets.refresh_all(world);
            const auto believed = machine_.believed(which);
            fuzz::require(believed && *believed == targets.groups(), "in the end it believes the truth");
        }
        fuzz::require(machine_.synced_at() && now_ - *machine_.synced_at() <= machine_.stale_after(),
                      "and knows that it may");
    }

    // --- What is drawn at first ---

    discovery_settings draw_settings()
    {
        discovery_settings drawn;
        drawn.rules.endpoints.meta = meta_labels::task;
        drawn.rules.endpoints.prometheus_service = decide_.any({"", "shop"});
        drawn.roles = {all_roles.at(decide_.below(role_count))};
        for (const auto which : all_roles)
            if (which != drawn.roles.front() && decide_.one_in(3))
                drawn.roles.push_back(which);
        drawn.confirm_empty = !decide_.one_in(4);
        if (decide_.one_in(4))
            drawn.had_targets = drawn.roles;
        drawn.task_watch = !decide_.one_in(3);
        return drawn;
    }

    std::set<role> draw_followed() const { return {settings_.roles.begin(), settings_.roles.end()}; }

    // --- What happens ---

    void step() override
    {
        switch (decide_.below(12)) {
        case 0:
        case 1:
        case 2:
            return change();
        case 3:
            now_ += decide_.any<duration>({1ms, 40ms, 300ms, 2s, 6s, 11s});
            return;
        case 4:
            return give_hint();
        case 5:
            return bother_stream();
        case 6:
            return bother_watch();
        case 7:
            return fail_one();
        case 8:
            return ask_for_a_page();
        case 9:
            return give_changes(1 + decide_.below(4));
        case 10:
            if (answer_one())
                return;
            [[fallthrough]];
        default:
            return to_deadline();
        }
    }

    void change()
    {
        earlier_.push_back(swarm_.truth());
        if (earlier_.size() > 3)
            earlier_.pop_front();
        auto told = swarm_.change(decide_);
        if (!decide_.one_in(3))
            untold_.push_back(std::move(told));
    }

    void give_hint()
    {
        if (stream_ != link::open || untold_.empty())
            return;
        const auto at = static_cast<std::ptrdiff_t>(decide_.below(untold_.size()));
        const auto told = untold_[static_cast<std::size_t>(at)];
        if (!decide_.one_in(4)) // else once more
            untold_.erase(untold_.begin() + at);
        tell(told);
    }

    void bother_stream()
    {
        if (stream_ == link::closed)
            return;
        if (stream_ == link::open && decide_.one_in(2))
            return tell(hints_lost{});
        stream_ = link::closed;
        untold_.clear();
        tell(stream_lost{});
    }

    void bother_watch()
    {
        if (watch_ == link::closed)
            return;
        if (watch_ == link::open && decide_.one_in(3)) { // the manager forgets to tell something
            told_ = std::min(told_ + 1, swarm_.log().size());
            return;
        }
        watch_ = link::closed;
        lists_swarm_ = asks_leader_ = false;
        tell(watch_lost{});
    }

    void fail_one()
    {
        now_ += 3s;
        if (std::exchange(asks_leader_, false))
            return tell(leader_silent{});
        if (std::exchange(lists_swarm_, false))
            return tell(swarm_list_failed{});
        if (std::exchange(asked_, std::nullopt))
            return tell(read_failed{"it was to fail"});
    }

    void ask_for_a_page()
    {
        const auto which = all_roles.at(decide_.below(role_count));
        followed_.insert(which);
        tell(role_wanted{which});
    }

    void give_changes(std::size_t most)
    {
        if (watch_ == link::open && has_changes())
            tell(watch_changed{take_changes(most)});
    }

    bool answer_one() override
    {
        if (stream_ == link::opening) {
            stream_ = link::open;
            tell(stream_opened{});
        } else if (watch_ == link::opening) {
            arm();
        } else if (asked_) {
            answer_read();
        } else if (std::exchange(lists_swarm_, false)) {
            now_ += decide_.any<duration>({1ms, 700ms});
            came_ = came_ | read_everything{.swarm = true, .networks = true, .containers = false};
            tell(swarm_listed{swarm_.lists()});
        } else if (std::exchange(asks_leader_, false)) {
            now_ += 1ms;
            tell(leader_answered{swarm_.truth().nodes});
        } else if (watch_ == link::open && has_changes()) {
            give_changes(swarm_.log().size());
        } else {
            return false;
        }
        return true;
    }

    void arm()
    {
        watch_ = link::open;
        begin_with_history();
        tell(watch_armed{});
    }

    void answer_read()
    {
        const auto what = *std::exchange(asked_, std::nullopt);
        const auto took = decide_.any<duration>({1ms, 20ms, 700ms});
        now_ += took;
        // Whoever answers may not have heard of the latest changes yet.
        const auto& shown = !earlier_.empty() && decide_.one_in(6) ? earlier_.front() : swarm_.truth();
        auto answer = std::visit([&](const auto& one) { return answer_to(one, shown); }, what);
        if (auto* all = std::get_if<everything_read>(&answer))
            all->took = took;
        tell(std::move(answer));
    }

    event answer_to(const read_everything& what, const snapshot& shown)
    {
        came_ = came_ | what;
        snapshot data;
        if (what.swarm) {
            data = shown;
            data.containers.clear();
        }
        if (what.networks)
            data.networks = shown.networks;
        if (what.containers)
            data.containers = shown.containers;
        data.swarm_listed = what.swarm;
        data.containers_listed = what.containers;
        return everything_read{std::move(data), {}, {}};
    }

    event answer_to(const read_containers&, const snapshot& shown)
    {
        came_.containers = true;
        return containers_read{shown.containers};
    }

    event answer_to(const read_networks&, const snapshot& shown)
    {
        came_.networks = true;
        return networks_read{shown.networks};
    }

    static event answer_to(const read_service& what, const snapshot& shown)
    {
        return service_read{what.id, find(shown.services, what.id)};
    }
    static event answer_to(const read_node& what, const snapshot& shown)
    {
        return node_read{what.id, find(shown.nodes, what.id)};
    }
    static event answer_to(const read_task& what, const snapshot& shown)
    {
        return task_read{what.id, find(shown.tasks, what.id), shown.networks};
    }

    static event answer_to(const read_tasks_of& what, const snapshot& shown)
    {
        if (!find(shown.services, what.service_id))
            return tasks_read{what.service_id, std::nullopt, {}};
        auto tasks = shown.tasks;
        std::erase_if(tasks, [&what](const task& one) { return one.service_id != what.service_id; });
        return tasks_read{what.service_id, std::move(tasks), shown.networks};
    }

    template <class Value>
    static std::optional<Value> find(const std::vector<Value>& values, const std::string& id)
    {
        const auto found = std::find_if(values.begin(), values.end(), [&id](const Value& one) { return one.id == id; });
        return found == values.end() ? std::nullopt : std::optional(*found);
    }

    void to_deadline() override
    {
        const auto deadline = machine_.deadline();
        const bool waits =
            asked_ || lists_swarm_ || asks_leader_ || stream_ == link::opening || watch_ == link::opening;
        fuzz::require(deadline || waits, "it always waits for something");
        if (!deadline)
            return;
        if (*deadline > now_) {
            now_ = *deadline;
            idle_ticks_ = 0;
        }
        fuzz::require(++idle_ticks_ < 10, "no deadline stays in the past");
        tell(tick{});
    }

    // --- What the machine does about it ---

    using beliefs = std::map<role, sd_writer::target_list>;

    [[nodiscard]] beliefs believed() const
    {
        beliefs all;
        for (const auto which : all_roles)
            all[which] = machine_.believed(which);
        return all;
    }

    void tell(event what)
    {
        const auto before = believed();
        const auto wanted = machine_.handle(std::move(what), now_);
        if (!wanted.empty())
            idle_ticks_ = 0;
        carry_out(wanted);
        require_sound(before, wanted);
        const auto synced = machine_.synced_at();
        fuzz::require(!synced || *synced <= now_, "what is known is not of the future");
    }

    void carry_out(const std::vector<action>& wanted)
    {
        for (const auto& one : wanted)
            std::visit([this](const auto& what) { on(what); }, one);
    }

    void on(const open_stream&)
    {
        fuzz::require(stream_ == link::closed, "there is one stream");
        stream_ = link::opening;
    }
    void on(const close_stream&) { stream_ = link::closed; }
    void on(const start_read& what)
    {
        fuzz::require(!asked_, "there is one read at a time");
        const auto* const lists = std::get_if<read_everything>(&what.what);
        const bool of_swarm = lists ? lists->swarm
                                    : !std::holds_alternative<read_containers>(what.what) &&
                                          !std::holds_alternative<read_networks>(what.what);
        fuzz::require(machine_.carrier() == feed::engine || !of_swarm,
                      "while the watch carries, the engine is asked for nothing of the swarm");
        asked_ = what.what;
    }
    void on(const open_watch&)
    {
        fuzz::require(settings_.task_watch && watch_ == link::closed, "there is one watch, if any");
        watch_ = link::opening;
        lists_swarm_ = asks_leader_ = false;
    }
    void on(const close_watch&)
    {
        watch_ = link::closed;
        lists_swarm_ = asks_leader_ = false;
    }
    void on(const list_swarm&)
    {
        fuzz::require(watch_ == link::open && !std::exchange(lists_swarm_, true), "one list of the watch at a time");
    }
    void on(const ask_leader&)
    {
        fuzz::require(watch_ == link::open && !std::exchange(asks_leader_, true), "one question to the leader");
    }
    void on(const hold_back& what) { held_since_.emplace(what.which, now_); }
    template <class Other>
    void on(const Other&)
    {
    }

    /// What is believed came from lists, was told to be new, and does not end at once.
    void require_sound(const beliefs& before, const std::vector<action>& wanted)
    {
        for (const auto& [which, now] : believed()) {
            const auto& was = before.at(which);
            const bool told = std::any_of(wanted.begin(), wanted.end(), [which = which](const action& one) {
                const auto* const news = std::get_if<publish>(&one);
                return news && news->which == which;
            });
            fuzz::require(told == (now != was), "what is new is told, and nothing else");
            if (now == was)
                continue;
            // A stream tells what is on its networks by itself.
            fuzz::require((came_ | lists_for(which)) == came_, "nothing is believed before all its lists came");
            const bool had_targets = was ? !was->empty() : contains(settings_.had_targets, which);
            if (had_targets && now->empty() && settings_.confirm_empty)
                fuzz::require(held_since_.contains(which) && now_ - held_since_.at(which) >= empty_guard::apart,
                              "that all is gone is believed twice, or not at all");
            held_since_.erase(which);
        }
    }

    static bool contains(const std::vector<role>& roles, role which)
    {
        return std::find(roles.begin(), roles.end(), which) != roles.end();
    }

    discovery_settings settings_;
    std::set<role> followed_; ///< with an output, or asked for
    discovery machine_;
    int idle_ticks_ = 0; ///< at this moment, that nothing came of

    std::deque<snapshot> earlier_; ///< what was true a while ago
    std::vector<hint> untold_;

    link stream_ = link::closed;
    link watch_ = link::closed;
    std::optional<read_request> asked_;
    bool lists_swarm_ = false;
    bool asks_leader_ = false;
    read_everything came_ = no_lists; ///< lists that were answered
    std::map<role, time_point> held_since_;
};

} // namespace

/// Decisions, one a byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    run(data, size).live();
    return 0;
}
