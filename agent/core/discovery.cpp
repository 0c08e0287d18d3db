#include "agent/core/discovery.hpp"

#include "agent/core/settle.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

/// A stream that lasted so long was healthy: the next failure starts counting anew.
constexpr auto healthy_stream = 30s;
/// How long the stream may take to open before everything is listed all the same.
constexpr auto list_without_stream = 2s;
/// Share of a core that periodic lists may cost: here, and in the engine.
constexpr double own_share = 0.005;
constexpr double engine_share = 0.05;
/// Lists because of many hints take at most a quarter of the engine's time.
constexpr int hint_list_pause = 3;
/// Resyncs of several agents drift apart by this part of the interval, up or down.
constexpr double resync_jitter = 0.1;

duration scaled(duration value, double factor)
{
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(value) * factor);
}

constexpr read_everything nothing{.swarm = false};

bool contains(const std::vector<role>& roles, role which)
{
    return std::find(roles.begin(), roles.end(), which) != roles.end();
}

} // namespace

discovery::discovery(discovery_settings settings)
    : settings_(std::move(settings)),
      random_(settings_.seed),
      watch_(settings_.task_watch, settings_.seed),
      interval_(settings_.resync_interval)
{
    for (const auto which : settings_.roles)
        add_view(which, contains(settings_.had_targets, which));
}

std::vector<action> discovery::start(time_point now)
{
    list_at_ = now + list_without_stream;
    actions_.push_back(open_stream{});
    watch_.start(now);
    watch_led_ = watch_leads();
    for (auto& wanted : watch_.take_actions())
        actions_.push_back(std::move(wanted));
    return std::exchange(actions_, {});
}

std::vector<action> discovery::handle(event what, time_point now)
{
    std::visit([this, now](auto& value) { on(value, now); }, what);
    hand_over(now);
    check_missed(now);
    reopen_when_due(now);
    read_next(now);
    return std::exchange(actions_, {});
}

std::optional<time_point> discovery::deadline() const
{
    std::optional<time_point> first;
    const auto consider = [&first](std::optional<time_point> when) {
        if (when && (!first || *when < *first))
            first = when;
    };
    consider(reopen_at_);
    consider(missed_.deadline());
    consider(watch_.deadline());
    if (reading_)
        return first;
    if (retry_at_) {
        consider(retry_at_);
        return first;
    }
    consider(queue_.deadline());
    if (lists_wanted() == nothing)
        return first;
    consider(list_at_);
    if (hints_lost_)
        consider(cheap_again_at_);
    if (!watch_leads())
        consider(confirm_at());
    return first;
}

bool discovery::busy(time_point now) const
{
    return reading_ || (hints_lost_ && !watch_leads()) || queue_.has_due(now);
}

sd_writer::target_list discovery::believed(role which) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? nullptr : view->second.believed();
}

skip_counts discovery::skipped(role which) const
{
    const auto view = views_.find(which);
    auto counts = view == views_.end() ? skip_counts{} : view->second.skipped();
    if (which == role::endpoints)
        counts.add(skip_reason::unknown_service, world_.orphan_count());
    return counts;
}

std::optional<time_point> discovery::confirm_at() const
{
    std::optional<time_point> first;
    for (const auto& [which, view] : views_)
        if (const auto at = view.confirm_at(); at && (!first || *at < *first))
            first = at;
    return first;
}

void discovery::add_view(role which, bool file_had_targets)
{
    views_.emplace(which, role_view(target_set(which, settings_.rules), settings_.confirm_empty, file_had_targets));
    lists_ = lists_ | lists_for(which);
}

/// Whether everything that the role is made of was listed at least once.
bool discovery::is_complete_for(role which) const
{
    return synced_at_ && (listed_ | lists_for(which)) == listed_;
}

// --- The stream ---

void discovery::on(const stream_opened&, time_point now)
{
    stream_up_ = true;
    stream_since_ = now;
    missed_.reset();
    // Whatever happened while nobody listened is in the list that follows. The engine answers: no reason to wait.
    retry_at_.reset();
    if (watch_.is_promising())
        list_by(now + list_without_stream);
    else
        list_by(now);
}

void discovery::on(const stream_lost&, time_point now)
{
    if (stream_up_ && now - stream_since_ >= healthy_stream)
        stream_failures_ = 0;
    stream_up_ = false;
    missed_.reset();
    reopen_at_ = now + delay_after(++stream_failures_);
}

void discovery::reopen_when_due(time_point now)
{
    if (!reopen_at_ || *reopen_at_ > now)
        return;
    reopen_at_.reset();
    actions_.push_back(open_stream{});
}

// --- Hints ---

void discovery::on(const hint& what, time_point now)
{
    missed_.heard_of(what.id, now);
    switch (what.about) {
    case hint::subject::service:
        return watch_leads() ? void() : queue_.service_hint(what.id, now);
    case hint::subject::node:
        return watch_leads() ? void() : queue_.node_hint(what.id, now);
    case hint::subject::container:
        return container_hint(what, now);
    case hint::subject::network:
        return local_hint(now);
    }
}

/// Something about the engine's own containers changed.
void discovery::local_hint(time_point now)
{
    if (lists_.containers)
        queue_.containers_hint(now);
}

void discovery::container_hint(const hint& what, time_point now)
{
    local_hint(now);
    if (what.task_id.empty() || what.service_id.empty() || what.what == hint::change::object || watch_leads())
        return; // not the swarm's, no news of a task, or told by the watch
    missed_.local_node(what.node_id);
    missed_.heard_of(what.task_id, now);
    if (!world_.find_service(what.service_id))
        return queue_.service_hint(what.service_id, now);

    if (what.what == hint::change::died)
        return queue_.death_hint(what.task_id, now);
    queue_.start_hint(what.task_id, now);
}

void discovery::on(const hints_lost&, time_point)
{
    hints_lost_ = true;
}

// --- Answers ---

void discovery::on(everything_read& what, time_point now)
{
    assert(reading_);
    const bool first = !synced_at_;
    const auto read = std::get<read_everything>(reading_->what);
    model_changes changes;
    // A list that was asked for before the watch carried may be older than what the watch has told since.
    if (read.swarm && carrier_ == feed::engine)
        changes = world_.replace_swarm({std::move(what.data.services),
                                        std::move(what.data.nodes),
                                        std::move(what.data.tasks),
                                        std::move(what.data.networks),
                                        {}});
    else
        changes = world_.put(std::move(what.data.networks));
    if (read.containers)
        changes += world_.put_containers(std::move(what.data.containers));
    if (!first && stream_up_ && stream_since_ < reading_->started && carrier_ == feed::engine)
        missed_.listed(changes, now);

    if (read.swarm || !lists_.swarm) {
        synced_at_ = now;
        engine_listed_ = true;
    }
    listed_ = listed_ | read;
    read_failures_ = 0;
    plan_resync(what, now);
    take_read(changes, now);
    queue_.listed(world_, reading_->started, now);
    reading_.reset();
}

void discovery::on(service_read& what, time_point now)
{
    read_failures_ = 0;
    if (carrier_ == feed::watch)
        return reading_.reset();
    if (what.found) {
        take_read(world_.put(std::move(*what.found)), now);
        list_missing_networks(now);
    } else {
        queue_.forget_service(what.id);
        take_read(world_.remove_service(what.id), now);
    }
    reading_.reset();
}

void discovery::on(tasks_read& what, time_point now)
{
    assert(reading_);
    read_failures_ = 0;
    if (carrier_ == feed::watch)
        return reading_.reset();
    auto changes = world_.put(std::move(what.networks));
    if (what.found)
        changes += world_.put_tasks_of(what.service_id, std::move(*what.found));
    else // 404: the engine does not know the service; a list tells what it does know
        list_by(now + read_queue::first_delay);
    take_read(changes, now);

    if (const auto* known = what.found ? world_.find_service(what.service_id) : nullptr)
        queue_.tasks_looked_at(what.service_id, is_settled(*known, world_.tasks_of(what.service_id)), reading_->started,
                               now);
    else
        queue_.forget_service(what.service_id);
    reading_.reset();
}

void discovery::on(task_read& what, time_point now)
{
    read_failures_ = 0;
    if (carrier_ == feed::watch)
        return reading_.reset();
    auto changes = world_.put(std::move(what.networks));
    changes += what.found ? world_.put(std::move(*what.found)) : world_.remove_task(what.id);
    take_read(changes, now);
    queue_.task_looked_at(what.id, world_.find_task(what.id), now);
    reading_.reset();
}

void discovery::on(node_read& what, time_point now)
{
    read_failures_ = 0;
    if (carrier_ == feed::watch)
        return reading_.reset();
    const auto changes = what.found ? world_.put(std::move(*what.found)) : world_.remove_node(what.id);
    // Nodes tell of every network that comes and goes there; only what changes the node itself moves tasks.
    if (!changes.nodes.empty())
        for (const auto& id : world_.services_on(what.id))
            queue_.settle(id, now);
    take_read(changes, now);
    reading_.reset();
}

void discovery::on(containers_read& what, time_point now)
{
    read_failures_ = 0;
    const auto changes = world_.put_containers(std::move(what.found));
    list_missing_networks(now);
    take_read(changes, now);
    reading_.reset();
}

void discovery::on(const role_wanted& what, time_point now)
{
    // Whoever asks for a page must not make the agent read lists that a proxy may refuse: one refused list is a failed
    // list for every role.
    if (follows(what.which) || (lists_ | lists_for(what.which)) != lists_)
        return;
    add_view(what.which, false);
    if (is_complete_for(what.which))
        announce(what.which, views_.at(what.which).begin(world_, now, std::nullopt), {std::nullopt, true, what.which});
}

void discovery::on(const read_failed&, time_point now)
{
    // Whatever it was about, the list that is tried next answers it.
    retry_at_ = now + delay_after(++read_failures_);
    list_by(*retry_at_);
    reading_.reset();
}

void discovery::on(watch_changed& what, time_point now)
{
    take(watch_.changed(std::move(what.changes), world_, now), now, std::nullopt, now);
}

void discovery::on(swarm_listed& what, time_point now)
{
    const auto asked_at = watch_.list_asked_at();
    const auto changes = watch_.listed(std::move(what.lists), world_, now);
    if (!asked_at)
        return;
    synced_at_ = now;
    listed_.swarm = true;
    listed_.networks = true;
    take(changes, std::nullopt, asked_at, now);
}

void discovery::on(leader_answered& what, time_point now)
{
    take(watch_.leader_answered(std::move(what.nodes), world_, now), now, std::nullopt, now);
}

void discovery::on(const tick&, time_point now)
{
    if (retry_at_ && *retry_at_ <= now)
        retry_at_.reset();
}

// --- What they mean ---

/// What a read of the Engine API changed.
void discovery::take_read(const model_changes& changes, time_point now)
{
    if (std::holds_alternative<read_everything>(reading_->what))
        take(changes, std::nullopt, reading_->started, now);
    else
        take(changes, reading_->since, std::nullopt, now);
}

/// @param since         when the change was first heard of, where that is known
/// @param listed_since  when the full list behind it was asked for; nothing when it was no full list
void discovery::take(const model_changes& changes, std::optional<time_point> since,
                     std::optional<time_point> listed_since, time_point now)
{
    for (auto& [which, view] : views_) {
        if (view.believed())
            announce(which, view.take(changes, world_, now, listed_since), {since, false, which});
        else if (is_complete_for(which))
            announce(which, view.begin(world_, now, listed_since), {since, true, which});
    }
}

void discovery::announce(role which, role_view::outcome outcome, publish news)
{
    if (outcome == role_view::outcome::held_back)
        actions_.push_back(hold_back{which});
    if (outcome == role_view::outcome::news)
        actions_.push_back(news);
}

void discovery::check_missed(time_point now)
{
    const auto missed = missed_.take_expired(now);
    if (!missed.any())
        return;
    actions_.push_back(report_missed{missed.announced, missed.unannounced});
    if (missed.announced == 0 || !stream_up_)
        return;
    // The stream is open but does not tell what it should. A new one may.
    stream_up_ = false;
    missed_.reset();
    actions_.push_back(close_stream{});
    reopen_at_ = now;
}

// --- Who carries ---

std::optional<time_point> discovery::synced_at() const noexcept
{
    return carrier_ == feed::watch ? watch_.answered_at() : synced_at_;
}

duration discovery::stale_after() const noexcept
{
    // Until the engine has listed, all that is known is what the watch has told.
    if (carrier_ == feed::watch || !engine_listed_)
        return 3 * watch_follower::leader_interval;
    // Two lists may fail, or one take the 20 s that an engine without a leader needs.
    return std::max<duration>(3 * interval_, 30s);
}

void discovery::hand_over(time_point now)
{
    if (const auto at = confirm_at(); at && carrier_ == feed::watch)
        watch_.list_by(*at);
    watch_.advance(now);
    for (auto& wanted : watch_.take_actions())
        actions_.push_back(std::move(wanted));

    const auto carrier = watch_.carries(now) ? feed::watch : feed::engine;
    if (std::exchange(carrier_, carrier) != carrier) {
        actions_.push_back(carried_by{carrier, carrier == feed::watch ? "in step with the leader" : watch_.trouble()});
        missed_.reset();
        engine_listed_ = false;
        if (carrier == feed::watch)
            queue_.forget_swarm();
        else
            synced_at_ = watch_.answered_at();
    }
    if (std::exchange(watch_led_, watch_leads()) && !watch_led_) {
        // Nobody listened to the engine meanwhile.
        retry_at_.reset();
        list_by(now);
    }
}

// --- Reads ---

/// What the Engine API has to be asked for.
read_everything discovery::lists_wanted() const
{
    if (!watch_leads())
        return lists_;
    return {.swarm = false, .networks = lists_.containers, .containers = lists_.containers};
}

/// A virtual IP or a container came to be on a network that no list has shown yet.
void discovery::list_missing_networks(time_point now)
{
    if (lists_wanted().networks && world_.lacks_networks())
        list_by(now + read_queue::first_delay);
}

void discovery::list_by(time_point when)
{
    list_at_ = std::min(list_at_, when);
}

void discovery::plan_resync(const everything_read& what, time_point now)
{
    stretch(what);
    list_by(now + scaled(interval_, 1 - resync_jitter + 2 * resync_jitter * draw()));
    cheap_again_at_ = now + what.took * hint_list_pause;
}

/// On large swarms lists cost more than the interval is worth. One slow answer alone does not count: an engine whose
/// leader is gone needs 20 s for the smallest.
void discovery::stretch(const everything_read& what)
{
    const auto before = std::exchange(last_took_, what.took);
    interval_ = std::max({duration(settings_.resync_interval), scaled(what.cpu, 1 / own_share),
                          scaled(std::min(before, what.took), 1 / engine_share)});
}

void discovery::read_next(time_point now)
{
    if (reading_ || retry_at_)
        return;
    const bool wants_lists = lists_wanted() != nothing;
    const bool confirm = !watch_leads() && confirm_at() && *confirm_at() <= now;
    const bool overflow = hints_lost_ || queue_.overflows(now, world_.task_count());
    if (wants_lists && (list_at_ <= now || confirm || (overflow && cheap_again_at_ <= now)))
        return start_list(now);
    if (auto next = queue_.take_due(now)) {
        actions_.push_back(start_read{next->what});
        reading_ = {std::move(next->what), next->since, now};
    }
}

void discovery::start_list(time_point now)
{
    queue_.list_started(now);
    // Whoever asks from here on wants another one.
    list_at_ = time_point::max();
    hints_lost_ = false;
    reading_ = {lists_wanted(), now, now};
    actions_.push_back(start_read{lists_wanted()});
}

std::chrono::milliseconds discovery::delay_after(unsigned failures)
{
    return retry_delay(failures, settings_.backoff, draw());
}

double discovery::draw()
{
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

} // namespace agent::core
