#include "agent/core/discovery.hpp"

#include "agent/core/healthy_stream.hpp"
#include "agent/core/settle.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

/// How long the stream may take to open before everything is listed all the same.
constexpr auto list_without_stream = 2s;
/// A page's list of the swarm is put off by so long, again and again, while a watch that opens may bring it.
constexpr auto until_watch_lists = 200ms;
/// Share of a core that periodic lists may cost: here, and in the engine.
constexpr double own_share = 0.005;
constexpr double engine_share = 0.05;
/// The fastest of so many lists says what they cost an engine.
constexpr std::size_t costing_lists = 4;
/// Lists because of many hints take at most a quarter of the engine's time.
constexpr int hint_list_pause = 3;
/// So many objects are taken into the model, or looked at, in one step: a millisecond or two.
constexpr std::size_t objects_at_once = 1'024;
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

/// The lists that a read brings whole.
read_everything lists_in(const read_request& what)
{
    if (const auto* lists = std::get_if<read_everything>(&what))
        return *lists;
    return std::holds_alternative<read_containers>(what) ? only(list_kind::containers) : no_lists;
}

/// Whether it is an answer about single objects of the swarm.
bool is_swarm_object(const event& what)
{
    return std::holds_alternative<service_read>(what) || std::holds_alternative<tasks_read>(what) ||
           std::holds_alternative<task_read>(what) || std::holds_alternative<node_read>(what);
}

/// The list that a single object, or a list of its own, belongs to.
list_kind list_behind(read_kind what)
{
    switch (what) {
    case read_kind::networks:
        return list_kind::networks;
    case read_kind::containers:
        return list_kind::containers;
    case read_kind::everything:
    case read_kind::service:
    case read_kind::tasks:
    case read_kind::task:
    case read_kind::node:
        break;
    }
    return list_kind::swarm;
}

} // namespace

discovery::discovery(discovery_settings settings)
    : settings_(std::move(settings)),
      random_(settings_.seed),
      watch_(settings_.task_watch, settings_.seed),
      interval_(settings_.resync_interval)
{
    for (const auto which : settings_.roles) {
        add_view(which, contains(settings_.had_targets, which));
        lists_ = lists_ | lists_for(which);
    }
}

std::vector<action> discovery::start(time_point now)
{
    list_at_ = now + list_without_stream;
    actions_.push_back(open_stream{});
    watch_.start(now);
    watch_led_ = watch_leads();
    take_actions_of_watch();
    return std::exchange(actions_, {});
}

std::vector<action> discovery::handle(event what, time_point now)
{
    const bool is_for_step = in_step_ && std::holds_alternative<tick>(what);
    if (!is_for_step)
        waiting_.push_back(std::move(what));
    while (work_some(objects_at_once, now) && !waiting_.empty()) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        dispatch(next, now);
    }
    return std::exchange(actions_, {});
}

void discovery::dispatch(event& what, time_point now)
{
    in_step_ = true;
    step_since_ = now;
    if (carrier_ == feed::watch && is_swarm_object(what))
        drop_overtaken();
    else
        std::visit([this, now](auto& value) { on(value, now); }, what);
}

/// Goes on with the step, for about `left` objects.
/// @return whether it is done
bool discovery::work_some(std::size_t left, time_point now)
{
    if (!in_step_)
        return true;
    if (intake_) {
        if (!intake_->data.go_on(world_, left))
            return false;
        auto lists = *std::exchange(intake_, std::nullopt);
        lists_taken(std::move(lists), now);
    }
    for (; !working_.empty(); working_.pop_front()) {
        const auto& next = working_.front();
        auto& view = views_.at(next.news.which);
        if (!view.work(world_, left))
            return false;
        announce(view.finish(now, next.listed_since), next.news);
    }
    follow_up(now);
    in_step_ = false;
    return true;
}

void discovery::follow_up(time_point now)
{
    hand_over(now);
    check_missed(now);
    reopen_when_due(now);
    read_next(now);
}

std::optional<time_point> discovery::deadline() const
{
    if (in_step_)
        return step_since_;
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
    consider(pages_.deadline());
    if (retry_at_) {
        consider(retry_at_);
        return first;
    }
    consider(queue_.deadline());
    if (lists_wanted() == no_lists)
        return first;
    consider(list_at_);
    if (hints_lost_)
        consider(cheap_again_at_);
    consider(confirm_at(lists_wanted()));
    return first;
}

bool discovery::busy(time_point now) const
{
    const bool reads = reading_ && !page_list_behind(reading_->what);
    return in_step_ || reads || (hints_lost_ && lists_wanted() != no_lists) || queue_.has_due(now);
}

sd_writer::target_list discovery::believed(role which) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? nullptr : view->second.believed();
}

sd_writer::target_parts discovery::believed_parts(role which) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? sd_writer::target_parts{} : view->second.parts();
}

bool discovery::is_known(role which) const
{
    const auto view = views_.find(which);
    return view != views_.end() && view->second.is_known();
}

std::size_t discovery::target_count(role which) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? 0 : view->second.target_count();
}

skip_counts discovery::skipped(role which) const
{
    const auto view = views_.find(which);
    auto counts = view == views_.end() ? skip_counts{} : view->second.skipped();
    if (which == role::endpoints)
        counts.add(skip_reason::unknown_service, world_.orphan_count());
    return counts;
}

const object_targets* discovery::object(role which, std::string_view id) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? nullptr : view->second.find(id);
}

std::vector<std::string> discovery::skipping(role which) const
{
    const auto view = views_.find(which);
    return view == views_.end() ? std::vector<std::string>{} : view->second.skipping();
}

std::string discovery::unknown_because(role which) const
{
    std::string why = "no complete list yet";
    for (const auto needed : all_lists)
        if (has(lists_for(which), needed) && !has(came_, needed))
            if (const auto& trouble = has(lists_, needed) ? trouble_ : pages_.trouble(needed); !trouble.empty())
                return why + ": " + trouble;
    return why;
}

bool discovery::awaits(role which) const
{
    return std::any_of(all_lists.begin(), all_lists.end(), [&](list_kind needed) {
        return has(lists_for(which), needed) && !has(lists_, needed) && pages_.awaits(needed);
    });
}

bool discovery::holds_back() const
{
    return std::any_of(views_.begin(), views_.end(),
                       [](const auto& entry) { return entry.second.confirm_at().has_value(); });
}

/// When one of those lists has to confirm that a role's targets are gone. Those that only pages need are asked for when
/// it comes up.
std::optional<time_point> discovery::confirm_at(const read_everything& lists) const
{
    std::optional<time_point> first;
    for (const auto& [which, view] : views_)
        if (const auto at = view.confirm_at(); at && has(lists, main_list_for(which)) && (!first || *at < *first))
            first = at;
    return first;
}

void discovery::add_view(role which, bool file_had_targets)
{
    views_.emplace(which, role_view(target_set(which, settings_.rules), settings_.confirm_empty, file_had_targets));
}

/// A list came by itself.
void discovery::came(list_kind which, time_point next)
{
    if (has(lists_, which)) {
        read_failures_ = 0;
        return;
    }
    pages_.came(which, next);
    came_ = came_ | only(which);
}

/// Whether single changes of what a list shows are worth reading.
bool discovery::follows(list_kind which) const
{
    if (which == list_kind::swarm && watch_leads())
        return false; // it tells them all
    return has(lists_wanted(), which) || pages_.follows(which);
}

/// Whether everything that the role is made of was listed at least once.
bool discovery::is_complete_for(role which) const
{
    auto needed = lists_for(which);
    if (watch_listed_ && which != role::containers)
        needed.networks = false; // the watch tells those of the swarm
    return (came_ | needed) == came_;
}

/// The list that a read is part of, if no output needs that list.
std::optional<list_kind> discovery::page_list_behind(const read_request& what) const
{
    if (const auto* const lists = std::get_if<read_everything>(&what))
        return lists->swarm && !lists_.swarm ? std::optional(list_kind::swarm) : std::nullopt;
    const auto which = list_behind(kind_of(what));
    return has(lists_, which) ? std::nullopt : std::optional(which);
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
    pages_.ask_all(now);
}

void discovery::on(const stream_lost&, time_point now)
{
    const bool was_healthy = stream_up_ && now - stream_since_ >= healthy_stream;
    stream_up_ = false;
    missed_.reset();
    if (was_healthy) {
        stream_failures_ = 0;
        reopen_at_ = now;
    } else {
        reopen_at_ = now + delay_after(++stream_failures_);
    }
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
        if (follows(list_kind::swarm))
            queue_.service_hint(what.id, now);
        return;
    case hint::subject::node:
        if (follows(list_kind::swarm))
            queue_.node_hint(what.id, now);
        return;
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
    else
        pages_.ask(list_kind::containers, now + read_queue::after_hint);
}

void discovery::container_hint(const hint& what, time_point now)
{
    local_hint(now);
    if (what.task_id.empty() || what.service_id.empty() || what.what == hint::change::object)
        return; // not the swarm's, or no news of a task
    missed_.local_node(what.node_id);
    missed_.heard_of(what.task_id, now);
    if (!follows(list_kind::swarm))
        return;
    if (!world_.find_service(what.service_id))
        return queue_.service_hint(what.service_id, now);

    if (what.what == hint::change::died)
        return queue_.death_hint(what.task_id, now);
    queue_.start_hint(what.task_id, now);
}

void discovery::on(const hints_lost&, time_point now)
{
    hints_lost_ = true;
    pages_.ask_all(std::max(now, cheap_again_at_));
}

// --- Answers ---

void discovery::on(everything_read& what, time_point /*now*/)
{
    assert(reading_);
    if (carrier_ == feed::watch) // it may be overtaken, as single answers may
        what.data.swarm_listed = false;
    intake_.emplace(intake{snapshot_intake(std::move(what.data)), false, what.took, what.cpu});
}

void discovery::lists_taken(intake lists, time_point now)
{
    if (lists.of_watch)
        lists_of_watch_taken(lists.data.take_changes(), now);
    else
        lists_of_engine_taken(lists.data.take_changes(), lists.took, lists.cpu, now);
}

void discovery::lists_of_engine_taken(const model_changes& changes, duration took, duration cpu, time_point now)
{
    const auto lists = std::get<read_everything>(reading_->what);
    const bool for_outputs = !page_list_behind(reading_->what);
    const bool first = (came_ | lists) != came_;
    if (!first && stream_up_ && stream_since_ < reading_->started && carrier_ == feed::engine)
        missed_.listed(changes, now);

    if (for_outputs) {
        if (lists.swarm || !lists_.swarm) {
            synced_at_ = now;
            engine_listed_ = true;
        }
        came_ = came_ | lists;
        read_failures_ = 0;
        trouble_.clear();
        plan_resync(took, cpu, now);
    } else {
        came(list_kind::swarm, now + affordable_interval(took, cpu));
    }
    if (!lists.networks)
        list_missing_networks(now);
    take_read(changes);
    if (lists.swarm)
        queue_.listed(world_, reading_->started, now);
    reading_.reset();
}

/// What was asked for before the watch carried may be older than what the watch has told since.
void discovery::drop_overtaken()
{
    read_failures_ = 0;
    reading_.reset();
}

void discovery::on(service_read& what, time_point now)
{
    read_failures_ = 0;
    if (what.found) {
        take_read(world_.put(std::move(*what.found)));
        list_missing_networks(now);
    } else {
        queue_.forget_service(what.id);
        take_read(world_.remove_service(what.id));
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
    take_read(changes);

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
    take_read(changes);
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
    take_read(changes);
    reading_.reset();
}

void discovery::on(containers_read& what, time_point now)
{
    came(list_kind::containers, now + interval_);
    const auto changes = world_.put_containers(std::move(what.found));
    list_missing_networks(now);
    take_read(changes);
    reading_.reset();
}

void discovery::on(networks_read& what, time_point now)
{
    came(list_kind::networks, now + interval_);
    take_read(world_.put(std::move(what.found)));
    reading_.reset();
}

void discovery::on(const role_wanted& what, time_point now)
{
    if (views_.contains(what.which))
        return;
    add_view(what.which, false);
    for (const auto needed : all_lists)
        if (has(lists_for(what.which), needed) && !has(lists_, needed))
            pages_.want(needed, now);
    if (!is_complete_for(what.which))
        return;
    views_.at(what.which).begin_all(world_);
    working_.push_back({{std::nullopt, true, what.which}, std::nullopt});
}

void discovery::on(const read_failed& what, time_point now)
{
    assert(reading_);
    // Whatever it was about, the list that is tried next answers it.
    if (const auto which = page_list_behind(reading_->what)) {
        pages_.failed(*which, what.why, now, interval_);
        if (*which == list_kind::swarm)
            queue_.forget_swarm();
    } else {
        trouble_ = what.why;
        retry_at_ = now + delay_after(++read_failures_);
        list_by(*retry_at_);
    }
    reading_.reset();
}

void discovery::on(watch_changed& what, time_point now)
{
    take(watch_.changed(std::move(what.changes), world_, now), now, no_lists, now);
}

void discovery::on(swarm_listed& what, time_point /*now*/)
{
    if (auto lists = watch_.take_lists(std::move(what.lists)))
        intake_.emplace(intake{snapshot_intake(*std::move(lists)), true});
}

void discovery::lists_of_watch_taken(model_changes changes, time_point now)
{
    changes += watch_.listed(changes, world_, now);
    watch_listed_ = true;
    came_.swarm = true;
    trouble_.clear();
    take(changes, std::nullopt, only(list_kind::swarm), watch_.listed_since());
}

void discovery::on(leader_answered& what, time_point now)
{
    take(watch_.leader_answered(std::move(what.nodes), world_, now), now, no_lists, now);
}

void discovery::on(const tick&, time_point now)
{
    if (retry_at_ && *retry_at_ <= now)
        retry_at_.reset();
}

// --- What they mean ---

/// What a read of the Engine API changed.
void discovery::take_read(const model_changes& changes)
{
    take(changes, reading_->since, lists_in(reading_->what), reading_->started);
}

/// @param since         when the change was first heard of, where that is known
/// @param listed        the lists behind it that were whole
/// @param listed_since  when they were asked for
void discovery::take(const model_changes& changes, std::optional<time_point> since, const read_everything& listed,
                     time_point listed_since)
{
    for (auto& [which, view] : views_) {
        const bool is_known = view.is_known();
        if (is_known)
            view.begin(changes, world_);
        else if (is_complete_for(which))
            view.begin_all(world_);
        else
            continue;
        const auto whole = has(listed, main_list_for(which)) ? std::optional(listed_since) : std::nullopt;
        working_.push_back({{since, !is_known, which}, whole});
    }
}

void discovery::announce(role_view::outcome outcome, const publish& news)
{
    if (outcome == role_view::outcome::held_back) {
        actions_.push_back(hold_back{news.which});
        pages_.ask(main_list_for(news.which), *views_.at(news.which).confirm_at());
    }
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

void discovery::take_actions_of_watch()
{
    for (auto& wanted : watch_.take_actions())
        actions_.push_back(std::move(wanted));
}

void discovery::hand_over(time_point now)
{
    if (const auto at = confirm_at(only(list_kind::swarm)); at && carrier_ == feed::watch)
        watch_.list_by(*at);
    watch_.advance(now);
    take_actions_of_watch();

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
        // Nobody listened to the engine meanwhile. At the start its stream comes first, as ever.
        retry_at_.reset();
        if (stream_up_ || watch_listed_)
            list_by(now);
    }
}

// --- Reads ---

/// What the Engine API has to be asked for.
read_everything discovery::lists_wanted() const
{
    if (!watch_leads())
        return lists_;
    // The watch does not tell the networks that containers may be on.
    const bool of_page = lists_.networks && views_.contains(role::containers);
    return {.swarm = false, .networks = lists_.containers || of_page, .containers = lists_.containers};
}

/// A virtual IP or a container came to be on a network that no list has shown yet.
void discovery::list_missing_networks(time_point now)
{
    if (!follows(list_kind::networks) || !world_.lacks_networks())
        return;
    if (lists_wanted().networks)
        list_by(now + read_queue::first_delay);
    else
        pages_.ask(list_kind::networks, now + read_queue::first_delay);
}

void discovery::list_by(time_point when)
{
    list_at_ = std::min(list_at_, when);
}

void discovery::plan_resync(duration took, duration cpu, time_point now)
{
    stretch(took, cpu);
    list_by(now + random_.spread(interval_, resync_jitter));
    cheap_again_at_ = now + took * hint_list_pause;
}

/// On large swarms lists cost more than the interval is worth. Only what all the latest lists took is a cost: an engine
/// whose leader is gone needs 20 s for the smallest, and one that is busy with others answers late, too.
void discovery::stretch(duration took, duration cpu)
{
    list_took_.push_back(took);
    if (list_took_.size() > costing_lists)
        list_took_.pop_front();
    const auto least = list_took_.size() > 1 ? *std::min_element(list_took_.begin(), list_took_.end()) : duration{};
    interval_ = affordable_interval(least, cpu);
}

duration discovery::affordable_interval(duration took, duration cpu) const
{
    return std::max({duration(settings_.resync_interval), scaled(cpu, 1 / own_share), scaled(took, 1 / engine_share)});
}

void discovery::read_next(time_point now)
{
    if (reading_)
        return;
    const bool many = queue_.overflows(now, world_.task_count());
    if (many)
        pages_.ask(list_kind::swarm, now); // if it is one of theirs
    const auto wanted = lists_wanted();
    const auto confirm = confirm_at(wanted);
    const bool overflow = hints_lost_ || (many && lists_.swarm);
    const bool due = list_at_ <= now || (confirm && *confirm <= now) || (overflow && cheap_again_at_ <= now);
    if (!retry_at_ && wanted != no_lists && due)
        return start_list(now);
    const auto page_list = pages_.take_due(now);
    if (page_list == list_kind::swarm && watch_leads() && came_.swarm)
        came(list_kind::swarm, now + interval_); // the watch tells it
    else if (page_list == list_kind::swarm && watch_leads())
        pages_.put_off(list_kind::swarm, now + until_watch_lists);
    else if (page_list)
        return start_page_list(*page_list, now);
    if (retry_at_)
        return;
    if (auto next = queue_.take_due(now)) {
        actions_.push_back(start_read{next->what});
        reading_ = {std::move(next->what), next->since, now};
    }
}

void discovery::start_list(time_point now)
{
    queue_.list_started(lists_wanted(), now);
    // Whoever asks from here on wants another one.
    list_at_ = time_point::max();
    hints_lost_ = false;
    reading_ = {lists_wanted(), std::nullopt, now};
    actions_.push_back(start_read{lists_wanted()});
}

void discovery::start_page_list(list_kind which, time_point now)
{
    queue_.list_started(only(which), now);
    read_request what = read_everything{};
    if (which == list_kind::networks)
        what = read_networks{};
    if (which == list_kind::containers)
        what = read_containers{};
    reading_ = {what, std::nullopt, now};
    actions_.push_back(start_read{std::move(what)});
}

std::chrono::milliseconds discovery::delay_after(unsigned failures)
{
    return retry_delay(failures, settings_.backoff, random_.draw());
}

} // namespace agent::core
