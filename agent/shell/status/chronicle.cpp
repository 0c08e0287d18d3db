#include "agent/shell/status/chronicle.hpp"

#include "agent/shell/json_text.hpp"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <variant>

namespace agent::shell {
namespace {

constexpr std::size_t kept_writes = 20;

std::string field(std::string_view name, std::string_view value)
{
    return quoted(name) + ":" + quoted(value);
}

std::string field(std::string_view name, std::size_t value)
{
    return quoted(name) + ":" + std::to_string(value);
}

std::string field(std::string_view name, std::chrono::duration<double> value)
{
    std::array<char, 48> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%.6f", value.count());
    return quoted(name) + ":" + std::string(text.data(), static_cast<std::size_t>(size));
}

template <class... Fields>
std::string fields(const std::string& first, const Fields&... more)
{
    return (first + ... + ("," + more));
}

/// The name of a service; its ID where no list has named it yet.
std::string name_of(std::string_view service_id, const core::swarm& world)
{
    const auto* known = world.find_service(service_id);
    return known != nullptr ? known->name : std::string(service_id);
}

std::string_view word_for(core::hint::change what)
{
    switch (what) {
    case core::hint::change::started:
        return "started";
    case core::hint::change::died:
        return "died";
    case core::hint::change::object:
        break;
    }
    return "changed";
}

std::string_view word_for(core::object_change::kind what)
{
    switch (what) {
    case core::object_change::kind::created:
        return "created";
    case core::object_change::kind::removed:
        return "removed";
    case core::object_change::kind::updated:
        break;
    }
    return "updated";
}

journal_note note_of(const core::hint& what, const core::swarm& world)
{
    const auto about = to_string(what.about);
    const auto change = word_for(what.what);
    const auto id = what.id.empty() ? what.task_id : what.id;
    std::string whose;
    if (what.about == core::hint::subject::service)
        whose = name_of(what.id, world);
    else if (!what.service_id.empty())
        whose = name_of(what.service_id, world);
    else if (const auto* node = world.find_node(what.id); node != nullptr)
        whose = node->hostname;

    std::string text(about);
    if (!whose.empty())
        text += (what.about == core::hint::subject::container ? " of " : " ") + whose;
    return {text + " " + std::string(change),
            fields(field("from", to_string(core::feed::engine)), field("object", about), field("change", change),
                   field("id", id), field("name", whose))};
}

/// What is said of each kind of object.
struct object_words {
    std::string_view object;
    std::string id;
    std::string name;
    std::string state{};
};

object_words words_for(const core::task& value, const core::swarm& world)
{
    return {"task", std::string(value.id), name_of(value.service_id, world), std::string(state_word(value))};
}

object_words words_for(const core::service& value, const core::swarm&)
{
    return {"service", value.id, value.name};
}

object_words words_for(const core::node& value, const core::swarm&)
{
    return {"node", value.id, value.hostname, value.state};
}

object_words words_for(const core::network& value, const core::swarm&)
{
    return {"network", value.id, value.name};
}

journal_note note_of(const core::object_change& what, const core::swarm& world)
{
    const auto words = std::visit([&world](const auto& value) { return words_for(value, world); }, what.object);
    const auto change = word_for(what.what);
    auto text = std::string(words.object) + (words.object == "task" ? " of " : " ") + words.name + " ";
    const bool tells_state = !words.state.empty() && what.what != core::object_change::kind::removed;
    text += tells_state ? "is " + words.state : std::string(change);
    return {text,
            fields(field("from", to_string(core::feed::watch)), field("object", words.object), field("change", change),
                   field("id", words.id), field("name", words.name), field("state", words.state))};
}

/// `the engine's events`, as people call it.
std::string_view spoken(core::feed which)
{
    return which == core::feed::watch ? "the task watch" : "the engine's event stream";
}

std::string change_json(const target_change& change)
{
    return "{" +
           fields(field("change", to_string(change.what)), field("target", change.target),
                  field("owner", change.owner)) +
           "}";
}

std::string changes_json(const target_changes& changes)
{
    return fields(field("added", changes.added), field("removed", changes.removed),
                  field("relabelled", changes.relabelled), R"("changes":)" + json_list(changes.first, change_json),
                  std::string(R"("truncated":)") + (changes.first.size() < changes.count() ? "true" : "false"));
}

std::string counts_text(const target_changes& changes)
{
    std::string text;
    const auto add = [&text](std::size_t count, std::string_view what) {
        if (count > 0)
            text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(what);
    };
    add(changes.added, "added");
    add(changes.removed, "removed");
    add(changes.relabelled, "relabelled");
    return text.empty() ? "nothing but its form" : text;
}

journal_note note_of(const write_record& what)
{
    const std::string role(to_string(what.which));
    if (!what.error.empty())
        return {role + ": the file could not be written: " + what.error,
                fields(field("role", role), field("result", "failed"), field("error", what.error),
                       field("attempt", std::size_t{what.attempt}))};
    auto text = role + ": written with " + std::to_string(what.targets) + (what.targets == 1 ? " target" : " targets");
    auto written =
        fields(field("role", role), field("result", "written"), field("targets", what.targets),
               field("bytes", what.bytes), field("hash", std::size_t{what.hash}), field("duration_seconds", what.took));
    if (what.delay)
        written += "," + field("delay_seconds", *what.delay);
    if (what.changes) {
        text += ": " + counts_text(*what.changes);
        written += "," + changes_json(*what.changes);
    }
    return {text, written};
}

} // namespace

chronicle::chronicle(boost::asio::any_io_executor executor, time_point now)
    : journal_(now), feeds_{.carries_since = now}, news_(std::move(executor))
{
}

void chronicle::heard(const core::event& what, const core::swarm& world, time_point now)
{
    std::visit(
        [&](const auto& value) {
            if constexpr (requires { on(value, world, now); })
                on(value, world, now);
        },
        what);
}

void chronicle::decided(const core::action& what, time_point now)
{
    std::visit(
        [&](const auto& value) {
            if constexpr (requires { on(value, now); })
                on(value, now);
        },
        what);
}

void chronicle::add(std::string_view kind, journal_note note, time_point now)
{
    journal_.add(kind, std::move(note), now);
    news_.strike();
}

// --- How the swarm is learnt ---

void chronicle::opened(line_facts& which, core::feed name, time_point now)
{
    which = {.is_open = true, .since = now};
    add("feed",
        {std::string(spoken(name)) + " is open", fields(field("feed", to_string(name)), field("state", "open"))}, now);
}

void chronicle::lost(line_facts& which, core::feed name, const std::string& why, time_point now)
{
    const bool was_open = std::exchange(which.is_open, false);
    // It is tried again and again: said once for each reason.
    if (!was_open && which.since && which.trouble == why)
        return;
    if (was_open || !which.since)
        which.since = now;
    which.trouble = why;
    add("feed",
        {std::string(spoken(name)) + (was_open ? " was lost: " : " cannot be opened: ") + why,
         fields(field("feed", to_string(name)), field("state", was_open ? "lost" : "closed"), field("reason", why))},
        now);
}

void chronicle::on(const core::stream_opened&, const core::swarm&, time_point now)
{
    opened(feeds_.stream, core::feed::engine, now);
}

void chronicle::on(const core::stream_lost& what, const core::swarm&, time_point now)
{
    lost(feeds_.stream, core::feed::engine, what.why, now);
}

void chronicle::on(const core::watch_armed&, const core::swarm&, time_point now)
{
    opened(feeds_.watch, core::feed::watch, now);
}

void chronicle::on(const core::watch_lost& what, const core::swarm&, time_point now)
{
    lost(feeds_.watch, core::feed::watch, what.why, now);
}

void chronicle::on(const core::everything_read&, const core::swarm&, time_point now)
{
    feeds_.listed_at = now;
    feeds_.read_trouble.clear();
}

void chronicle::on(const core::swarm_listed&, const core::swarm&, time_point now)
{
    feeds_.listed_at = now;
    feeds_.read_trouble.clear();
}

void chronicle::on(const core::read_failed& what, const core::swarm&, time_point now)
{
    if (what.why.empty() || what.why == feeds_.read_trouble)
        return;
    feeds_.read_trouble = what.why;
    add("read_failed", {"the engine could not be asked: " + what.why, field("reason", what.why)}, now);
}

void chronicle::on(const core::leader_answered&, const core::swarm&, time_point now)
{
    if (std::exchange(leader_is_silent_, false))
        add("leader", {"the swarm's leader answers again", field("state", "answers")}, now);
}

void chronicle::on(const core::leader_silent&, const core::swarm&, time_point now)
{
    if (!std::exchange(leader_is_silent_, true))
        add("leader", {"the swarm's leader does not answer", field("state", "silent")}, now);
}

void chronicle::on(const core::carried_by& what, time_point now)
{
    feeds_.carrier = what.which;
    feeds_.carries_since = now;
    feeds_.carries_because = what.why;
    add("feed",
        {std::string(spoken(what.which)) + " carries now: " + feeds_.carries_because,
         fields(field("feed", to_string(what.which)), field("state", "carries"), field("reason", what.why))},
        now);
}

// --- What was heard ---

void chronicle::on(const core::hint& what, const core::swarm& world, time_point now)
{
    feeds_.heard_at = now;
    if (!journal_.takes_heard(now))
        return;
    journal_.add_heard(note_of(what, world), now);
    news_.strike();
}

void chronicle::on(const core::hints_lost&, const core::swarm&, time_point now)
{
    add("events_dropped", {"events could not be read; a full list will tell what they said"}, now);
}

void chronicle::on(const core::watch_changed& what, const core::swarm& world, time_point now)
{
    feeds_.heard_at = now;
    for (const auto& change : what.changes)
        if (journal_.takes_heard(now)) {
            journal_.add_heard(note_of(change, world), now);
            news_.strike();
        }
}

void chronicle::on(const core::report_missed& what, time_point now)
{
    add("missed",
        {"a full list showed " + std::to_string(what.announced + what.unannounced) +
             " changes that nothing had told of",
         fields(field("announced", std::size_t{what.announced}), field("unannounced", std::size_t{what.unannounced}))},
        now);
}

// --- What came of it ---

void chronicle::on(const core::hold_back& what, time_point now)
{
    const std::string role(to_string(what.which));
    add("held_back", {role + ": every target seems to be gone; a second list has to confirm it", field("role", role)},
        now);
}

void chronicle::changed(core::role which, time_point now)
{
    const std::string role(to_string(which));
    add("targets", {role + ": the targets are new", field("role", role)}, now);
}

void chronicle::wrote(write_record what)
{
    add("write", note_of(what), what.at);
    writes_.push_front(std::move(what));
    if (writes_.size() > kept_writes)
        writes_.pop_back();
}

} // namespace agent::shell
