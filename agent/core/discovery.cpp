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

bool contains(const std::vector<role>& roles, role which)
{
    return std::find(roles.begin(), roles.end(), which) != roles.end();
}

} // namespace

discovery::discovery(discovery_settings settings)
    : settings_(std::move(settings)), random_(settings_.seed), interval_(settings_.resync_interval)
{
    for (const auto which : settings_.roles)
        add_view(which, contains(settings_.had_targets, which));
}

std::vector<action> discovery::start(time_point now)
{
    list_at_ = now + list_without_stream;
    return {open_stream{}};
}

std::vector<action> discovery::handle(event what, time_point now)
{
    std::visit([this, now](auto& value) { on(value, now); }, what);
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
    if (reading_)
        return first;
    if (retry_at_) {
        consider(retry_at_);
        return first;
    }
    consider(list_at_);
    if (hints_lost_)
        consider(cheap_again_at_);
    consider(confirm_at());
    consider(queue_.deadline());
    return first;
}

bool discovery::busy(time_point now) const
{
    return reading_ || hints_lost_ || queue_.has_due(now);
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
        return queue_.service_hint(what.id, now);
    case hint::subject::node:
        return queue_.node_hint(what.id, now);
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
    if (what.task_id.empty() || what.service_id.empty() || what.what == hint::change::object)
        return; // not the swarm's, or no news of a task
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
    const auto changes = world_.replace(std::move(what.data));
    if (!first && stream_up_ && stream_since_ < reading_->started)
        missed_.listed(changes, now);

    synced_at_ = now;
    listed_ = std::get<read_everything>(reading_->what);
    read_failures_ = 0;
    plan_resync(what, now);
    take(changes, now);
    queue_.listed(world_, reading_->started, now);
    reading_.reset();
}

void discovery::on(service_read& what, time_point now)
{
    read_failures_ = 0;
    if (what.found) {
        take(world_.put(std::move(*what.found)), now);
        list_missing_networks(now);
    } else {
        queue_.forget_service(what.id);
        take(world_.remove_service(what.id), now);
    }
    reading_.reset();
}

void discovery::on(tasks_read& what, time_point now)
{
    assert(reading_);
    read_failures_ = 0;
    auto changes = world_.put(std::move(what.networks));
    if (what.found)
        changes += world_.put_tasks_of(what.service_id, std::move(*what.found));
    else // 404: the engine does not know the service; a list tells what it does know
        list_by(now + read_queue::first_delay);
    take(changes, now);

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
    auto changes = world_.put(std::move(what.networks));
    changes += what.found ? world_.put(std::move(*what.found)) : world_.remove_task(what.id);
    take(changes, now);
    queue_.task_looked_at(what.id, world_.find_task(what.id), now);
    reading_.reset();
}

void discovery::on(node_read& what, time_point now)
{
    read_failures_ = 0;
    const auto changes = what.found ? world_.put(std::move(*what.found)) : world_.remove_node(what.id);
    // Nodes tell of every network that comes and goes there; only what changes the node itself moves tasks.
    if (!changes.nodes.empty())
        for (const auto& id : world_.services_on(what.id))
            queue_.settle(id, now);
    take(changes, now);
    reading_.reset();
}

void discovery::on(containers_read& what, time_point now)
{
    read_failures_ = 0;
    const auto changes = world_.put_containers(std::move(what.found));
    list_missing_networks(now);
    take(changes, now);
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

void discovery::on(const tick&, time_point now)
{
    if (retry_at_ && *retry_at_ <= now)
        retry_at_.reset();
}

// --- What they mean ---

void discovery::take(const model_changes& changes, time_point now)
{
    const bool listed = std::holds_alternative<read_everything>(reading_->what);
    const auto listed_since = listed ? std::optional(reading_->started) : std::nullopt;
    const auto since = listed ? std::nullopt : std::optional(reading_->since);
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

// --- Reads ---

/// A virtual IP or a container came to be on a network that no list has shown yet.
void discovery::list_missing_networks(time_point now)
{
    if (lists_.networks && world_.lacks_networks())
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
    const bool confirm = confirm_at() && *confirm_at() <= now;
    const bool overflow = hints_lost_ || queue_.overflows(now, world_.task_count());
    if (list_at_ <= now || confirm || (overflow && cheap_again_at_ <= now))
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
    reading_ = {lists_, now, now};
    actions_.push_back(start_read{lists_});
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
