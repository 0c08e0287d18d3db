#include "tests/simulation/judge.hpp"

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

using namespace std::chrono_literals;

// What the agent may take when nothing is wrong, beside its own intervals.
constexpr auto answer_time = 500ms; ///< of all lists together
constexpr auto watch_delay = 300ms; ///< until the watch tells a change
constexpr auto confirm_time = 6s;   ///< an empty list is believed twice, 5 s apart
constexpr auto hint_time = 6s;      ///< from an event to the read that it causes
constexpr auto stream_limit = 50ms;
constexpr double jitter = 1.1;

/// From the end of a fault: a request that hangs is given up after 25 s, lists may be 40 s apart after slow answers.
constexpr auto recovery_time = 80s;
/// A failed write is tried again after 10 s, a slow one takes 4.
constexpr auto disk_recovery_time = 15s;

duration scaled(duration value, double factor)
{
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(value) * factor);
}

std::string seconds(time_point value)
{
    return std::to_string(std::chrono::duration<double>(value.time_since_epoch()).count());
}

bool is_list(reading::kind what)
{
    return what <= reading::kind::networks;
}

std::size_t lists_of(reading::source from)
{
    return from == reading::source::engine ? 3 : 4;
}

} // namespace

std::string to_string(const violation& value)
{
    return seconds(value.at) + " " + std::string(value.invariant) + " " + value.name + ": " + value.detail;
}

void judge::blame(std::string_view invariant, std::string name, std::string detail, time_point now)
{
    violations_.push_back({now, invariant, std::move(name), std::move(detail)});
}

// --- What happens ---

void judge::fault_began(const std::string& name, time_point)
{
    ++faults_[name];
}

void judge::fault_ended(const std::string& name, time_point now)
{
    if (--faults_[name] == 0)
        faults_.erase(name);
    calm_since_ = now;
}

bool judge::is_calm_for(duration span, time_point now) const
{
    return faults_.empty() && is_up_ && now - calm_since_ >= span && now - up_since_ >= span;
}

void judge::agent_started(time_point now)
{
    is_up_ = true;
    up_since_ = now;
    list_.reset();
    list_before_.reset();
    leader_answered_.reset();
    under_way_.clear();
    has_written_ = false;
    write_failed_at_.reset();
    unwritten_since_.reset();
    replaced_at_.reset();
    engine_since_.reset();
}

void judge::agent_stopped(time_point)
{
    is_up_ = false;
    hints_.clear();
    questions_.clear();
    subscribed_at_.reset();
}

// --- What it asks and is told ---

void judge::asked(std::uint64_t number, const reading& what, time_point now)
{
    const question fresh{what, now};
    if (what.from == reading::source::engine) {
        settle_hints(fresh);
        const auto is_read = [](const auto& entry) {
            // The nodes alone are asked for by another connection, too: is it one swarm?
            return entry.second.what.from == reading::source::engine && entry.second.what.what != reading::kind::nodes;
        };
        if (what.what != reading::kind::nodes && std::any_of(questions_.begin(), questions_.end(), is_read))
            blame("I9", "two_reads_at_once", what.id, now);
        if (is_list(what.what) && subscribed_at_ && now > *subscribed_at_)
            subscribed_at_.reset();
    }
    questions_.emplace(number, fresh);
}

void judge::answered(std::uint64_t number, bool is_whole, time_point now)
{
    const auto found = questions_.extract(number);
    if (found && is_list(found.mapped().what.what))
        take_list(found.mapped(), is_whole, now);
}

/// All lists of a source, one after the other, without a failure in between.
void judge::take_list(const question& asked, bool is_whole, time_point now)
{
    const auto from = asked.what.from;
    if (is_whole && from == reading::source::control_socket && asked.what.what == reading::kind::nodes)
        leader_answered_ = asked.at;
    auto& set = under_way_[from];
    if (!is_whole) {
        if (set.since && asked.at >= *set.since) // otherwise it is of a connection that was given up
            set = {};
        return;
    }
    set.came.insert(asked.what.what);
    set.since = set.since ? std::min(*set.since, asked.at) : asked.at;
    if (set.came.size() < lists_of(from))
        return;
    list_before_ = list_;
    list_ = {*set.since, now};
    set = {};
}

/// When the latest list was asked for that was there before some moment.
std::optional<time_point> judge::listed_since(time_point before) const
{
    if (!list_)
        return std::nullopt;
    // Of the same moment: it may not have been read yet.
    return list_->at < before || !list_before_ ? list_->since : list_before_->since;
}

void judge::hinted(const sent_event& what, time_point now)
{
    if (engine_since_)
        hints_.push_back({what, now});
}

void judge::settle_hints(const question& asked)
{
    const auto answers = [&asked](const unanswered_hint& hint) {
        if (hint.at >= asked.at)
            return false;
        const auto& [about, id, service_id] = hint.what;
        switch (asked.what.what) {
        case reading::kind::services:
            return about != sent_event::subject::node;
        case reading::kind::nodes:
            return about == sent_event::subject::node;
        case reading::kind::one_service:
            return id == asked.what.id || service_id == asked.what.id;
        case reading::kind::one_node:
        case reading::kind::one_task:
            return id == asked.what.id;
        case reading::kind::tasks_of_one:
            return service_id == asked.what.id;
        case reading::kind::tasks:
            return about == sent_event::subject::task;
        case reading::kind::networks:
            break;
        }
        return false;
    };
    std::erase_if(hints_, answers);
}

void judge::stream_opened(time_point now)
{
    subscribed_at_ = now;
}

void judge::watch_armed(time_point)
{
    under_way_.erase(reading::source::control_socket);
}

// --- What it does ---

void judge::write_began(time_point)
{
    unwritten_since_.reset();
}

void judge::write_ended(bool failed, bool replaced, const std::optional<std::string>& text, time_point begun_at,
                        time_point now)
{
    write_failed_at_ = failed ? std::optional(now) : std::nullopt;
    has_written_ = true;
    if (!replaced)
        return;
    ++checks_;
    const auto said = text ? read_file(*text) : std::nullopt;
    if (!said) {
        blame("I1", "broken_file", text.value_or("(no file)"), now);
        return;
    }
    if (text == last_file_)
        blame("I4", "needless_write", "the same bytes were there already", now);
    if (last_file_ && replaced_at_ && begun_at - *replaced_at_ < limits_.quiet)
        blame("I5", "writes_too_close", "after " + seconds(time_point(begun_at - *replaced_at_)) + " s", now);
    replaced_at_ = begun_at;
    const bool had_targets = last_file_ && said_ && !said_->empty();
    last_file_ = text;
    said_ = said;
    is_file_new_ = true;
    check_contents(*said, had_targets, begun_at);
}

/// Whether the latest list and what was told since make such a file.
void judge::check_contents(const target_list& said, bool had_targets, time_point now)
{
    const auto since = listed_since(now);
    if (!since) {
        blame("I2", "file_before_first_list", "nothing complete was told", now);
        return;
    }
    // What is gone altogether is kept until it is certain.
    // Nobody is believed twice who says so for less than 5 s.
    if (said.empty() && had_targets && !truth_.was_empty(*since - confirm_time, now))
        blame("I2", "emptied_at_once", "though there are targets", now);
    const bool was_told_nothing = told_empty_at_ && now - *told_empty_at_ < 5 * confirm_time;
    if (was_told_nothing || truth_.was_empty(*since - 2 * confirm_time, now))
        return;
    for (const auto& one : said)
        if (!truth_.may_say(one, *since, now))
            blame("I2", "target_invented", to_string(one) + " since the list of " + seconds(*since), now);
    for (const auto& one : truth_.must_say(*since, now))
        if (!said.contains(one))
            blame("I2", "target_dropped", to_string(one) + " since the list of " + seconds(*since), now);
}

void judge::broke_file_rules(std::string name, std::string detail, time_point now)
{
    blame("I1", std::move(name), std::move(detail), now);
}

void judge::look(const observation& seen, time_point now)
{
    if (!is_up_)
        return;
    if (seen.watch_carries)
        engine_since_.reset();
    else if (!engine_since_)
        engine_since_ = now;
    check_truth(seen.watch_carries, now);
    check_hints(seen, now);
    check_readiness(seen, now);
    truth_.forget(now - 10min);
}

/// Whether the file says what it must say by now, and nothing that has long been otherwise.
void judge::check_truth(bool watch_carries, time_point now)
{
    if (!is_calm_for(recovery_time, now))
        return;
    auto late = limits_.most + answer_time;
    late += watch_carries ? duration(watch_delay) : scaled(limits_.resync, jitter);
    auto from = now - late;
    if (truth_.was_empty(from - 3 * confirm_time, now))
        from -= 3 * confirm_time;
    // Nothing has changed in that time, as the last time.
    if (truth_.changed_at() < checked_from_ && !is_file_new_)
        return;
    checked_from_ = from;
    is_file_new_ = false;
    ++checks_;
    if (!said_) {
        blame("I3", "no_file", "nothing was ever written", now);
        return;
    }
    for (const auto& one : truth_.must_say(from, now))
        if (!said_->contains(one))
            blame("I3", "target_missing", to_string(one) + " is there since before " + seconds(from), now);
    for (const auto& one : *said_)
        if (!truth_.may_say(one, from, now))
            blame("I3", "target_stale", to_string(one) + " is gone since before " + seconds(from), now);
}

void judge::check_hints(const observation& seen, time_point now)
{
    if (seen.watch_carries || !is_calm_for(recovery_time, now) || now - *engine_since_ < recovery_time) {
        hints_.clear();
        subscribed_at_.reset();
        return;
    }
    for (const auto& hint : hints_)
        if (now - hint.at > hint_time)
            blame("I9", "hint_forgotten", hint.what.id + " of " + seconds(hint.at), now);
    std::erase_if(hints_, [now](const auto& hint) { return now - hint.at > hint_time; });
    if (subscribed_at_ && now - *subscribed_at_ > hint_time) {
        blame("I9", "no_list_after_subscribing", "subscribed at " + seconds(*subscribed_at_), now);
        subscribed_at_.reset();
    }
}

void judge::check_readiness(const observation& seen, time_point now)
{
    ++checks_;
    if (!seen.is_ready) {
        if (is_calm_for(recovery_time, now))
            blame("I8", "not_ready", "though nothing is wrong", now);
        return;
    }
    auto synced = list_ ? std::optional(list_->at) : std::nullopt;
    if (leader_answered_ && (!synced || *leader_answered_ > *synced))
        synced = leader_answered_;
    const auto threshold =
        answer_time + (seen.watch_carries ? duration(15s) : std::max<duration>(3 * seen.list_interval, 30s));
    if (!synced || now - *synced > threshold)
        blame("I8", "ready_without_truth", synced ? "since " + seconds(*synced) : "never told anything", now);
    if (write_failed_at_ || !has_written_)
        blame("I8", "ready_without_file", has_written_ ? "the write failed" : "nothing was written", now);
}

void judge::saw_file(const std::optional<std::string>& text)
{
    said_ = text ? read_file(*text) : std::nullopt;
    is_file_new_ = true;
}

void judge::glance(const observation& seen, time_point now)
{
    if (!seen.has_unwritten || write_failed_at_ || !is_calm_for(disk_recovery_time, now))
        unwritten_since_.reset();
    else if (!unwritten_since_)
        unwritten_since_ = now;
    if (unwritten_since_ && now - *unwritten_since_ > limits_.most + 20ms) {
        blame("I5", "write_too_late", "changed at " + seconds(*unwritten_since_), now);
        unwritten_since_ = now;
    }
    if (seen.unread_bytes == 0 || !is_calm_for(0s, now))
        unread_since_.reset();
    else if (!unread_since_)
        unread_since_ = now;
    if (unread_since_ && now - *unread_since_ > stream_limit) {
        blame("I7", "stream_unread", std::to_string(seen.unread_bytes) + " bytes", now);
        unread_since_ = now;
    }
}

void judge::settled(const std::optional<std::string>& text, time_point now)
{
    ++checks_;
    const auto expected = file_of(truth_.now());
    if (text != expected)
        blame("I3", "not_the_truth_in_the_end",
              "expected\n" + expected + "and the file says\n" + text.value_or("(nothing)\n"), now);
}

} // namespace simulation
