#include "agent/core/watch_follower.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

constexpr backoff_limits reopen_backoff{200ms, 5s};
/// Opening it, arming it and reading the lists takes some milliseconds; a manager that starts needs 1.2 s.
constexpr auto opening_time = 2s;
/// A leader that did not answer is asked again after so long.
constexpr auto ask_again = 1s;
/// A stream that is in step tells what a list has shown within this time.
constexpr auto grace = 2s;
/// Time between lists while the stream is behind them.
constexpr auto lagging_interval = 1500ms;
/// A stream that is behind and tells nothing at all for so long is opened anew.
constexpr auto lagging_patience = 30s;
/// The nodes are listed so long after a node changed: only lists say who leads.
constexpr auto after_node_change = 200ms;
/// Lists may take this part of the time between them.
constexpr int list_share = 20;
constexpr double interval_jitter = 0.1;
/// Nobody looked at the stream for so long: dockerd has been keeping everything for us. It is dropped rather than read.
constexpr auto longest_pause = 10s;
/// No more changes are kept than a list costs.
constexpr std::size_t most_kept = 200'000;

template <class Value>
std::uint64_t highest_version(const std::vector<Value>& values, std::uint64_t at_least)
{
    for (const auto& value : values)
        at_least = std::max(at_least, value.version.index);
    return at_least;
}

std::string id_of(const object_change& change)
{
    return std::visit([](const auto& object) { return std::string(object.id); }, change.object);
}

std::uint64_t version_of(const object_change& change)
{
    return std::visit([](const auto& object) { return object.version.index; }, change.object);
}

/// Whether a change of an object is news: not older than what is known, and no history of one that is gone.
template <class Value>
bool is_news(const Value& value, const Value* known, std::uint64_t floor)
{
    return known ? value.version.index >= known->version.index : value.version.index > floor;
}

} // namespace

void watch_follower::start(time_point now)
{
    if (enabled_)
        open(now);
}

void watch_follower::open(time_point now)
{
    stage_ = stage::opening;
    if (failures_ == 0)
        promised_until_ = now + opening_time;
    reopen_at_.reset();
    actions_.push_back(open_watch{});
}

void watch_follower::armed(time_point now)
{
    stage_ = stage::armed;
    reopen_at_.reset(); // the one before it ended just when it was given up
    in_step_ = false;
    is_lagging_ = false;
    silent_since_.reset();
    kept_.clear();
    suspects_.clear();
    judge_at_.reset();
    stream_version_ = 0;
    heard_at_ = now;
    list_asked_at_.reset();
    leader_asked_at_.reset();
    list_at_ = now;
    ask_at_ = now + leader_interval;
}

void watch_follower::lost(time_point now)
{
    if (stage_ == stage::following)
        failures_ = 0;
    close(stage_ == stage::opening ? "it cannot be opened" : "it ended");
    promised_until_.reset();
    reopen_at_ = now + retry_delay(++failures_, reopen_backoff, random_.draw());
}

/// Gives the stream up and opens another one at once: lists say what happened meanwhile.
void watch_follower::recycle(time_point now, std::string_view why)
{
    close(why);
    actions_.push_back(close_watch{});
    open(now);
}

void watch_follower::close(std::string_view why)
{
    trouble_ = why;
    stage_ = stage::closed;
    last_step_.reset();
    kept_.clear(); // whatever follows begins with a list
}

// --- Changes ---

model_changes watch_follower::changed(std::vector<object_change> changes, swarm& world, time_point now)
{
    model_changes sum;
    for (auto& change : changes) {
        note(change, now);
        if (holds_changes())
            kept_.push_back(std::move(change));
        else if (list_asked_at_) {
            // The list may be of before or after it: it is applied now, and once more on top of the list.
            kept_.push_back(change);
            sum += apply(std::move(change), world);
        } else {
            sum += apply(std::move(change), world);
        }
    }
    // Everything up to the latest list has been told: what was told since it was asked for can be applied.
    if (is_lagging_ && in_step_ && !is_stale() && !list_asked_at_ && stream_version_ >= floors_.tasks) {
        is_lagging_ = false;
        sum += replay(world);
    }
    return sum;
}

/// What a change says about the stream itself.
void watch_follower::note(const object_change& change, time_point now)
{
    heard_at_ = now;
    if (!suspects_.empty())
        suspects_.erase(id_of(change));
    const bool is_removed = change.what == object_change::kind::removed;
    if (std::holds_alternative<node>(change.object)) {
        ask_at_ = std::min(ask_at_, now + after_node_change);
        if (is_removed && leader_asked_at_)
            removed_nodes_.insert(id_of(change));
    }
    if (is_removed)
        return; // with the version that it had before
    const auto version = version_of(change);
    stream_version_ = std::max(stream_version_, version);
    if (stage_ == stage::following && in_step_ && !is_lagging_ && version < floors_.tasks && now - listed_at_ > grace)
        begin_lagging(now);
}

void watch_follower::begin_lagging(time_point now)
{
    is_lagging_ = true;
    trouble_ = "the stream is behind the lists";
    list_at_ = now;
}

model_changes watch_follower::replay(swarm& world)
{
    model_changes sum;
    for (auto& change : std::exchange(kept_, {}))
        sum += apply(std::move(change), world);
    return sum;
}

model_changes watch_follower::apply(object_change change, swarm& world) const
{
    const bool removed = change.what == object_change::kind::removed;
    if (auto* const value = std::get_if<task>(&change.object)) {
        if (removed)
            return world.remove_task(value->id);
        return is_news(*value, world.find_task(value->id), floors_.tasks) ? world.put(std::move(*value))
                                                                          : model_changes{};
    }
    if (auto* const value = std::get_if<service>(&change.object)) {
        if (removed)
            return world.remove_service(value->id);
        return is_news(*value, world.find_service(value->id), floors_.services) ? world.put(std::move(*value))
                                                                                : model_changes{};
    }
    if (auto* const value = std::get_if<node>(&change.object))
        return removed ? world.remove_node(value->id) : apply(std::move(*value), world);

    auto& value = std::get<network>(change.object);
    if (removed)
        return world.remove_network(value.id);
    if (!is_news(value, world.find_network(value.id), floors_.networks))
        return {};
    std::vector<network> one;
    one.push_back(std::move(value));
    return world.put(std::move(one));
}

/// A node that comes without its manager's status keeps the one that a list has told.
model_changes watch_follower::apply(node value, swarm& world) const
{
    const auto* const known = world.find_node(value.id);
    if (!is_news(value, known, floors_.nodes))
        return {};
    if (known && !value.manager)
        value.manager = known->manager;
    return world.put(std::move(value));
}

// --- Lists ---

watch_follower::floors watch_follower::floors_of(const swarm_lists& lists)
{
    // A list is ahead of those before it: only what these told is certainly older.
    floors found;
    found.nodes = highest_version(lists.nodes, 0);
    found.networks = highest_version(lists.networks, found.nodes);
    found.services = highest_version(lists.services, found.networks);
    found.tasks = highest_version(lists.tasks, found.services);
    return found;
}

std::optional<snapshot> watch_follower::take_lists(swarm_lists lists)
{
    if (!list_asked_at_)
        return std::nullopt; // of a stream that is no more
    listed_since_ = *std::exchange(list_asked_at_, std::nullopt);
    floors_ = floors_of(lists);
    snapshot all{std::move(lists.services), std::move(lists.nodes), std::move(lists.tasks), std::move(lists.networks)};
    all.containers_listed = false;
    return all;
}

model_changes watch_follower::listed(const model_changes& changes, swarm& world, time_point now)
{
    if (stage_ == stage::following && in_step_ && !is_lagging_)
        suspect(changes, now);

    const bool first = std::exchange(stage_, stage::following) != stage::following;
    promised_until_.reset();
    in_step_ = true;
    silent_since_.reset();
    answered_at_ = listed_since_;
    listed_at_ = now;
    failures_ = 0;
    const auto interval = std::max<duration>(reconcile_interval, (now - listed_since_) * list_share);
    list_at_ = now + random_.spread(first ? duration(first_reconcile) : interval, interval_jitter);
    if (is_lagging_ && stream_version_ < floors_.tasks) {
        list_at_ = now + lagging_interval;
        return {};
    }
    is_lagging_ = false;
    return replay(world);
}

void watch_follower::list_failed(time_point now)
{
    list_asked_at_.reset();
    list_at_ = now + ask_again;
    if (!holds_changes())
        kept_.clear();
}

/// A list may be ahead of the stream by a moment; by more than that, it is the stream that is behind.
void watch_follower::suspect(const model_changes& changes, time_point now)
{
    suspects_.insert(changes.services.begin(), changes.services.end());
    suspects_.insert(changes.nodes.begin(), changes.nodes.end());
    for (const auto& value : changes.flipped)
        suspects_.emplace(value.id);
    for (const auto& change : kept_)
        suspects_.erase(id_of(change));
    judge_at_ = suspects_.empty() ? std::nullopt : std::optional(now + grace);
}

void watch_follower::judge_suspects(time_point now)
{
    if (!judge_at_ || *judge_at_ > now)
        return;
    judge_at_.reset();
    if (suspects_.empty())
        return;
    actions_.push_back(report_missed{static_cast<unsigned>(suspects_.size()), 0});
    suspects_.clear();
    if (!is_lagging_)
        begin_lagging(now);
}

void watch_follower::list_by(time_point when)
{
    list_at_ = std::min(list_at_, when);
}

// --- The leader ---

model_changes watch_follower::leader_answered(std::vector<node> nodes, swarm& world, time_point now)
{
    if (!leader_asked_at_)
        return {};
    const auto asked_at = std::exchange(leader_asked_at_, std::nullopt);
    ask_at_ = now + leader_interval;
    if (std::exchange(silent_since_, std::nullopt) && in_step_) {
        // What the manager tells first is what it missed: a list of now says what of it still is true.
        in_step_ = false;
        list_at_ = now;
    }
    if (in_step_)
        answered_at_ = asked_at;
    model_changes sum;
    if (stage_ == stage::following)
        for (auto& value : nodes)
            // The answer may be of before a removal. Whoever is no manager in it, is none.
            if (!removed_nodes_.contains(value.id) && is_news(value, world.find_node(value.id), floors_.nodes))
                sum += world.put(std::move(value));
    return sum;
}

void watch_follower::leader_silent(time_point now)
{
    if (!leader_asked_at_)
        return;
    if (!silent_since_) {
        silent_since_ = *leader_asked_at_;
        trouble_ = "the leader does not answer";
    }
    leader_asked_at_.reset();
    ask_at_ = now + ask_again;
}

// --- Time ---

void watch_follower::advance(time_point now)
{
    if (reopen_at_ && *reopen_at_ <= now)
        open(now);
    if (promised_until_ && *promised_until_ <= now)
        promised_until_.reset();
    if (stage_ != stage::armed && stage_ != stage::following)
        return;
    if (last_step_ && now - *last_step_ > longest_pause)
        return recycle(now, "this program stood still");
    last_step_ = now;
    if (kept_.size() > most_kept)
        return recycle(now, "too many changes were kept");
    if (is_lagging_ && now - heard_at_ > lagging_patience)
        return recycle(now, "the stream is behind and silent");
    judge_suspects(now);
    ask_when_due(now);
}

void watch_follower::ask_when_due(time_point now)
{
    if (!leader_asked_at_ && ask_at_ <= now) {
        leader_asked_at_ = now;
        removed_nodes_.clear();
        actions_.push_back(ask_leader{});
    }
    if (!list_asked_at_ && list_at_ <= now) {
        list_asked_at_ = now;
        list_at_ = time_point::max();
        // What came before is in the list, wherever it comes from.
        kept_.clear();
        actions_.push_back(list_swarm{});
    }
}

std::optional<time_point> watch_follower::deadline() const
{
    if (stage_ == stage::closed || stage_ == stage::opening)
        return reopen_at_ ? reopen_at_ : promised_until_;
    auto first = promised_until_.value_or(time_point::max());
    if (!leader_asked_at_)
        first = std::min(first, ask_at_);
    if (!list_asked_at_)
        first = std::min(first, list_at_);
    if (judge_at_)
        first = std::min(first, *judge_at_);
    if (is_stale()) // when it stops carrying
        first = std::min(first, std::max(*silent_since_ + patience, last_step_.value_or(time_point{}) + ask_again));
    return first == time_point::max() ? std::nullopt : std::optional(first);
}

bool watch_follower::carries(time_point now) const
{
    return stage_ == stage::following && (!is_stale() || now - *silent_since_ < patience);
}

} // namespace agent::core
