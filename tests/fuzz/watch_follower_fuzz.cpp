#include "agent/core/watch_follower.hpp"

#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/unruly_run.hpp"

#include <chrono>
#include <optional>
#include <utility>

using namespace agent::core;

namespace {

using namespace std::chrono_literals;

/// A follower of a manager whose stream is late or breaks, and whose leader answers, fails, or says what was true when
/// it was asked.
class run final : public fuzz::unruly_run {
public:
    run(const std::uint8_t* data, std::size_t size) : unruly_run(data, size)
    {
        follower_.start(now_);
        advance();
    }

private:
    [[nodiscard]] duration longest_recovery() const override { return 40s; }

    void require_truth() const override
    {
        fuzz::require(follower_.carries(now_) && !follower_.holds_changes(), "in the end it may be believed");
        fuzz::require(follower_.answered_at() && now_ - *follower_.answered_at() <= 2 * watch_follower::leader_interval,
                      "and is fresh");
        require_same();
        for (const auto& one : swarm_.truth().nodes)
            fuzz::require(*world_.find_node(one.id) == one, "managers are as lists tell them");
    }

    void step() override
    {
        switch (decide_.below(10)) {
        case 0:
        case 1:
        case 2:
            (void)swarm_.change(decide_);
            return;
        case 3:
            now_ += decide_.any<duration>({1ms, 100ms, 2s, 6s, 11s, 31s});
            return;
        case 4:
        case 5:
            return give_changes(1 + decide_.below(4));
        case 6:
            return fail_one();
        case 7:
            return lose();
        case 8:
            if (answer_one())
                return;
            [[fallthrough]];
        default:
            return to_deadline();
        }
    }

    void lose()
    {
        if (watch_ == link::closed)
            return;
        watch_ = link::closed;
        list_.reset();
        nodes_.reset();
        follower_.lost(now_);
        advance();
    }

    void fail_one()
    {
        now_ += 3s;
        if (std::exchange(nodes_, std::nullopt))
            follower_.leader_silent(now_);
        else if (std::exchange(list_, std::nullopt))
            follower_.list_failed(now_);
        advance();
    }

    void give_changes(std::size_t most)
    {
        if (watch_ != link::open || !has_changes())
            return;
        (void)follower_.changed(take_changes(most), world_, now_);
        advance();
    }

    bool answer_one() override
    {
        now_ += 1ms;
        if (watch_ == link::opening) {
            watch_ = link::open;
            begin_with_history();
            follower_.armed(now_);
        } else if (list_) {
            take_lists(lists_of_several_moments(*std::exchange(list_, std::nullopt)));
        } else if (nodes_) {
            auto nodes = *std::exchange(nodes_, std::nullopt);
            if (!decide_.one_in(2))
                nodes = swarm_.truth().nodes;
            (void)follower_.leader_answered(std::move(nodes), world_, now_);
        } else if (watch_ == link::open && has_changes()) {
            give_changes(swarm_.log().size());
            return true;
        } else {
            return false;
        }
        advance();
        return true;
    }

    /// The four are asked for one after the other: the first may be as of when they were asked for, the others as of
    /// now.
    swarm_lists lists_of_several_moments(swarm_lists asked)
    {
        auto now = swarm_.lists();
        const auto old = decide_.below(5);
        if (old > 0)
            now.nodes = std::move(asked.nodes);
        if (old > 1)
            now.networks = std::move(asked.networks);
        if (old > 2)
            now.services = std::move(asked.services);
        if (old > 3)
            now.tasks = std::move(asked.tasks);
        return now;
    }

    void to_deadline() override
    {
        const auto deadline = follower_.deadline();
        fuzz::require(deadline || list_ || nodes_ || watch_ == link::opening, "it always waits for something");
        if (!deadline)
            return;
        fuzz::require(*deadline > now_ || ++steps_without_time_ < 20, "no deadline stays in the past");
        if (*deadline > now_) {
            now_ = *deadline;
            steps_without_time_ = 0;
        }
        advance();
    }

    void advance()
    {
        follower_.advance(now_);
        for (const auto& one : follower_.take_actions())
            std::visit([this](const auto& what) { on(what); }, one);
        if (follower_.carries(now_) && !follower_.holds_changes() && !has_changes())
            require_same();
    }

    void on(const open_watch&)
    {
        fuzz::require(watch_ == link::closed, "there is one watch");
        watch_ = link::opening;
    }
    void on(const close_watch&)
    {
        watch_ = link::closed;
        list_.reset();
        nodes_.reset();
    }
    void on(const list_swarm&)
    {
        fuzz::require(watch_ == link::open && !list_, "there is one list at a time");
        list_ = swarm_.lists();
    }
    void on(const ask_leader&)
    {
        fuzz::require(watch_ == link::open && !nodes_, "there is one question at a time");
        nodes_ = swarm_.truth().nodes;
    }
    void on(const report_missed&) {} // or told very late
    template <class Other>
    void on(const Other&)
    {
        fuzz::require(false, "nothing is asked of the engine");
    }

    void take_lists(swarm_lists lists)
    {
        if (auto data = follower_.take_lists(std::move(lists)))
            (void)follower_.listed(world_.replace(*std::move(data)), world_, now_);
    }

    /// Where everything was told, the model is the swarm, but for the managers' status.
    void require_same() const
    {
        const auto& truth = swarm_.truth();
        fuzz::require(world_.task_count() == truth.tasks.size() && world_.node_count() == truth.nodes.size() &&
                          world_.services().size() == truth.services.size(),
                      "what is gone is gone");
        for (const auto& one : truth.services) {
            const auto* const known = world_.find_service(one.id);
            fuzz::require(known && *known == one, "a service is as it is");
        }
        for (const auto& one : truth.tasks) {
            const auto* const known = world_.find_task(one.id);
            fuzz::require(known && *known == one, "a task is as it is");
        }
        for (const auto& one : truth.networks) {
            const auto* const known = world_.find_network(one.id);
            fuzz::require(one.id == "id-bridge" || (known && *known == one), "a network is as it is");
        }
        for (auto one : truth.nodes) {
            const auto* const known = world_.find_node(one.id);
            fuzz::require(known != nullptr, "a node is known");
            one.manager = known->manager;
            fuzz::require(*known == one, "a node is as it is");
        }
    }

    watch_follower follower_{true, 1};
    swarm world_;
    int steps_without_time_ = 0;

    link watch_ = link::closed;
    std::optional<swarm_lists> list_;        ///< that is being read, as of when it was asked for
    std::optional<std::vector<node>> nodes_; ///< likewise
};

} // namespace

/// Decisions, one a byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    run(data, size).live();
    return 0;
}
