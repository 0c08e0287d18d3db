#include "agent/shell/status/report.hpp"

#include "agent/core/explanation.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <tuple>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using core::skip_reason;

/// How long the reactor is kept at a time. A tick of its own is much less than what a change may be late.
constexpr std::chrono::milliseconds slice{2};

constexpr std::size_t shown_writes = 10;
constexpr std::size_t shown_entries = 20;

/// An explanation is made in one go, so it is only made of a service with so few tasks.
constexpr std::size_t explained_tasks = 200;

/// So long is it usual that nothing is known yet.
constexpr std::chrono::seconds usual_start{20};

/// Reasons that nobody decided on.
constexpr std::array<skip_reason, 4> troubles{skip_reason::bad_port, skip_reason::no_shared_network,
                                              skip_reason::bad_address, skip_reason::over_quota};

std::size_t count(const core::skip_counts& counts, skip_reason reason)
{
    return counts.tasks.at(static_cast<std::size_t>(reason));
}

std::size_t trouble_count(const core::skip_counts& counts)
{
    std::size_t sum = 0;
    for (const auto reason : troubles)
        sum += count(counts, reason);
    return sum;
}

std::size_t label_count(const core::skip_counts& counts)
{
    std::size_t sum = 0;
    for (const auto number : counts.labels)
        sum += number;
    return sum;
}

char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool fits(std::string_view name, std::string_view search)
{
    const auto same = [](char a, char b) { return lower(a) == lower(b); };
    return std::search(name.begin(), name.end(), search.begin(), search.end(), same) != name.end() || search.empty();
}

/// Gives the reactor back now and then.
class turns {
public:
    [[nodiscard]] asio::awaitable<void> take()
    {
        if (clock::now() - since_ < slice)
            co_return;
        const auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        since_ = clock::now();
    }

private:
    clock::time_point since_ = clock::now();
};

// --- Services ---

/// A service that may be shown: what the order goes by.
struct candidate {
    enum class urgency { not_scraped, partly, calm };

    urgency how = urgency::calm;
    std::string name;
    std::string id;

    friend bool operator<(const candidate& a, const candidate& b)
    {
        return std::tie(a.how, a.name, a.id) < std::tie(b.how, b.name, b.id);
    }
};

/// The first ones in order, so many at most.
class best_candidates {
public:
    void add(candidate one)
    {
        if (kept_.size() == shown_services && !(one < kept_.front()))
            return;
        kept_.push_back(std::move(one));
        std::push_heap(kept_.begin(), kept_.end());
        if (kept_.size() > shown_services) {
            std::pop_heap(kept_.begin(), kept_.end());
            kept_.pop_back();
        }
    }

    [[nodiscard]] std::vector<candidate> in_order() &&
    {
        std::sort_heap(kept_.begin(), kept_.end());
        return std::move(kept_);
    }

private:
    std::vector<candidate> kept_; ///< a heap, the last in order in front
};

candidate::urgency urgency_of(const core::object_targets* made)
{
    if (made == nullptr)
        return candidate::urgency::calm;
    if (!made->groups)
        return trouble_count(made->skipped) > 0 ? candidate::urgency::not_scraped : candidate::urgency::calm;
    const bool is_troubled = trouble_count(made->skipped) > 0 || label_count(made->skipped) > 0;
    return is_troubled ? candidate::urgency::partly : candidate::urgency::calm;
}

service_state state_of(const service_row& row, candidate::urgency how)
{
    if (how != candidate::urgency::calm)
        return how == candidate::urgency::partly ? service_state::partly : service_state::not_scraped;
    if (row.targets > 0)
        return service_state::scraped;
    return row.running > 0 ? service_state::left_out : service_state::idle;
}

service_row row_of(const core::service& subject, const core::discovery& state)
{
    service_row row{.name = subject.name, .is_updating = core::is_updating(subject)};
    if (subject.mode == core::service_mode::replicated)
        row.wanted = subject.wanted;
    for (const auto* task : state.world().tasks_of(subject.id))
        if (core::is_serving(*task))
            ++row.running;
    const auto* made = state.object(core::role::endpoints, subject.id);
    if (made != nullptr) {
        row.targets = made->groups ? sd_writer::count_targets(*made->groups) : 0;
        row.skipped = made->skipped;
    }
    row.state = state_of(row, urgency_of(made));
    return row;
}

/// What a walk over all services comes to, beside the rows.
struct walk {
    std::size_t troubled = 0; ///< services that somebody should look at
    std::string named{};      ///< ID of the one whose whole name was searched for
};

/// Fills in the rows and what is counted by services.
asio::awaitable<walk> list_services(const core::discovery& state, status_report& into)
{
    walk seen;
    turns turn;
    best_candidates best;
    // What was looked at is named by its ID: the model may change at each turn.
    const auto& services = state.world().services();
    for (auto at = services.begin(); at != services.end();) {
        const auto id = at->first;
        const auto* made = state.object(core::role::endpoints, id);
        if (made != nullptr)
            into.skipped += made->skipped;
        const auto how = urgency_of(made);
        if (how != candidate::urgency::calm)
            ++seen.troubled;
        if (at->second.name == into.search)
            seen.named = id;
        if (fits(at->second.name, into.search)) {
            ++into.matching;
            best.add({how, at->second.name, id});
        }
        co_await turn.take();
        at = services.upper_bound(id);
    }
    for (const auto& one : std::move(best).in_order()) {
        if (const auto* subject = state.world().find_service(one.id))
            into.rows.push_back(row_of(*subject, state));
        co_await turn.take();
    }
    co_return seen;
}

std::optional<std::string> explained(const core::discovery& state, const core::endpoint_rules& rules,
                                     const std::string& id)
{
    const auto* subject = state.world().find_service(id);
    if (subject == nullptr || state.world().tasks_of(id).size() > explained_tasks)
        return std::nullopt;
    return core::to_text(core::explain(subject->name, state.world(), rules));
}

// --- What is amiss ---

std::string seconds_text(std::chrono::duration<double> value)
{
    return std::to_string(static_cast<long long>(value.count())) + " s";
}

void judge_knowledge(const status_sources& from, status_report& report)
{
    const auto& feeds = report.feeds;
    const auto& trouble = feeds.read_trouble.empty() ? feeds.stream.trouble : feeds.read_trouble;
    if (!report.synced) {
        if (trouble.empty() && report.at - from.started < usual_start) {
            report.how = verdict::starting;
            report.findings.push_back({"The swarm has not been listed yet", "This takes a moment after the start."});
            return;
        }
        report.how = verdict::broken;
        report.findings.push_back(
            {"Nothing is known of the swarm" + (trouble.empty() ? "" : ": " + trouble),
             "Look whether the engine runs and is a manager (docker node ls), and whether the agent may open its "
             "socket (--docker.host). Files of an earlier run stay as they are."});
        return;
    }
    if (*report.synced <= report.stale_after)
        return;
    report.how = verdict::broken;
    report.findings.push_back(
        {"Nothing has been heard of the swarm for " + seconds_text(*report.synced) +
             (trouble.empty() ? "" : ": " + trouble),
         "The last good targets stay. Look whether the engine answers and the swarm has a leader (docker node ls)."});
}

void judge_files(status_report& report)
{
    for (const auto& output : report.outputs) {
        if (!output.error.empty()) {
            report.how = verdict::broken;
            report.findings.push_back(
                {"The file of role " + std::string(to_string(output.which)) + " cannot be written: " + output.error,
                 "Look for the directory, for space on the disk and for who may write there. The agent tries again by "
                 "itself."});
        } else if (!output.looked_at && report.synced) {
            report.how = std::max(report.how, verdict::starting);
            report.findings.push_back(
                {"The file of role " + std::string(to_string(output.which)) + " has not been written yet",
                 "If it stays so, every target seems to be gone, or another agent keeps the "
                 "file."});
        }
    }
}

void judge_targets(status_report& report, std::size_t troubled)
{
    if (report.holds_back) {
        report.how = std::max(report.how, verdict::look);
        report.findings.push_back({"Every target seems to be gone",
                                   "The last ones stay until a second list says so, too. Nothing to do if everything "
                                   "was stopped on purpose."});
    }
    if (troubled > 0) {
        report.how = std::max(report.how, verdict::look);
        report.findings.push_back(
            {std::to_string(troubled) + (troubled == 1 ? " service needs" : " services need") + " a look",
             "They stand first in the list of services; follow a name to see which rule decided "
             "what."});
    }
    if (report.watch_holds) {
        report.how = std::max(report.how, verdict::look);
        report.findings.push_back({"The task watch is behind the swarm's leader",
                                   "The last targets stay until lists have shown what is true. If it lasts, look at "
                                   "the managers (docker node ls)."});
    }
}

std::vector<journal_entry> copies(const std::vector<const journal_entry*>& entries)
{
    std::vector<journal_entry> all;
    for (const auto* entry : entries)
        all.push_back(*entry);
    return all;
}

} // namespace

std::string_view to_string(verdict value) noexcept
{
    switch (value) {
    case verdict::right:
        return "right";
    case verdict::starting:
        return "starting";
    case verdict::look:
        return "look";
    case verdict::broken:
        break;
    }
    return "broken";
}

std::string_view to_string(service_state value) noexcept
{
    switch (value) {
    case service_state::scraped:
        return "scraped";
    case service_state::partly:
        return "partly";
    case service_state::not_scraped:
        return "not_scraped";
    case service_state::left_out:
        return "left_out";
    case service_state::idle:
        break;
    }
    return "idle";
}

asio::awaitable<status_report> make_report(status_sources from, std::string search)
{
    const auto& state = *from.state;
    const auto& diary = *from.diary;
    status_report report;
    report.search = std::move(search);
    const auto seen = co_await list_services(state, report);

    report.at = std::chrono::system_clock::now();
    if (const auto why = from.not_ready_because())
        report.not_ready = *why;
    report.feeds = diary.feeds();
    if (const auto synced = state.synced_at())
        report.synced = clock::now() - *synced;
    report.stale_after = state.stale_after();
    report.resync_interval = state.resync_interval();
    report.watch_holds = state.carrier() == core::feed::watch && state.watch().holds_changes();
    report.holds_back = state.holds_back();
    report.outputs = from.outputs();
    for (const auto which : core::all_roles)
        if (state.is_known(which))
            report.targets.emplace_back(which, state.target_count(which));
    report.services = state.world().services().size();
    report.tasks = state.world().task_count();
    report.nodes = state.world().node_count();
    report.explained = explained(state, *from.rules, seen.named);
    report.writes.assign(diary.writes().begin(), diary.writes().begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                              shown_writes, diary.writes().size())));
    report.heard = copies(diary.entries().latest_heard(shown_entries));
    report.others = copies(diary.entries().latest_others(shown_entries));
    // The write that follows says the same and more.
    std::erase_if(report.others, [](const journal_entry& entry) { return entry.kind == "targets"; });
    report.newest = diary.entries().newest();

    judge_knowledge(from, report);
    judge_files(report);
    judge_targets(report, seen.troubled);
    co_return report;
}

} // namespace agent::shell
